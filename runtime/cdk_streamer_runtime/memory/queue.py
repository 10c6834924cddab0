"""One SQS queue in memory: its messages, and which of them can be received."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

FIFO = ".fifo"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSchema:
    """What a queue is declared by. After `max_receives` a message moves to `dead_letters`."""

    name: str
    visibility_seconds: int = 30
    delay_seconds: int = 0
    dead_letters: str | None = None
    max_receives: int = 5


@dataclass(slots=True, kw_only=True)
class Message:
    """A message, wherever it has come to."""

    id: str
    body: str
    visible_at: int
    sent_at: int
    attributes: dict[str, Any]
    system_attributes: dict[str, str] = field(default_factory=dict[str, str])
    arrival: int = 0  # which one of its queue it is
    receives: int = 0
    first_received_at: int = 0
    in_flight: bool = False

    @property
    def group(self) -> str | None:
        """The group that it is in order within, in a FIFO queue."""
        return self.system_attributes.get("MessageGroupId")


class Queue:
    """Messages by id, and the order in which they can be received: by time, then by arrival."""

    def __init__(self, schema: QueueSchema) -> None:
        self.schema = schema
        self.messages: dict[str, Message] = {}
        self.known: dict[str, tuple[int, str]] = {}  # when a FIFO queue took which message
        self._arrivals = 0
        # A message whose time changes is here again, and where it was before is passed over.
        self._order: list[tuple[int, int, Message]] = []

    @property
    def is_fifo(self) -> bool:
        """Whether messages come in their order within a group."""
        return self.schema.name.endswith(FIFO)

    def add(self, message: Message) -> None:
        """Take a message in, which can be received when it says."""
        self._arrivals += 1
        message.arrival = self._arrivals
        self.messages[message.id] = message
        self.show(message, message.visible_at)

    def show(self, message: Message, visible_at: int) -> None:
        """Let a message be received from then on."""
        message.visible_at = visible_at
        heappush(self._order, (visible_at, message.arrival, message))

    def first(self) -> Message | None:
        """Give the message that can be received before all others; None: the queue is empty."""
        if self.is_fifo:
            heads = self._heads().values()
            return min(heads, key=lambda each: each.visible_at, default=None)
        while self._order:
            visible_at, _arrival, message = self._order[0]
            if self.messages.get(message.id) is message and message.visible_at == visible_at:
                return message
            heappop(self._order)
        return None

    def take(self, wanted: int, now: int, dead_letters: Queue | None) -> list[Message]:
        """Give so many messages that can be received; what was received too often is moved."""
        taken: list[Message] = []
        for message in self._in_order(now) if self.is_fifo else self._by_time(now):
            if dead_letters is not None and message.receives >= self.schema.max_receives:
                del self.messages[message.id]
                message.in_flight = False
                dead_letters.add(message)
            else:
                taken.append(message)
            if len(taken) == wanted:
                break
        return taken

    def counts(self, now: int) -> dict[str, int]:
        """Give how many messages there are, by the names of SQS' attributes."""
        hidden = [each for each in self.messages.values() if each.visible_at > now]
        in_flight = sum(each.in_flight for each in hidden)
        return {
            "ApproximateNumberOfMessages": len(self.messages) - len(hidden),
            "ApproximateNumberOfMessagesNotVisible": in_flight,
            "ApproximateNumberOfMessagesDelayed": len(hidden) - in_flight,
        }

    def _by_time(self, now: int) -> Iterator[Message]:
        given: set[str] = set()  # one may be here twice
        while (message := self.first()) and message.visible_at <= now:
            heappop(self._order)
            if message.id not in given:
                given.add(message.id)
                yield message

    def _in_order(self, now: int) -> Iterator[Message]:
        """Give what can be received: of no group of which any message is in flight."""
        open_groups = {group for group, head in self._heads().items() if head.visible_at <= now}
        yield from [each for each in self.messages.values() if each.group in open_groups]

    def _heads(self) -> dict[str | None, Message]:
        """Give of each group the message after which the next one can be received."""
        heads: dict[str | None, Message] = {}
        for message in self.messages.values():
            head = heads.setdefault(message.group, message)
            if message.in_flight and message.visible_at > head.visible_at:
                heads[message.group] = message
        return heads
