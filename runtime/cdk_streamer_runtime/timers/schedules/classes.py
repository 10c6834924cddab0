"""The classes of the wheel as they are registered, and the schedule of a place in one."""

from __future__ import annotations

from functools import lru_cache

from cdk_streamer_runtime.timers.schedules.cron import Cron
from cdk_streamer_runtime.timers.schedules.schedule import Calendar, Every, Schedule
from cdk_streamer_runtime.timers.schedules.wheel import (
    WINDOW,
    CronClass,
    DailyClass,
    PeriodClass,
    WheelClass,
)

_WEEK = range(7)
_PERIOD, _DAILY = "i", "k"


@lru_cache(maxsize=4_096)
def class_of(key: str, cron: str | None = None, timezone: str | None = None) -> WheelClass:
    """Rebuild a class from its key; one of an expression needs that and its zone as well.

    Raises ValueError for what is no class.
    """
    kind, rest = key[:1], key[1:]
    if kind == _PERIOD:
        return PeriodClass(period=int(rest))
    if kind == _DAILY:
        zone, _, mask = rest.rpartition(":")
        return DailyClass(
            timezone=zone, weekdays=frozenset(day for day in _WEEK if int(mask) >> day & 1)
        )
    if cron is None or timezone is None:
        raise ValueError(f"class {key!r} needs its expression and its zone")
    return CronClass(cron=Cron.parse(cron), timezone=timezone)


@lru_cache(maxsize=65_536)
def schedule_at(wheel_class: WheelClass, slot: int, second: int) -> Schedule:
    """Give when the timers of a place fire; raises ValueError for a class of another kind."""
    match wheel_class:
        case PeriodClass(period=period):
            return Every(period=period, phase=slot * WINDOW + second)
        case DailyClass(timezone=timezone, weekdays=weekdays):
            days = ",".join(map(str, sorted(weekdays)))
            expression = f"{slot % 60} {slot // 60} * * {'*' if len(weekdays) == 7 else days}"  # noqa: PLR2004 - all
            return Calendar(cron=Cron.parse(expression), timezone=timezone)
        case CronClass(cron=cron, timezone=timezone):
            return Calendar(cron=cron, timezone=timezone)
        case _:
            raise ValueError(f"no schedule is known for class {wheel_class.key!r}")
