"""What an AsyncRequestApi is made of, in memory: table, queues, bucket, and every setting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime import contract
from cdk_streamer_runtime.memory.executions import FUNCTION
from cdk_streamer_runtime.memory.queues import QueueSchema
from cdk_streamer_runtime.memory.tables import IndexSchema, TableSchema

ENDPOINT = "https://api.memory/live"
BUCKET = "bucket"
WORK = QueueSchema(name="work", visibility_seconds=960)
WATCH = QueueSchema(name="watch", max_receives=contract.WATCH_RECEIVES)
WEBHOOK_DEAD_LETTERS = QueueSchema(name="webhook-dead-letters")
WEBHOOKS = QueueSchema(
    name="webhooks",
    visibility_seconds=90,
    max_receives=contract.WEBHOOK_RECEIVES,
    dead_letters=WEBHOOK_DEAD_LETTERS.name,
)
SECRET_ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:webhooks"  # noqa: S105 - no secret
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="  # noqa: S105 - a test's
TABLE = TableSchema(
    name="requests",
    partition_key=contract.PARTITION_KEY,
    sort_key=contract.SORT_KEY,
    stream=True,
    indexes=(
        IndexSchema(
            name=contract.OWNER_INDEX,
            partition_key=contract.OWNER_INDEX_PARTITION_KEY,
            sort_key=contract.OWNER_INDEX_SORT_KEY,
            projection=contract.OWNER_INDEX_PROJECTION,
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The environment of each function; `lease` and `worker_timeout` are in seconds."""

    queue_url: Callable[[str], str]
    lease: int = 60
    worker_timeout: int = 900
    bucket: str | None = BUCKET

    def message(self) -> contract.MessageEnvironment:
        """Give those of `$default`."""
        return contract.MessageEnvironment(**self._asked)

    def http(self) -> contract.HttpEnvironment:
        """Give those of the HTTP API."""
        return contract.HttpEnvironment(**self._asked, tickets=True)

    def dispatcher(self) -> contract.DispatcherEnvironment:
        """Give those of the table's stream."""
        return contract.DispatcherEnvironment(
            **self._queues, watch_queue_url=self._watch, durable_function=FUNCTION
        )

    def worker(self) -> contract.WorkerEnvironment:
        """Give those of the work queue."""
        return contract.WorkerEnvironment(
            **self._stored,
            **self._queues,
            bucket_name=self.bucket,
            watch_queue_url=self._watch,
            worker_timeout_seconds=self.worker_timeout,
            entry_point="",
        )

    def watcher(self) -> contract.WatcherEnvironment:
        """Give those of the watch queue."""
        return contract.WatcherEnvironment(
            **self._stored,
            **self._queues,
            watch_queue_url=self._watch,
            durable_function=FUNCTION,
        )

    def durable(self) -> contract.DurableEnvironment:
        """Give those of the durable function."""
        return contract.DurableEnvironment(
            **self._stored,
            name="api",
            bucket_name=self.bucket,
            watch_queue_url=self._watch,
            execution_timeout_seconds=contract.DURABLE_SECONDS,
            entry_point="",
        )

    def webhook(self) -> contract.WebhookEnvironment:
        """Give those of the webhook queue."""
        return contract.WebhookEnvironment(
            name="api",
            table_name=TABLE.name,
            queue_url=self.queue_url(WEBHOOKS.name),
            secret_arn=SECRET_ARN,
            bucket_name=self.bucket,
        )

    @property
    def _watch(self) -> str:
        return self.queue_url(WATCH.name)

    @property
    def _queues(self) -> Mapping[str, Any]:
        return {
            "name": "api",
            "lease_seconds": self.lease,
            "work_queue_url": self.queue_url(WORK.name),
        }

    @property
    def _stored(self) -> Mapping[str, Any]:
        return {
            "table_name": TABLE.name,
            "endpoint": ENDPOINT,
            "webhook_queue_url": self.queue_url(WEBHOOKS.name),
        }

    @property
    def _asked(self) -> Mapping[str, Any]:
        return {
            **self._stored,
            "name": "api",
            "bucket_name": self.bucket,
            "requests": True,
            "durable": True,
            "worker_timeout_seconds": self.worker_timeout,
        }
