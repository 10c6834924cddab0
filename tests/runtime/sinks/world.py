"""A sink in memory: its queues, its table, and what Lambda does around its function."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from cdk_streamer_runtime.contract.sinks import SinkEnvironment, SinkMetric
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.memory import MemoryAws, QueueSchema, TableSchema
from cdk_streamer_runtime.memory.platform import MemoryPlatform
from cdk_streamer_runtime.sinks.app import Sink
from cdk_streamer_runtime.sinks.assembly import SinkAssembly
from cdk_streamer_runtime.sinks.record import SinkRecord
from cdk_streamer_runtime.sinks.worker import Worker
from tests.runtime.observed_aws import ObservedAws

TABLE = "sink"
TIMEOUT = 60  # seconds


class Counts:
    """Metrics that a test can read."""

    def __init__(self) -> None:
        self.counts: Counter[SinkMetric] = Counter()
        self.values: dict[SinkMetric, list[float]] = {}
        self.flushes = 0

    def count(self, metric: SinkMetric, value: int = 1) -> None:
        self.counts[metric] += value

    def milliseconds(self, metric: SinkMetric, value: float) -> None:
        self.values.setdefault(metric, []).append(value)

    def flush(self) -> None:
        self.flushes += 1


class Author:
    """A user's function: when it was given what, and what it does on that."""

    def __init__(self, platform: MemoryPlatform) -> None:
        self.platform = platform
        self.given: list[tuple[int, SinkRecord]] = []
        self.act: Callable[[SinkRecord], Any] = lambda _record: None

    def one(self, record: SinkRecord) -> Any:
        self.given.append((self.platform.now, record))
        return self.act(record)

    def several(self, records: Sequence[SinkRecord]) -> Any:
        self.given += [(self.platform.now, record) for record in records]
        return self.act(records[0])

    @property
    def bodies(self) -> list[str]:
        return [record.body for _, record in self.given]

    @property
    def moments(self) -> list[int]:
        return [moment for moment, _ in self.given]


class World:
    """Where the function runs. Nothing happens by itself; `settings` are of SinkEnvironment."""

    def __init__(self, *, together: bool = False, fifo: bool = False, **settings: Any) -> None:
        end = ".fifo" if fifo else ""
        self.queue, self.rejected, self.dead, self.controller = (
            *(f"{name}{end}" for name in ("messages", "rejected", "dead")),
            "controller",
        )
        self.platform = MemoryPlatform()
        self.memory = MemoryAws(
            clock=self.platform.clock,
            tables=[TableSchema(name=TABLE, partition_key="pk", sort_key="sk")],
            queues=[
                QueueSchema(
                    name=self.queue,
                    visibility_seconds=6 * TIMEOUT,
                    dead_letters=self.dead,
                    max_receives=10,
                ),
                *(QueueSchema(name=name) for name in (self.dead, self.rejected, self.controller)),
            ],
        )
        self.aws = ObservedAws(self.memory)
        self.table = Table(self.memory, TABLE)
        self.author = Author(self.platform)
        self.metrics = Counts()
        self.sink = Sink()
        if together:
            self.sink.deliver_batch(self.author.several)
        else:
            self.sink.deliver(self.author.one)
        self.settings = SinkEnvironment(
            **{
                "sink_name": "Ledger",
                "table_name": TABLE,
                "queue_url": self.url(self.queue),
                "controller_queue_url": self.url(self.controller),
                "rejected_queue_url": self.url(self.rejected),
                "entry_point": "sink:sink",
                "batch_size": 10,
                "timeout_seconds": TIMEOUT,
                "fifo": fifo,
                **settings,
            }
        )
        self.worker = self.another()

    def another(self) -> Worker:
        """Give the worker of another process."""
        return SinkAssembly(aws=self.aws, platform=self.platform).worker(
            self.settings, self.sink, self.metrics
        )

    def url(self, queue: str) -> str:
        return self.memory.queue_url(queue)

    @property
    def count(self) -> Counter[SinkMetric]:
        return self.metrics.counts

    def send(self, *bodies: str, group: str = "all", **attributes: Any) -> None:
        for number, body in enumerate(bodies):
            parameters: dict[str, Any] = {
                "QueueUrl": self.url(self.queue),
                "MessageBody": body,
                "MessageAttributes": attributes,
            }
            if self.settings.fifo:
                named = f"{body}-{number}"
                parameters |= {"MessageGroupId": group, "MessageDeduplicationId": named}
            self.memory.call("sqs", "SendMessage", parameters)

    def receive(self, queue: str | None = None) -> list[dict[str, Any]]:
        """Receive a batch as Lambda gives it to a function."""
        asked = {
            "QueueUrl": self.url(queue or self.queue),
            "MaxNumberOfMessages": self.settings.batch_size,
        }
        answer = self.memory.call("sqs", "ReceiveMessage", asked)
        return [event_record(message) for message in answer.get("Messages", [])]

    def handle(
        self,
        records: list[dict[str, Any]] | None = None,
        *,
        worker: Worker | None = None,
        remaining: int = TIMEOUT * 1000,
    ) -> list[str]:
        """Deliver a batch as Lambda does; give the bodies of what comes again."""
        records = self.receive() if records is None else records
        answer = (worker or self.worker).handle({"Records": records}, remaining)
        failed = {entry["itemIdentifier"] for entry in answer["batchItemFailures"]}
        for record in records:
            if record["messageId"] not in failed:
                receipt = {"ReceiptHandle": record["receiptHandle"]}
                self.memory.call(
                    "sqs", "DeleteMessage", {"QueueUrl": self.url(self.queue), **receipt}
                )
        return [record["body"] for record in records if record["messageId"] in failed]

    def hidden(self) -> float:
        """Give in how many seconds the first message can be received."""
        visible = self.memory.next_visible_at(self.queue)
        assert visible is not None
        return (visible - self.platform.now) / 1000

    def left(self, queue: str | None = None) -> list[str]:
        return self.memory.messages(queue or self.queue)

    def commands(self) -> list[Any]:
        return [json.loads(body) for body in self.left(self.controller)]


def event_record(message: dict[str, Any]) -> dict[str, Any]:
    """Write a message as Lambda has it in an event."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {
            name: {key[0].lower() + key[1:]: value for key, value in each.items()}
            for name, each in message.get("MessageAttributes", {}).items()
        },
        "eventSource": "aws:sqs",
    }
