"""Does for one mapping what its lanes decide: reads, calls the function, tells the destination."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cdk_streamer_local.pollers.answer import Answer
from cdk_streamer_local.pollers.lane import Discard, Discarded, Invoke, Wait
from cdk_streamer_local.pollers.patterns import patterns
from cdk_streamer_local.pollers.readers import Reader
from cdk_streamer_local.pollers.record import Batch
from cdk_streamer_local.pollers.settings import Settings
from cdk_streamer_local.pollers.shard import Shard

_READ_AHEAD = 1000  # records of a shard, or two batches a lane if those are larger
_NEVER = float("inf")


class Target(Protocol):
    """What a mapping leads to."""

    def invoke(self, shard: str, batch: Batch) -> Answer:
        """Call the function and wait for its end."""
        ...

    def give_up(self, shard: str, discarded: Discarded) -> None:
        """Tell the on-failure destination."""
        ...

    def spawn(self, work: Callable[[], None]) -> None:
        """Do something beside."""
        ...

    def alarm(self, at: float) -> None:
        """See to it that `Poller.read` and `Poller.advance` are called then."""
        ...


@dataclass(slots=True)
class _Read:
    """A shard, and what was read of it."""

    reader: Reader
    shard: Shard
    closed: bool = False
    has_more: bool = False


class Poller:
    """One mapping. All methods may be called on any thread."""

    def __init__(self, target: Target, clock: Callable[[], float] = time.time) -> None:
        self._target = target
        self._clock = clock
        self._lock = threading.RLock()
        self._settings = Settings()
        self._passes: Callable[[Mapping[str, Any]], bool] = lambda _: True
        self._filters: object = None
        self._shards: dict[Hashable, _Read] = {}
        self._enabled = False

    def configure(self, mapping: Mapping[str, Any]) -> None:
        """Take the mapping as it is now; raises ValueError for filters that Lambda would refuse."""
        with self._lock:
            self._enabled = bool(mapping.get("Enabled", True))
            if mapping.get("FilterCriteria") != self._filters:
                self._passes = patterns(mapping)
                self._filters = mapping.get("FilterCriteria")
            self._settings = Settings.of(mapping)
            for read in self._shards.values():
                read.shard = read.shard.configured(self._settings)

    def stop(self) -> None:
        """Call the function no more."""
        with self._lock:
            self._enabled = False

    def knows(self, identity: Hashable) -> bool:
        """Tell whether a shard is being read."""
        return identity in self._shards

    def add(self, identity: Hashable, reader: Reader) -> None:
        """Read one more shard."""
        with self._lock:
            self._shards[identity] = _Read(reader, Shard.of(self._settings))

    def close_others(self, present: frozenset[Hashable]) -> None:
        """Take note of the shards that will get no more records."""
        with self._lock:
            for identity, read in list(self._shards.items()):
                read.closed = identity not in present

    def glance(self) -> list[dict[str, Any]]:
        """Tell of each shard how far it is: what was read and is not done."""
        with self._lock:
            return [
                {
                    "Name": read.reader.name,
                    "Pending": read.shard.length,
                    "More": read.has_more,
                    "Oldest": read.shard.oldest,
                    "Checkpoint": read.shard.checkpoint,
                    "Attempts": read.shard.attempts,
                }
                for read in self._shards.values()
            ]

    def read(self) -> bool:
        """Take what is new; tells whether there was anything."""
        with self._lock:
            taken = [self._take(read) for read in self._shards.values()] if self._enabled else []
            return any(taken)

    def advance(self) -> None:
        """Begin everything that is due, and have the alarm set for what is due later."""
        with self._lock:
            if not self._enabled:
                return
            due = _NEVER
            for identity, read in list(self._shards.items()):
                if read.closed and not read.shard.length and not self._take(read):
                    del self._shards[identity]
                elif not self._waits_for_parent(read):
                    lanes = range(len(read.shard.lanes))
                    due = min(due, *(self._move(read, at) for at in lanes))
            if due < _NEVER:
                self._target.alarm(due)

    def _take(self, read: _Read) -> bool:
        ahead = max(_READ_AHEAD, 2 * self._settings.batch_size * len(read.shard.lanes))
        room = max(0, ahead - read.shard.length)
        records = read.reader.read(room)
        read.has_more = len(records) == room
        passed = tuple(record for record in records if self._passes(record.content))  # pyright: ignore[reportArgumentType] - a document
        read.shard = read.shard.took(passed, self._clock())
        return bool(records)

    def _waits_for_parent(self, read: _Read) -> bool:
        """Tell whether older records of the same keys are in a shard that was split or merged."""
        low, high = read.reader.keys
        for other in self._shards.values():
            if other is read:  # those behind it came later
                return False
            first, last = other.reader.keys
            if other.closed and first <= high and low <= last:
                return True
        return False

    def _move(self, read: _Read, at: int) -> float:
        """Do what a lane says; gives until when it waits."""
        while True:
            match read.shard.lanes[at].next(self._clock()):
                case Wait(until=until):
                    return _NEVER if until is None else until
                case Discard(lane=lane, discarded=discarded):
                    read.shard = read.shard.with_lane(at, lane)
                    self._give_up(read, discarded)
                case Invoke(lane=lane, batch=batch):
                    read.shard = read.shard.with_lane(at, lane)
                    self._target.spawn(lambda batch=batch: self._invoke(read, at, batch))
                    return _NEVER

    def _invoke(self, read: _Read, at: int, batch: Batch) -> None:
        answer = self._target.invoke(read.reader.name, batch)
        with self._lock:
            settled = read.shard.lanes[at].answered(answer, self._clock())
            read.shard = read.shard.with_lane(at, settled.lane)
            if settled.discarded is not None:
                self._give_up(read, settled.discarded)
            if read.has_more:
                self._target.alarm(self._clock())
            self.advance()

    def _give_up(self, read: _Read, discarded: Discarded) -> None:
        name = read.reader.name
        self._target.spawn(lambda: self._target.give_up(name, discarded))
