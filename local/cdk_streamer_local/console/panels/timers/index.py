"""What is known of a service's timers between two looks at its table."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cdk_streamer_runtime.attributes import AttributeMap, unmarshal_item
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract.timers import TIMER_OWNER_INDEX, TimerState
from cdk_streamer_runtime.timers.definition import Definition
from cdk_streamer_runtime.timers.table.items import definition_of
from cdk_streamer_runtime.timers.timer import expiry, since_of

MOST = 20_000  # timers of a service that are looked at; the others are said to be there
_REST = 15  # to look takes the engine's time, so this much more is left to others
_NEVER = 1 << 62


@dataclass(slots=True, kw_only=True)
class Entry:
    """One timer as the owners' index has it, and when it fires next, once somebody asked.

    `own` is the definition without the moments before `since`, in milliseconds: these are no
    firings of this timer.
    """

    told: AttributeMap
    definition: Definition
    own: Definition
    since: int
    created_at: int
    _next: int = -1

    def next(self, now: int) -> int | None:
        """Give the second at which it fires next; None when it is paused or has ended."""
        if self.definition.paused:
            return None
        if self._next < now:
            found = self.own.next(now)
            self._next = _NEVER if found is None else found.fire_at
        return None if self._next == _NEVER else self._next

    def last(self, now: int) -> int | None:
        """Give the second at which it was due last, since it is as it is."""
        found = None if self.definition.paused else self.own.previous(now + 1)
        return None if found is None else found.fire_at

    def state(self, now: int) -> TimerState:
        """Tell where it stands."""
        if self.definition.paused:
            return TimerState.PAUSED
        return TimerState.ENDED if self.next(now) is None else TimerState.ACTIVE

    def moments(self, start: int, end: int) -> Iterator[int]:
        """Give when it fires in [start, end)."""
        first = self.next(start)
        if first is None or first >= end:
            return
        delay = self.definition.longest_delay
        for each in self.own.occurrences(first - delay, end):
            if first <= each.fire_at < end:
                yield each.fire_at


@dataclass(slots=True, kw_only=True)
class TimerIndex:
    """The timers of one table, by id. `revision` counts what was seen to change."""

    entries: Mapping[str, Entry] = field(default_factory=dict[str, Entry])
    is_cut: bool = False
    revision: int = 0
    _due: float = 0.0
    _now: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refresh(self, aws: Aws, table: str, now: int) -> None:
        """Look at the table, unless that was done just now; the larger, the rarer."""
        with self._lock:
            began = self._now()
            if began >= self._due:
                self._read(aws, table, now)
                ended = self._now()
                self._due = ended + (ended - began) * _REST

    def forget(self) -> None:
        """Look anew the next time: something was done."""
        self._due = 0.0

    def states(self, now: int) -> Mapping[str, int]:
        """Count the timers by state."""
        counted = Counter(entry.state(now) for entry in self.entries.values())
        return {state.value: counted[state] for state in TimerState}

    def owners(self) -> Mapping[str, int]:
        """Count the timers by owner; those that have none are not counted."""
        owners = (entry.definition.owner for entry in self.entries.values())
        return Counter(owner for owner in owners if owner)

    def due(self, now: int, seconds: int) -> Sequence[int]:
        """Count what fires in each of the seconds that follow."""
        counted = [0] * seconds
        for entry in self.entries.values():
            for moment in entry.moments(now, now + seconds):
                counted[moment - now] += 1
        return counted

    def _read(self, aws: Aws, table: str, now: int) -> None:
        entries: dict[str, Entry] = {}
        changed = False
        self.is_cut = False
        for page in _pages(aws, table):
            for told in page:
                entry = self._entry(told)
                if _is_there(entry, now):
                    changed = changed or entry.told is told
                    entries[entry.definition.id] = entry
            if len(entries) >= MOST:
                self.is_cut = True
                break
        if changed or entries.keys() != self.entries.keys():
            self.revision += 1
        self.entries = entries

    def _entry(self, told: AttributeMap) -> Entry:
        known = self.entries.get(told["id"]["S"])
        if known is not None and known.told == told:
            return known
        item = unmarshal_item(told)
        definition = definition_of(item)
        since = since_of(definition, item["slot_since"])
        return Entry(
            told=told,
            definition=definition,
            own=replace(definition, start=max(definition.start or 0, -(-since // 1000))),
            since=since,
            created_at=item["created_at"],
        )


def _is_there(entry: Entry, now: int) -> bool:
    """Tell whether its time is not over; the table removes it later than that."""
    expires = expiry(entry.definition)
    return expires is None or expires > now


def _pages(aws: Aws, table: str) -> Iterator[Sequence[AttributeMap]]:
    parameters: dict[str, Any] = {"TableName": table, "IndexName": TIMER_OWNER_INDEX}
    while True:
        answer = aws.call("dynamodb", "Scan", parameters)
        # A timer that was deleted leaves its revision, which the index does not have.
        yield [item for item in answer["Items"] if "schedule" in item]
        if "LastEvaluatedKey" not in answer:
            return
        parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
