"""Schedules: when a timer fires, as a pure function of time. All moments are whole seconds UTC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from cdk_streamer_runtime.timers.cron import Cron
from cdk_streamer_runtime.timers.zones import instant, local_time, zone

# February 29 is the rarest day: 1896, then 1904.
_LONGEST_PAUSE_DAYS = 8 * 366
_LAST_DAY = date.max - timedelta(days=2)


class Schedule(Protocol):
    """When a timer fires."""

    def occurrences(self, start: int, end: int) -> Iterator[int]:
        """Give the moments in [start, end), in order, each once."""
        ...

    def next(self, start: int) -> int | None:
        """Give the first moment at or after `start`; None when there is none any more."""
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
        where = zone(self.timezone)
        last = local_time(end, where).date() if end > start else date.min
        latest = start - 1
        # The day before may reach over: what a gap at midnight skips fires on the next day.
        day = local_time(start, where).date() - timedelta(days=1)
        while day <= last:
            if self.cron.matches(day):
                for minute in self.cron.times:
                    moment = instant(_at(day, minute), where)
                    # Of several times in a gap, all of which fire at its end, one is enough.
                    if latest < moment < end:
                        latest = moment
                        yield moment
            day += timedelta(days=1)

    def next(self, start: int) -> int | None:
        """Give the first moment at or after `start`."""
        where = zone(self.timezone)
        day = local_time(start, where).date() - timedelta(days=1)
        for _ in range(_LONGEST_PAUSE_DAYS + 2):
            if day > _LAST_DAY:
                return None
            if self.cron.matches(day):
                for minute in self.cron.times:
                    moment = instant(_at(day, minute), where)
                    if moment >= start:
                        return moment
            day += timedelta(days=1)
        return None


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


def _at(day: date, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day, minute // 60, minute % 60)  # noqa: DTZ001 - local
