"""A whole API in memory: socket, table, stream, queues and worker, in the caller's thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_runtime import contract
from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.documents import decode, encode
from cdk_streamer_runtime.durable.assembly import durable_worker
from cdk_streamer_runtime.http.assembly import http_api
from cdk_streamer_runtime.memory.aws import MemoryAws
from cdk_streamer_runtime.memory.durable import MemoryFunction
from cdk_streamer_runtime.memory.http import HttpAnswer, http_event
from cdk_streamer_runtime.memory.platform import MemoryPlatform
from cdk_streamer_runtime.memory.queues import QueueSchema
from cdk_streamer_runtime.memory.resources import (
    BUCKET,
    ENDPOINT,
    SECRET,
    SECRET_ARN,
    TABLE,
    WATCH,
    WEBHOOK_DEAD_LETTERS,
    WEBHOOKS,
    WORK,
    Settings,
)
from cdk_streamer_runtime.memory.webhooks import MemoryReceiver
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.requests.queues import WorkMessage
from cdk_streamer_runtime.sockets.connections import Caller, Connection
from cdk_streamer_runtime.sockets.posts import Counter
from cdk_streamer_runtime.webhooks.assembly import deliveries

__all__ = [
    "BUCKET",
    "ENDPOINT",
    "SECRET",
    "SECRET_ARN",
    "TABLE",
    "WATCH",
    "WEBHOOKS",
    "WEBHOOK_DEAD_LETTERS",
    "WORK",
    "CountedMetrics",
    "MemoryApi",
]


class CountedMetrics:
    """Metrics that a test can read."""

    def __init__(self) -> None:
        self.counts: dict[contract.Metric, int] = {}
        self.durations: dict[contract.Metric, list[float]] = {}

    def count(self, metric: contract.Metric, value: int = 1) -> None:
        """Add to a metric."""
        self.counts[metric] = self.counts.get(metric, 0) + value

    def milliseconds(self, metric: contract.Metric, value: float) -> None:
        """Record a duration."""
        self.durations.setdefault(metric, []).append(value)


class MemoryApi:
    """The functions of an AsyncRequestApi around one app, and the services between them."""

    def __init__(
        self,
        app: AsyncApp,
        *,
        lease: int = 60,
        metrics: Counter | None = None,
        through: Callable[[MemoryAws], Aws] = lambda aws: aws,
    ) -> None:
        """Build it; `lease` is in seconds, `through` gives AWS as the functions see it."""
        self.platform = MemoryPlatform()
        self.aws = MemoryAws(
            clock=self.platform.clock,
            tables=[TABLE],
            queues=[WORK, WATCH, WEBHOOKS, WEBHOOK_DEAD_LETTERS],
            secrets={SECRET_ARN: SECRET},
            buckets=[BUCKET],
        )
        self.receiver = MemoryReceiver()
        self.metrics = metrics or CountedMetrics()
        self._streamed = 0
        self._connections = 0
        assembly = Assembly(aws=through(self.aws), platform=self.platform)
        self.build(assembly, app, Settings(queue_url=self.aws.queue_url, lease=lease))

    def build(self, assembly: Assembly, app: AsyncApp, settings: Settings) -> None:
        """Put the functions together, in the world of an assembly."""
        metrics = self.metrics
        self.conversation = assembly.conversation(settings.message(), app, metrics)
        self.http_api = http_api(assembly, settings.http(), app, metrics, self.sleep)
        self.dispatcher = assembly.dispatcher(settings.dispatcher())
        self.worker = assembly.worker(settings.worker(), app, metrics)
        self.watcher = assembly.watcher(settings.watcher(), metrics)
        durable = durable_worker(assembly, settings.durable(), app, metrics)
        self.durable = MemoryFunction(durable, assembly.aws, self.aws.executions)
        self.deliveries = deliveries(assembly, settings.webhook(), metrics, self.receiver)

    def connect(self, caller: Caller) -> Connection:
        """Open a connection of a caller."""
        self._connections += 1
        connection = Connection(
            id=f"connection-{self._connections}",
            caller=caller,
            connected_at=self.platform.clock(),
        )
        self.aws.connections.open(connection.id)
        return connection

    def messages(self, connection: Connection) -> list[dict[str, Any]]:
        """Give all that was posted to a connection, in order."""
        return [decode(body) for body in self.aws.connections.messages(connection.id)]

    def hear(self, connection: Connection, frame: Mapping[str, Any] | str) -> None:
        """Take a client's frame, as JSON text or as what it is made of."""
        text = frame if isinstance(frame, str) else encode(frame)
        self.conversation.hear(connection, text, None)

    def http(
        self,
        caller: Caller,
        method: str,
        path: str,
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, object] | str | None = None,
    ) -> HttpAnswer:
        """Answer a caller's HTTP request; while one waits, all happens that is due.

        A `body` of str or bytes is sent as it is, anything else as JSON.
        """
        event = http_event(caller, method, path, body=body, headers=headers, query=query)
        end = self.platform.clock() + contract.INTEGRATION_SECONDS * 1000
        answer = self.http_api.handle(event, lambda: end - self.platform.clock(), None)
        return HttpAnswer.from_event(answer)

    def sleep(self, seconds: float) -> None:
        """Let time pass while a function waits."""
        self.wait(int(seconds * 1000))

    def dispatch(self) -> bool:
        """Pass what is new in the stream to the dispatcher; False when nothing was."""
        records = self.aws.stream_records(TABLE.name, after=self._streamed)
        if not records:
            return False
        self._streamed = int(records[-1]["dynamodb"]["SequenceNumber"])
        self.dispatcher.dispatch(records)
        return True

    def work(self) -> bool:
        """Run the next attempt that is due; False when none is."""
        message = self._receive(WORK)
        if message is None:
            return False
        if self.worker.handle(WorkMessage.from_body(message["Body"]), lambda: 900_000):
            self._delete(WORK, message)
        return True

    def execute(self) -> bool:
        """Run the next invocation of a durable execution that is due; False when none is."""
        return self.durable.execute()

    def watch(self) -> bool:
        """Look after the next request that is due; False when none is."""
        message = self._receive(WATCH)
        if message is None:
            return False
        look = WorkMessage.from_body(message["Body"])
        about = message["Attributes"]
        receives, sent_at = int(about["ApproximateReceiveCount"]), int(about["SentTimestamp"])
        if self.watcher.handle(look, message["ReceiptHandle"], receives, sent_at):
            self._delete(WATCH, message)
        return True

    def notify(self) -> bool:
        """Call the next webhook that is due; False when none is."""
        message = self._receive(WEBHOOKS)
        if message is None:
            return False
        key = WorkMessage.from_body(message["Body"]).key
        receives = int(message["Attributes"]["ApproximateReceiveCount"])
        if self.deliveries.handle(key, message["ReceiptHandle"], receives):
            self._delete(WEBHOOKS, message)
        return True

    def settle(self) -> None:
        """Let everything happen that happens without time passing."""
        while self.dispatch() or self.work() or self.execute() or self.watch() or self.notify():
            pass

    def wait(self, milliseconds: int) -> None:
        """Let time pass, and all happen that is due on the way, in its order."""
        end = self.platform.now + milliseconds
        self.settle()
        while (due := self._next_due()) is not None and due <= end:
            self.platform.now = max(due, self.platform.now)
            self.settle()
        self.platform.now = end

    def _next_due(self) -> int | None:
        moments = [self.aws.next_visible_at(queue.name) for queue in (WORK, WATCH, WEBHOOKS)]
        moments.append(self.aws.executions.next_due())
        return min((at for at in moments if at is not None), default=None)

    def _receive(self, queue: QueueSchema) -> dict[str, Any] | None:
        url = self.aws.queue_url(queue.name)
        answer = self.aws.call("sqs", "ReceiveMessage", {"QueueUrl": url})
        return next(iter(answer.get("Messages", [])), None)

    def _delete(self, queue: QueueSchema, message: Mapping[str, Any]) -> None:
        self.aws.call(
            "sqs",
            "DeleteMessage",
            {
                "QueueUrl": self.aws.queue_url(queue.name),
                "ReceiptHandle": message["ReceiptHandle"],
            },
        )
