"""What was owed and what came: each firing that was due, and each poll of the feeds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Key = tuple[str, int]
"""A firing: the timer's id, and the second at which it was due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A poll: the firing that caused it, and when it came, in seconds since 1970."""

    key: Key
    at: float

    @property
    def kind(self) -> str:
        """What schedule it is of: the first word of the timer's id."""
        return kind_of(self.key)

    @property
    def lateness(self) -> float:
        """How many seconds after its moment it came; below zero it was early."""
        return self.at - self.key[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The firings that were due, and the first arrival of each; all others are duplicates."""

    due: frozenset[Key]
    arrivals: Sequence[Arrival]

    @classmethod
    def of(cls, due: Iterable[Key], polls: Iterable[Arrival]) -> Account:
        """Set one against the other: only what was due counts."""
        wanted = frozenset(due)
        found = [poll for poll in polls if poll.key in wanted]
        return cls(due=wanted, arrivals=sorted(found, key=lambda arrival: arrival.at))

    @property
    def firsts(self) -> list[Arrival]:
        """The first arrival of each firing."""
        first: dict[Key, Arrival] = {}
        for arrival in self.arrivals:
            first.setdefault(arrival.key, arrival)
        return list(first.values())

    @property
    def lost(self) -> list[Key]:
        """What was due and never came."""
        return sorted(self.due - {arrival.key for arrival in self.arrivals})

    @property
    def early(self) -> list[Arrival]:
        """What came before its moment."""
        return [arrival for arrival in self.firsts if arrival.lateness < 0]

    @property
    def duplicates(self) -> int:
        """How many polls there were beyond one for each firing."""
        return len(self.arrivals) - len(self.firsts)

    @property
    def lateness(self) -> list[float]:
        """All latenesses, the smallest first."""
        return sorted(arrival.lateness for arrival in self.firsts)

    def by_kind(self) -> list[tuple[str, int, int]]:
        """Give each kind of schedule with how many firings of it were due, and how many came."""
        due = Counter(map(kind_of, self.due))
        fired = Counter(arrival.kind for arrival in self.firsts)
        return [(kind, count, fired[kind]) for kind, count in due.most_common()]


def kind_of(key: Key) -> str:
    """Give the first word of a timer's id."""
    return key[0].partition(":")[0]


def percentile(values: Sequence[float], share: float) -> float:
    """Give the smallest of some sorted values that no less than this share of them is up to."""
    return values[max(math.ceil(share * len(values)) - 1, 0)] if values else math.nan


def key_of(text: str) -> Key:
    """Read a fire key, `<id>/<second>`."""
    id, _, second = text.rpartition("/")
    return id, int(second)
