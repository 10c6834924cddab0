"""A whole API in memory whose functions can be watched, and killed between any two calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk_streamer_runtime import contract
from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.durable.assembly import durable_worker
from cdk_streamer_runtime.dynamodb import unmarshal_item
from cdk_streamer_runtime.http.assembly import http_api
from cdk_streamer_runtime.keys import request_key
from cdk_streamer_runtime.memory.api import (
    BUCKET,
    ENDPOINT,
    SECRET_ARN,
    TABLE,
    WATCH,
    WEBHOOKS,
    WORK,
    CountedMetrics,
    MemoryApi,
)
from cdk_streamer_runtime.memory.durable import MemoryFunction
from cdk_streamer_runtime.memory.executions import FUNCTION
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.worker import Platform
from cdk_streamer_runtime.sockets.connections import Caller, Connection
from cdk_streamer_runtime.webhooks.assembly import deliveries
from tests.runtime.observed_aws import Killed, ObservedAws

DAY = 86_400
ANN = Caller(tenant="acme", owner="ann", expires=START // 1000 + DAY)
BOB = Caller(tenant="acme", owner="bob", expires=START // 1000 + DAY)
EVE = Caller(tenant="evil", owner="ann", expires=START // 1000 + DAY)


class ObservedApi(MemoryApi):
    """MemoryApi whose calls can be counted and disturbed; what was killed is delivered again."""

    def __init__(
        self,
        app: AsyncApp,
        *,
        lease: int = 60,
        worker_timeout: int = 900,
        platform: Platform | None = None,
        bucket: str | None = BUCKET,
    ) -> None:
        self.counted = CountedMetrics()
        super().__init__(app, lease=lease, metrics=self.counted)
        self.observed = ObservedAws(self.aws)
        assembly = Assembly(aws=self.observed, platform=platform or self.platform)
        work, watch = self.aws.queue_url(WORK.name), self.aws.queue_url(WATCH.name)
        queues: Mapping[str, Any] = {"work_queue_url": work, "lease_seconds": lease}
        stored: Mapping[str, Any] = {
            "table_name": TABLE.name,
            "endpoint": ENDPOINT,
            "webhook_queue_url": self.aws.queue_url(WEBHOOKS.name),
            "bucket_name": bucket,
        }
        watched = {name: value for name, value in stored.items() if name != "bucket_name"}
        self.conversation = assembly.conversation(
            contract.MessageEnvironment(
                name="api",
                requests=True,
                durable=True,
                worker_timeout_seconds=worker_timeout,
                **stored,
            ),
            app,
            self.metrics,
        )
        self.http_api = http_api(
            assembly,
            contract.HttpEnvironment(
                name="api",
                requests=True,
                worker_timeout_seconds=worker_timeout,
                tickets=True,
                durable=True,
                **stored,
            ),
            app,
            self.metrics,
            self.sleep,
        )
        self.dispatcher = assembly.dispatcher(
            contract.DispatcherEnvironment(
                name="api", watch_queue_url=watch, durable_function=FUNCTION, **queues
            )
        )
        self.worker = assembly.worker(
            contract.WorkerEnvironment(
                name="api",
                entry_point="",
                worker_timeout_seconds=worker_timeout,
                watch_queue_url=watch,
                **stored,
                **queues,
            ),
            app,
            self.metrics,
        )
        self.watcher = assembly.watcher(
            contract.WatcherEnvironment(
                name="api", watch_queue_url=watch, durable_function=FUNCTION, **watched, **queues
            ),
            self.metrics,
        )
        durable = durable_worker(
            assembly,
            contract.DurableEnvironment(
                name="api",
                entry_point="",
                watch_queue_url=watch,
                execution_timeout_seconds=contract.DURABLE_SECONDS,
                **stored,
            ),
            app,
            self.metrics,
        )
        self.durable = MemoryFunction(durable, self.observed, self.aws.executions)
        self.deliveries = deliveries(
            assembly,
            contract.WebhookEnvironment(
                name="api",
                table_name=TABLE.name,
                queue_url=self.aws.queue_url(WEBHOOKS.name),
                secret_arn=SECRET_ARN,
                bucket_name=bucket,
            ),
            self.metrics,
            self.receiver,
        )

    def ask(self, connection: Connection, frame: Mapping[str, Any] | str) -> list[dict[str, Any]]:
        """Say something and give the answers alone."""
        before = len(self.messages(connection))
        self.hear(connection, frame)
        return self.messages(connection)[before:]

    def stored(self, caller: Caller, request_id: str) -> Request:
        """Give a request as the table has it."""
        key = request_key(caller.tenant, caller.owner, request_id)
        answer = self.aws.call(
            "dynamodb",
            "GetItem",
            {"TableName": TABLE.name, "Key": {"pk": {"S": key}, "sk": {"S": "request"}}},
        )
        return Request.from_item(unmarshal_item(answer["Item"]))

    def dispatch(self) -> bool:
        before = self._streamed
        try:
            return super().dispatch()
        except Killed:
            self._streamed = before  # a stream repeats what was not answered
            return True

    def work(self) -> bool:
        try:
            return super().work()
        except Killed:
            return True  # the message shows up again when its visibility ends

    def notify(self) -> bool:
        try:
            return super().notify()
        except Killed:
            return True

    def execute(self) -> bool:
        try:
            return super().execute()
        except Killed:
            return True  # what ended without a word is invoked again

    def watch(self) -> bool:
        try:
            return super().watch()
        except Killed:
            return True
