"""Schedules: when a timer fires, as a pure function of time. All moments are whole seconds UTC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from cdk_streamer_runtime.timers.schedules.cron import Cron
from cdk_streamer_runtime.timers.schedules.zones import after, before, instant, zone


class Schedule(Protocol):
    """When a timer fires."""

    def occurrences(self, start: int, end: int) -> Iterator[int]:
        """Give the moments in [start, end), in order, each once."""
        ...

    def next(self, start: int) -> int | None:
        """Give the first moment at or after `start`; None when there is none any more."""
        ...

    def previous(self, end: int) -> int | None:
        """Give the last moment before `end`; None when there was none yet."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """Each `period` seconds, `phase` seconds after the multiples of the period since the epoch."""

    period: int
    phase: int = 0

    def __post_init__(self) -> None:
        """Refuse what could not be; raises ValueError."""
        if self.period < 1:
            raise ValueError(f"every must be at least 1 second, got {self.period!r}")
        if not 0 <= self.phase < self.period:
            raise ValueError(
                f"phase must be 0 to {self.period - 1}, below the period, got {self.phase!r}"
            )

    def occurrences(self, start: int, end: int) -> Iterator[int]:
        """Give the moments in [start, end)."""
        return iter(range(self.next(start), end, self.period))

    def next(self, start: int) -> int:
        """Give the first moment at or after `start`."""
        return start + (self.phase - start) % self.period

    def previous(self, end: int) -> int:
        """Give the last moment before `end`."""
        return end - 1 - (end - 1 - self.phase) % self.period


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """By a cron expression, in a time zone.

    A local time that is skipped when clocks go forward fires at the first minute after the gap;
    one that comes twice fires the first time.
    """

    cron: Cron
    timezone: str

    def __post_init__(self) -> None:
        """Refuse an unknown time zone; raises ValueError."""
        zone(self.timezone)

    def occurrences(self, start: int, end: int) -> Iterator[int]:
        """Give the moments in [start, end)."""
        latest = start - 1
        for moment in self._from(start):
            if moment >= end:
                return
            # Of several times in a gap, all of which fire at its end, one is enough.
            if moment > latest:
                latest = moment
                yield moment

    def next(self, start: int) -> int | None:
        """Give the first moment at or after `start`."""
        return next((moment for moment in self._from(start) if moment >= start), None)

    def previous(self, end: int) -> int | None:
        """Give the last moment before `end`."""
        where = zone(self.timezone)
        earlier = (instant(local, where) for local in self.cron.before(before(end, where)))
        return next((moment for moment in earlier if moment < end), None)

    def _from(self, start: int) -> Iterator[int]:
        """Give moments in order, the first few of which may be before the start, or the same."""
        where = zone(self.timezone)
        return (instant(local, where) for local in self.cron.after(after(start, where)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """At one moment."""

    moment: int

    def occurrences(self, start: int, end: int) -> Iterator[int]:
        """Give the moment if it is in [start, end)."""
        return iter((self.moment,) if start <= self.moment < end else ())

    def next(self, start: int) -> int | None:
        """Give the moment unless it is before `start`."""
        return self.moment if start <= self.moment else None

    def previous(self, end: int) -> int | None:
        """Give the moment if it is before `end`."""
        return self.moment if self.moment < end else None
