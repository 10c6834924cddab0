"""A sink in memory: its functions, queues and table, on a clock that only a test moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cdk_streamer_runtime.contract.sinks import (
    REASON_ATTRIBUTE,
    SinkAddress,
    SinkControllerEnvironment,
    SinkEnvironment,
    SinkMetric,
)
from cdk_streamer_runtime.memory.aws import MemoryAws
from cdk_streamer_runtime.memory.functions import function_arn
from cdk_streamer_runtime.memory.message_moves import queue_arn
from cdk_streamer_runtime.memory.notes import Notes
from cdk_streamer_runtime.memory.platform import MemoryPlatform
from cdk_streamer_runtime.memory.queue import FIFO, QueueSchema
from cdk_streamer_runtime.memory.tables import TableSchema
from cdk_streamer_runtime.sinks.app import Sink
from cdk_streamer_runtime.sinks.assembly import SinkAssembly
from cdk_streamer_runtime.sinks.control.assembly import ControllerAssembly
from cdk_streamer_runtime.sinks.control.controller import Controller
from cdk_streamer_runtime.sinks.outgoing import Outgoing
from cdk_streamer_runtime.sinks.record import Message, SinkRecord
from cdk_streamer_runtime.sinks.sending import Sending

NAME, CONTROL = "sink", "control"
CONTROLLING = 90_000
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

Handle = Callable[[Mapping[str, Any], int], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRecord:
    """A record that can never be delivered, and why."""

    record: SinkRecord
    reason: str | None


class CountedSinkMetrics:
    """Metrics that a test can read."""

    def __init__(self) -> None:
        self.counts: Counter[SinkMetric] = Counter()
        self.values: dict[SinkMetric, list[float]] = {}

    def count(self, metric: SinkMetric, value: int = 1) -> None:
        """Add to a metric."""
        self.counts[metric] += value

    def milliseconds(self, metric: SinkMetric, value: float) -> None:
        """Record a duration."""
        self.values.setdefault(metric, []).append(value)

    def flush(self) -> None:
        """Have it all in memory."""


class MemorySink:
    """The functions of a ThrottledSink and the services between them, in the caller's thread.

    Time begins at `begin` and stands still until `advance` moves it, or a delivery does that waits
    for its turn. With `breaker_failures` there is a circuit breaker, as with the construct's.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        begin: datetime = BEGIN,
        batch_size: int = 10,
        rate: float | None = None,
        max_receive_count: int = 10,
        remember: timedelta | None = None,
        fifo: bool = False,
        ordered_by: str | None = None,
        breaker_failures: int | None = None,
        timeout: int = 60,
    ) -> None:
        """Build it; `rate` is in messages a second, `timeout` in seconds.

        Raises TypeError and ValueError for what no construct would have.
        """
        if not isinstance(sink, Sink):  # pyright: ignore[reportUnnecessaryIsInstance] - authors
            raise TypeError(f"a MemorySink runs a Sink, got {sink!r}; write `sink = Sink()`")
        if rate is not None and not 0 < rate < float("inf"):
            raise ValueError(f"rate must be above 0, got {rate!r}; leave it out for no limit")
        self._notes = Notes()
        self.metrics = CountedSinkMetrics()
        self.platform = MemoryPlatform()
        self.platform.now = int(begin.timestamp() * 1000)
        end = FIFO if fifo else ""
        self._messages, self._rejected, self._dead = (
            f"{name}{end}" for name in ("messages", "rejected", "dead-letters")
        )
        self._aside: dict[str, list[Message]] = {}
        self._timeout, self._batch_size = timeout * 1000, batch_size
        receives = max_receive_count * (10 if fifo else 1)
        self.aws = self._built_aws(receives)
        self._settings = SinkEnvironment(
            **self._shared(breaker_failures),
            entry_point="",
            rejected_queue_url=self._url(self._rejected),
            batch_size=batch_size,
            timeout_seconds=timeout,
            fifo=fifo,
            rate=rate,
            remember_seconds=None if remember is None else round(remember.total_seconds()),
            dead_letter_queue_url=self._url(self._dead) if fifo else None,
            max_receive_count=max_receive_count if fifo else None,
        )
        assembly = SinkAssembly(aws=self.aws, platform=self.platform)
        self._worker = assembly.worker(self._settings, self._notes.observed(sink), self.metrics)
        self._controller = self._built_controller(breaker_failures)
        address = SinkAddress(queue_url=self._url(self._messages), fifo=fifo, ordered_by=ordered_by)
        self._sending = Sending(address, self.aws, self.platform)

    @property
    def delivered(self) -> list[SinkRecord]:
        """What was delivered, in order."""
        return self._notes.delivered

    @property
    def errors(self) -> list[Exception]:
        """What the author's functions have raised or named, in order."""
        return self._notes.errors

    @property
    def now(self) -> datetime:
        """The moment at which time stands."""
        return datetime.fromtimestamp(self.platform.now / 1000, UTC)

    @property
    def is_paused(self) -> bool:
        """Whether no messages are polled, because the circuit is open."""
        return self.aws.mappings.states[NAME] != "Enabled"

    @property
    def waiting(self) -> int:
        """The number of messages that are neither delivered nor put aside."""
        return len(self.aws.messages(self._messages))

    @property
    def rejected(self) -> list[RejectedRecord]:
        """What was put aside because it can never be delivered."""
        return [_rejected(each) for each in self._put_aside(self._rejected)]

    @property
    def dead_letters(self) -> list[SinkRecord]:
        """What was put aside because it failed too often."""
        return [each.record for each in self._put_aside(self._dead)]

    def send(self, records: Iterable[Outgoing | Any]) -> None:
        """Send records as `Sender` does, so that this can stand in for one."""
        self._sending.send(records)

    def advance(self, time: timedelta | float = 0) -> list[SinkRecord]:
        """Let time pass, and give what was delivered meanwhile; a number is in seconds."""
        seconds = time.total_seconds() if isinstance(time, timedelta) else time
        if seconds < 0:
            raise ValueError(f"time must not go back, got {seconds!r} seconds")
        before, end = len(self.delivered), self.platform.now + round(seconds * 1000)
        # A delivery that waits for its turn moves the time itself, also beyond the end.
        while (due := self._next_due()) is not None and max(due, self.platform.now) <= end:
            self.platform.now = max(due, self.platform.now)
            self._act()
        self.platform.now = max(end, self.platform.now)
        return self.delivered[before:]

    # --- what there is ---

    def _built_aws(self, receives: int) -> MemoryAws:
        hidden = 6 * self._timeout // 1000
        return MemoryAws(
            clock=self.platform.clock,
            tables=[TableSchema(name=NAME, partition_key="pk", sort_key="sk")],
            queues=[
                QueueSchema(
                    name=self._messages,
                    dead_letters=self._dead,
                    max_receives=receives,
                    visibility_seconds=hidden,
                ),
                QueueSchema(name=self._dead),
                QueueSchema(name=self._rejected),
                QueueSchema(name=CONTROL, visibility_seconds=hidden),
            ],
            functions={NAME: lambda event: self._worker.handle(event, self._timeout)},
            mappings=[NAME],
        )

    def _shared(self, breaker_failures: int | None) -> dict[str, Any]:
        return {
            "sink_name": NAME,
            "table_name": NAME,
            "queue_url": self._url(self._messages),
            "controller_queue_url": self._url(CONTROL),
            "breaker_failures": breaker_failures,
            "breaker_probe_seconds": self._timeout // 1000 + 30,
        }

    def _built_controller(self, breaker_failures: int | None) -> Controller:
        settings = SinkControllerEnvironment(
            **self._shared(breaker_failures),
            function_arn=function_arn(NAME),
            mapping_id=NAME,
            queue_arn=queue_arn(self._messages),
            dead_letter_queue_arn=queue_arn(self._dead),
            dead_letter_queue_url=self._url(self._dead),
        )
        assembly = ControllerAssembly(
            aws=self.aws, invoking=lambda: self.aws, platform=self.platform
        )
        return assembly.controller(settings, self.metrics)

    # --- what happens ---

    def _next_due(self) -> int | None:
        queues = [CONTROL] if self.is_paused else [CONTROL, self._messages]
        moments = [self.aws.next_visible_at(queue) for queue in queues]
        return min((moment for moment in moments if moment is not None), default=None)

    def _act(self) -> None:
        # The controller has the time for a delivery, and for what it does around it.
        self._give(CONTROL, self._controller.handle, self._timeout + CONTROLLING)
        if not self.is_paused:
            self._give(self._messages, self._worker.handle, self._timeout)

    def _give(self, queue: str, handle: Handle, remaining: int) -> None:
        """Call a function with a batch of a queue, if there is one, as Lambda does."""
        records = self._received(queue)
        if not records:
            return
        answer = handle({"Records": records}, remaining)
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        for record in records:
            if record["messageId"] not in failed:
                self._delete(queue, record)

    def _received(self, queue: str) -> list[dict[str, Any]]:
        asked = {
            "QueueUrl": self._url(queue),
            "MaxNumberOfMessages": self._batch_size,
            "MessageAttributeNames": ["All"],
        }
        answer = self.aws.call("sqs", "ReceiveMessage", asked)
        return [_record(message) for message in answer.get("Messages", [])]

    def _delete(self, queue: str, record: Mapping[str, Any]) -> None:
        receipt = {"QueueUrl": self._url(queue), "ReceiptHandle": record["receiptHandle"]}
        self.aws.call("sqs", "DeleteMessage", receipt)

    def _put_aside(self, queue: str) -> list[Message]:
        """Give all that was ever put into a queue."""
        aside = self._aside.setdefault(queue, [])
        while records := self._received(queue):
            for record in records:
                aside.append(Message.of(record))
                self._delete(queue, record)
        return aside

    def _url(self, queue: str) -> str:
        return self.aws.queue_url(queue)


def _record(message: Mapping[str, Any]) -> dict[str, Any]:
    """Write a message as Lambda has it in an event."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {
            name: {f"{key[0].lower()}{key[1:]}": value for key, value in each.items()}
            for name, each in message.get("MessageAttributes", {}).items()
        },
        "eventSource": "aws:sqs",
    }


def _rejected(message: Message) -> RejectedRecord:
    reason = message.attributes.get(REASON_ATTRIBUTE)
    text = None if reason is None else reason["stringValue"]
    return RejectedRecord(record=message.record, reason=text)
