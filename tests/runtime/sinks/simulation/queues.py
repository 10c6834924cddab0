"""SQS as sinks use it: visibility, receives, dead letters, delay, and groups that wait in line.

In a FIFO queue nothing of a group is received while another message of it is hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from typing import Any

from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AwsError

BATCH = 10
LONGEST = 43_200_000  # for which a message can be hidden since it was received
LONGEST_DELAY = 900
DEDUPLICATION = 300_000
REGION = "arn:aws:sqs:eu-west-1:000000000000:"


@dataclass(eq=False, slots=True, kw_only=True)
class Message:
    """A message and what became of it."""

    id: str
    body: str
    attributes: Mapping[str, Any]
    group: str | None
    deduplication: str | None
    sent_at: int
    visible_at: int
    arrival: int = 0
    receives: int = 0
    received_at: int = 0
    first_received_at: int = 0

    @property
    def receipt(self) -> str:
        """What the last who received it knows it by."""
        return f"{self.id}#{self.receives}"

    def system(self) -> dict[str, str]:
        """Give what SQS says of it."""
        said = {
            "ApproximateReceiveCount": str(self.receives),
            "ApproximateFirstReceiveTimestamp": str(self.first_received_at),
            "SentTimestamp": str(self.sent_at),
            "SenderId": "simulation",
        }
        if self.group is not None:
            said |= {
                "MessageGroupId": self.group,
                "MessageDeduplicationId": str(self.deduplication),
                "SequenceNumber": f"{self.arrival:020}",
            }
        return said


Hear = Callable[[Message], None]


@dataclass(eq=False, slots=True, kw_only=True)
class Queue:
    """One queue, whose messages are received by time and then by arrival."""

    name: str
    clock: Callable[[], int]
    random: Random
    visibility: int  # milliseconds
    fifo: bool = False
    dead_letters: Queue | None = None
    most_receives: int = 0
    messages: dict[str, Message] = field(default_factory=dict[str, Message])
    on_change: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    on_arrive: list[Hear] = field(default_factory=list[Hear])
    on_receive: list[Hear] = field(default_factory=list[Hear])
    on_delete: list[Hear] = field(default_factory=list[Hear])
    _heap: list[tuple[int, int, Message]] = field(default_factory=list[tuple[int, int, Message]])
    _known: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])
    _arrivals: int = 0

    @property
    def arn(self) -> str:
        """Its address for policies and move tasks."""
        return REGION + self.name

    @property
    def url(self) -> str:
        """Its address for calls."""
        return f"https://sqs.simulation/000000000000/{self.name}"

    def send(self, entry: Mapping[str, Any]) -> str:
        """Take a message and give its id; raises AwsError for what SQS refuses."""
        now, delay = self.clock(), int(entry.get("DelaySeconds", 0))
        self._check(entry, delay)
        own = entry.get("MessageDeduplicationId") if self.fifo else None
        known_at, known = self._known.get(own or "", (0, ""))
        if known and now - known_at < DEDUPLICATION:
            return known
        message = Message(
            id=f"{self.name}-{self._arrivals + 1}",
            body=entry["MessageBody"],
            attributes=dict(entry.get("MessageAttributes") or {}),
            group=entry.get("MessageGroupId") if self.fifo else None,
            deduplication=own,
            sent_at=now,
            visible_at=now + delay * 1000,
        )
        if own:
            self._known[own] = now, message.id
        self.add(message)
        return message.id

    def add(self, message: Message) -> None:
        """Take in what comes from another queue, or from a sender."""
        self._arrivals += 1
        message.arrival = self._arrivals
        self.messages[message.id] = message
        for tell in self.on_arrive:
            tell(message)
        self.show(message, message.visible_at)

    def show(self, message: Message, visible_at: int) -> None:
        """Let a message be received from then on."""
        message.visible_at = visible_at
        heappush(self._heap, (visible_at, message.arrival, message))
        for hear in self.on_change:
            hear()

    def receive(self, most: int = BATCH, visibility: int | None = None) -> list[Message]:
        """Give up to so many messages that are visible, which then are not for a while."""
        now, received = self.clock(), list[Message]()
        for message in self._heads(now) if self.fifo else self._nearest(now):
            if len(received) == most:
                break
            if self.dead_letters is not None and message.receives >= self.most_receives:
                self._bury(message, self.dead_letters)
                continue
            message.receives += 1
            message.received_at = now
            message.first_received_at = message.first_received_at or now
            received.append(message)
            for hear in self.on_receive:
                hear(message)
        for message in received:
            self.show(message, now + (self.visibility if visibility is None else visibility))
        return received

    def delete(self, receipt: str) -> None:
        """Forget a message, if that receipt is its last; others are taken and do nothing."""
        message = self._by_receipt(receipt)
        if message is None:
            return
        del self.messages[message.id]
        for tell in self.on_delete:
            tell(message)
        for hear in self.on_change:
            hear()  # of a group the next may be received

    def hide(self, receipt: str, seconds: int) -> None:
        """Let a message stay hidden for so long from now; raises AwsError."""
        message, now = self._by_receipt(receipt), self.clock()
        if not 0 <= seconds <= LONGEST // 1000:
            raise error("InvalidParameterValue", "VisibilityTimeout must be from 0 to 43200")
        if message is None or message.visible_at <= now:
            raise error("InvalidParameterValue", "not available for visibility timeout change")
        if now + seconds * 1000 > message.received_at + LONGEST:
            raise error("InvalidParameterValue", "Total VisibilityTimeout is beyond the limit")
        self.show(message, now + seconds * 1000)

    def next_visible_at(self) -> int | None:
        """Give when the next message can be received; None: the queue is empty."""
        if self.fifo:
            times = [max(each.visible_at for each in line) for line in self._lines()]
            return min(times, default=None)
        self._drop_stale()
        return self._heap[0][0] if self._heap else None

    def counts(self, now: int) -> dict[str, str]:
        """Give how many messages are visible, in flight and delayed."""
        hidden = [each for each in self.messages.values() if each.visible_at > now]
        delayed = sum(not each.receives for each in hidden)
        return {
            "ApproximateNumberOfMessages": str(len(self.messages) - len(hidden)),
            "ApproximateNumberOfMessagesNotVisible": str(len(hidden) - delayed),
            "ApproximateNumberOfMessagesDelayed": str(delayed),
        }

    def _nearest(self, now: int) -> list[Message]:
        """Give some of those that are visible; their order is nearly that of sending."""
        found: list[tuple[int, int, Message]] = []
        while len(found) < 3 * BATCH and (at := self.next_visible_at()) is not None and at <= now:
            found.append(heappop(self._heap))
        for each in found:
            heappush(self._heap, each)
        messages = [message for *_, message in found]
        if self.random.random() < 0.5:
            self.random.shuffle(messages)
        return messages

    def _heads(self, now: int) -> list[Message]:
        lines = [line for line in self._lines() if all(each.visible_at <= now for each in line)]
        lines.sort(key=lambda line: line[0].arrival)
        return [message for line in lines for message in line]

    def _lines(self) -> list[list[Message]]:
        lines: dict[str | None, list[Message]] = {}
        for message in self.messages.values():
            lines.setdefault(message.group, []).append(message)
        return [*lines.values()]

    def _bury(self, message: Message, dead_letters: Queue) -> None:
        del self.messages[message.id]
        message.visible_at = self.clock()
        dead_letters.add(message)

    def _drop_stale(self) -> None:
        while self._heap:
            at, _, message = self._heap[0]
            if self.messages.get(message.id) is message and message.visible_at == at:
                return
            heappop(self._heap)

    def _by_receipt(self, receipt: str) -> Message | None:
        id, separator, _ = receipt.partition("#")
        if not separator:
            raise error("ReceiptHandleIsInvalid", "The input receipt handle is invalid")
        message = self.messages.get(id)
        return message if message is not None and message.receipt == receipt else None

    def _check(self, entry: Mapping[str, Any], delay: int) -> None:
        if not entry.get("MessageBody"):
            raise error("MissingParameter", "The request must contain MessageBody")
        if not 0 <= delay <= LONGEST_DELAY:
            raise error("InvalidParameterValue", "DelaySeconds must be from 0 to 900")
        if len(entry.get("MessageAttributes") or {}) > 10:
            raise error("InvalidParameterValue", "Number of message attributes exceeds 10")
        if not self.fifo:
            return
        if delay:
            raise error("InvalidParameterValue", "a FIFO queue knows no delay of a message")
        if not entry.get("MessageGroupId") or not entry.get("MessageDeduplicationId"):
            raise error("MissingParameter", "a group and a deduplication id are needed")


def error(code: str, message: str, status: int = 400) -> AwsError:
    """Give the error that SQS answers with."""
    return aws_error(code, message, status, "SQS")
