"""Compaction: of the events of a group in a batch only the last one counts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.streams.pipelines.gathering import merged_in_scope
from cdk_streamer_runtime.streams.pipelines.steps import Gather
from cdk_streamer_runtime.streams.uow import UnitOfWork


def by_partition_key(uow: UnitOfWork) -> str:
    """Give what an event is grouped by, unless told otherwise."""
    return uow.event["partitionKey"]


def by_timestamp(uow: UnitOfWork) -> int:
    """Give what events are sorted by, unless told otherwise."""
    return uow.event["timestamp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compact:
    """Which events are of one group, and their order in it; equal ones stay as they came.

    The last one of a group goes on, with all of them in `batch`; what becomes of it becomes of
    all.
    """

    group: Callable[[UnitOfWork], Hashable] = by_partition_key
    sort: Callable[[UnitOfWork], Any] = by_timestamp

    def step(self) -> Gather:
        """Give the step that does it."""
        return Gather(name="compact", new=lambda: _Compaction(self))


class _Compaction:
    def __init__(self, how: Compact) -> None:
        self._how = how
        self._groups: dict[Hashable, tuple[list[Any], list[UnitOfWork]]] = {}

    def add(self, uow: UnitOfWork) -> tuple[UnitOfWork, ...]:
        # What cannot be compared or grouped is the fault of this event alone, so it is done here.
        ranks, units = self._groups.get(group := self._how.group(uow), ([], []))
        rank = self._how.sort(uow)
        place = bisect_right(ranks, rank)
        ranks.insert(place, rank)
        units.insert(place, uow)
        self._groups[group] = ranks, units
        return ()

    def finish(self) -> Iterator[UnitOfWork]:
        groups, self._groups = self._groups, {}
        return (merged_in_scope(units) for _, units in groups.values())
