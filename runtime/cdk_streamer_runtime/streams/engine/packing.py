"""Packing: which entries the next bulk call takes.

Entries of one strand follow each other. The call takes from those strands that have the most
left, which makes as few calls as can be.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cdk_streamer_runtime.streams.pipelines.steps import Entry


@dataclass(slots=True, eq=False)
class Parcel:
    """An entry on its way; `index` is its unit's place.

    A call with it has `most` entries: fewer and fewer, as long as calls are refused as a whole.
    """

    index: int
    strand: object
    entry: Entry
    attempts: int = 0
    most: int = sys.maxsize


class Packing:
    """The entries of a lane that are not yet sent."""

    def __init__(self, parcels: Iterable[Parcel], *, count: int, size: int) -> None:
        self._strands: dict[object, deque[Parcel]] = {}
        for parcel in parcels:
            strand = self._strands.get(parcel.strand)
            if strand is None:
                self._strands[parcel.strand] = deque((parcel,))
            else:
                strand.append(parcel)
        self._open = sorted(self._strands.values(), key=len, reverse=True)
        self._count = count
        self._size = size

    def __bool__(self) -> bool:
        return bool(self._open)

    def __iter__(self) -> Iterator[Parcel]:
        for strand in self._open:
            yield from strand

    def next(self) -> list[Parcel]:
        """Take the entries of the next call."""
        taken: list[Parcel] = []
        most, size, seen = self._count, 0, 0
        for strand in self._open:
            seen += 1
            parcel = strand[0]
            if taken and (len(taken) >= parcel.most or size + parcel.entry.size > self._size):
                continue
            taken.append(strand.popleft())
            size += parcel.entry.size
            most = min(most, parcel.most)
            if len(taken) == most:
                break
        self._open[:seen] = [strand for strand in self._open[:seen] if strand]
        self._sort()
        return taken

    def again(self, parcel: Parcel) -> None:
        """Put an entry that was taken back to the head of its strand."""
        strand = self._strands[parcel.strand]
        if not strand:
            self._open.append(strand)
        strand.appendleft(parcel)
        self._sort()

    def _sort(self) -> None:
        if self._open and (len(self._open[0]) > 1 or len(self._open[-1]) > 1):
            self._open.sort(key=len, reverse=True)
