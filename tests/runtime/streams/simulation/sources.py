"""How Lambda reads a shard and a queue: what comes again, when, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tests.runtime.simulation.scheduler import Bell, Scheduler
from tests.runtime.streams.simulation.changes import Change
from tests.runtime.streams.simulation.invocation import Invocation
from tests.runtime.streams.simulation.weather import SECOND

Invoke = Callable[[Sequence[Change]], Invocation]
PAUSE = (100, 10 * SECOND)  # of a batch that failed: the first one, and the longest


class Reader(Protocol):
    """Who reads a source, for one function."""

    dead: list[Change]  # what was given up, with or without trying

    def run(self) -> None:
        """Read for ever."""
        ...

    def is_drained(self) -> bool:
        """Tell whether there is nothing left to do."""
        ...


@dataclass(eq=False, slots=True, kw_only=True)
class Shard:
    """One shard: batch after batch, each until it is done or too old."""

    scheduler: Scheduler
    changes: Sequence[Change]
    batch: int
    bisect: bool
    max_age: int
    invoke: Invoke
    dead: list[Change] = field(default_factory=list[Change])
    position: int = 0

    def run(self) -> None:
        while self.position < len(self.changes):
            now = self.scheduler.now
            first = self.changes[self.position]
            if first.at > now:
                self.scheduler.sleep(first.at - now)
                continue
            ready = self.changes[self.position : self.position + self.batch]
            ready = [change for change in ready if change.at <= now]
            self._process(ready)
            self.position += len(ready)

    def is_drained(self) -> bool:
        return self.position == len(self.changes)

    def _process(self, batch: list[Change]) -> None:
        parts, failures = [batch], 0
        while parts:
            part = self._young(parts.pop(0))
            if not part:
                continue
            done = self.invoke(part)
            if done.failed is None:
                if self.bisect and len(part) > 1:
                    half = len(part) // 2
                    parts[:0] = [part[:half], part[half:]]
                else:
                    parts.insert(0, part)
            elif not done.failed:
                continue
            else:
                lowest = min(done.failed)
                parts.insert(0, [change for change in part if change.number >= lowest])
            self.scheduler.sleep(min(PAUSE[1], PAUSE[0] * 2**failures))
            failures += 1

    def _young(self, batch: list[Change]) -> list[Change]:
        since = self.scheduler.now - self.max_age
        self.dead += [change for change in batch if change.at < since]
        return [change for change in batch if change.at >= since]


@dataclass(eq=False, slots=True)
class Message:
    """A message of the queue."""

    change: Change
    visible_at: int
    receives: int = 0
    held: bool = False


@dataclass(eq=False, slots=True, kw_only=True)
class Queue:
    """One queue, read by several at once; in a FIFO one a group waits for its first message."""

    scheduler: Scheduler
    changes: Sequence[Change]
    batch: int
    fifo: bool
    visibility: int
    max_receives: int
    readers: int
    invoke: Invoke
    dead: list[Change] = field(default_factory=list[Change])
    _messages: list[Message] = field(default_factory=list[Message])

    def __post_init__(self) -> None:
        self._messages = [Message(change, change.at) for change in self.changes]

    def run(self) -> None:
        bell = Bell(self.scheduler)
        group = self.scheduler.running().group
        for _ in range(self.readers):
            self.scheduler.spawn(group, lambda: self._read(bell))

    def is_drained(self) -> bool:
        return not self._messages

    def _read(self, bell: Bell) -> None:
        while self._messages:
            messages = self._receive()
            if not messages:
                bell.wait(self._pause())
                continue
            done = self.invoke([message.change for message in messages])
            for message in messages:
                message.held = False
                if done.failed is not None and message.change.number not in done.failed:
                    self._messages.remove(message)
            bell.ring()
        bell.ring()

    def _receive(self) -> list[Message]:
        now, received = self.scheduler.now, list[Message]()
        blocked = set[str]()
        for message in self._waiting():
            if len(received) == self.batch:
                break
            key = message.change.key
            if message.held or message.visible_at > now or key in blocked:
                blocked |= {key} if self.fifo else set()
            elif message.receives == self.max_receives:
                self._messages.remove(message)
                self.dead.append(message.change)
            else:
                message.receives += 1
                message.held, message.visible_at = True, now + self.visibility
                received.append(message)
        return received

    def _waiting(self) -> list[Message]:
        waiting = list(self._messages)
        if not self.fifo:
            self.scheduler.random.shuffle(waiting)
        return waiting

    def _pause(self) -> int:
        soonest = min((message.visible_at for message in self._messages), default=0)
        return max(soonest - self.scheduler.now, SECOND)
