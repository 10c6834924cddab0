"""The places of the items of one partition, in the order of their sort keys."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

# An item's place: what its sort key sorts by, if it is an index's, then its table's primary key.
# All of one partition have the same types, position by position, which no type checker can know.
Place = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Which sort keys are wanted: those that lie neither below nor above."""

    below: Callable[[Any], bool] = lambda _order: False
    above: Callable[[Any], bool] = lambda _order: False


class Partition:
    """Places in order: found by halving, however many there are. `sorted_by` counts from 0."""

    def __init__(self, sorted_by: int) -> None:
        self._sorted_by = sorted_by
        self._places: list[Place] = []

    def __bool__(self) -> bool:
        return bool(self._places)

    def add(self, place: Place) -> None:
        """Put a new place where it belongs."""
        if self._places and self._places[-1] > place:
            insort(self._places, place)
        else:
            self._places.append(place)

    def remove(self, place: Place) -> None:
        """Take a place out, which must be there."""
        del self._places[bisect_left(self._places, place)]

    def places(
        self, bounds: Bounds | None = None, *, after: Place | None = None, forward: bool = True
    ) -> Iterator[Place]:
        """Give the places within the bounds, in one order or the other, all or those after one."""
        start, end = self._within(bounds)
        if after is not None and forward:
            start = max(start, bisect_right(self._places, after))
        elif after is not None:
            end = min(end, bisect_left(self._places, after))
        positions = range(start, end) if forward else range(end - 1, start - 1, -1)
        return (self._places[position] for position in positions)

    def _within(self, bounds: Bounds | None) -> tuple[int, int]:
        if bounds is None:
            return 0, len(self._places)
        start = self._first(lambda order: not bounds.below(order), 0)
        return start, self._first(bounds.above, start)

    def _first(self, test: Callable[[Any], bool], start: int) -> int:
        """Give where the first place is that passes a test which all after it pass too."""
        position = self._sorted_by
        return bisect_left(self._places, 1, lo=start, key=lambda place: test(place[position]))
