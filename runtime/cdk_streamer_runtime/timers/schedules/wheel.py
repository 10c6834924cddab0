"""The class wheel: which places a dispatcher reads for one minute, and what fires there then.

A recurrence is a pure function of time, so a timer lies still: it has one place, a slot of the
class of all timers that recur alike, and a firing writes nothing. A window is the minute that
begins at a moment divisible by 60.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from cdk_streamer_runtime.timers.schedules.cron import Cron
from cdk_streamer_runtime.timers.schedules.schedule import Calendar, Every, Schedule
from cdk_streamer_runtime.timers.schedules.zones import local_time, zone

WINDOW = 60
_MINUTE = timedelta(minutes=1)
_DAY_MINUTES = 24 * 60


class WheelClass(Protocol):
    """Timers that recur alike."""

    @property
    def key(self) -> str:
        """Name the class; equal classes have equal names."""
        ...

    def slots(self, window: int) -> Sequence[int]:
        """Give the slots that the window touches."""
        ...

    def moments(self, slot: int, second: int, window: int) -> Sequence[int]:
        """Give when a timer of a touched slot fires within the window, in order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a timer lies: `second` is its order within the slot, 0 to 59."""

    wheel_class: WheelClass
    slot: int
    second: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodClass:
    """All timers of one period: a slot is a minute of it."""

    period: int

    @property
    def key(self) -> str:
        """Name the class by its period."""
        return f"i{self.period}"

    def slots(self, window: int) -> Sequence[int]:
        """Give each minute of the period that a second of the window falls into."""
        phases = (moment % self.period for moment in range(window, window + WINDOW))
        return tuple(dict.fromkeys(phase // WINDOW for phase in phases))

    def moments(self, slot: int, second: int, window: int) -> Sequence[int]:
        """Give each second of the window at this phase: several, with a period below a minute."""
        every = Every(period=self.period, phase=slot * WINDOW + second)
        return tuple(every.occurrences(window, window + WINDOW))


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyClass:
    """All timers of a zone with one time a day on the same weekdays: a slot is a minute of day."""

    timezone: str
    weekdays: frozenset[int]  # 0 is Sunday

    @property
    def key(self) -> str:
        """Name the class by its zone and a mask of its weekdays."""
        mask = sum(1 << day for day in self.weekdays)
        return f"k{self.timezone}:{mask}"

    def slots(self, window: int) -> Sequence[int]:
        """Give the minute that it is there now, and those that a gap has just skipped."""
        return tuple(
            local.hour * 60 + local.minute
            for local in _local_minutes(window, self.timezone)
            if local.isoweekday() % 7 in self.weekdays
        )

    def moments(self, slot: int, second: int, window: int) -> Sequence[int]:
        """Give the window's own beginning."""
        del slot, second
        return (window,)


@dataclass(frozen=True, slots=True, kw_only=True)
class CronClass:
    """All timers of one expression in one zone."""

    cron: Cron
    timezone: str

    @property
    def key(self) -> str:
        """Name the class by a digest, since an expression may be long."""
        text = f"{self.timezone}\n{self.cron.expression}"
        return f"x{hashlib.sha256(text.encode()).hexdigest()[:32]}"

    def slots(self, window: int) -> Sequence[int]:
        """Give the one slot if it is time."""
        return (0,) if any(map(self.cron.fires_at, _local_minutes(window, self.timezone))) else ()

    def moments(self, slot: int, second: int, window: int) -> Sequence[int]:
        """Give the window's own beginning."""
        del slot, second
        return (window,)


def place_of(schedule: Schedule) -> Place | None:
    """Give the place of a recurring timer; None for what has none, such as a single moment."""
    match schedule:
        case Every(period=period, phase=phase):
            slot, second = divmod(phase, WINDOW)
            return Place(wheel_class=PeriodClass(period=period), slot=slot, second=second)
        case Calendar(cron=cron, timezone=timezone):
            times = cron.times
            if cron.is_weekly and len(times) == 1:
                daily = DailyClass(timezone=timezone, weekdays=_weekdays(cron))
                return Place(wheel_class=daily, slot=times[0])
            return Place(wheel_class=CronClass(cron=cron, timezone=timezone), slot=0)
        case _:
            return None


def _weekdays(cron: Cron) -> frozenset[int]:
    """Give the days of the week that match; with every date allowed beside them, all do."""
    return frozenset(range(7)) if cron.either_day else cron.weekdays


def _local_minutes(window: int, timezone: str) -> Iterator[datetime]:
    """Give what clocks show in the window, and before it what a gap has just skipped.

    Nothing when clocks were put back and show these minutes for the second time.
    """
    where = zone(timezone)
    if datetime.fromtimestamp(window, where).fold:
        return
    now = local_time(window, where)
    skipped = local_time(window - WINDOW, where) + _MINUTE
    while skipped < now:
        yield skipped
        skipped += _MINUTE
    yield now
