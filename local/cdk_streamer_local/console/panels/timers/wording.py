"""Schedules of timers in words."""

from __future__ import annotations

from datetime import UTC, datetime

from cdk_streamer_runtime.timers.schedules.cron import Cron
from cdk_streamer_runtime.timers.schedules.schedule import Calendar, Every, Once, Schedule

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_FEW_TIMES = 3
_DAY_MINUTES = 24 * 60


def in_words(schedule: Schedule) -> str:
    """Say when it fires; a calendar that is not simple stays the expression that it is."""
    match schedule:
        case Every(period=period):
            return f"every {_period(period)}"
        case Calendar(cron=cron, timezone=timezone):
            return f"{_calendar(cron)}{'' if timezone == 'UTC' else f', {timezone}'}"
        case Once(moment=moment):
            return f"once, {datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%SZ}"
        case _:
            return str(schedule)


def _period(seconds: int) -> str:
    unit, name = next(each for each in _UNITS if seconds % each[0] == 0)
    number = seconds // unit
    return name if number == 1 else f"{number:,} {name}s"


def _calendar(cron: Cron) -> str:
    times = cron.times
    is_daily = cron.is_weekly and len(cron.weekdays) == len(_DAYS)
    if is_daily and len(times) > 1 and len(times) * cron.shortest_pause == _DAY_MINUTES:
        return f"every {_period(cron.shortest_pause * 60)}"
    if not cron.is_weekly or cron.either_day or len(times) > _FEW_TIMES:
        return cron.expression
    at = ", ".join(f"{time // 60:02}:{time % 60:02}" for time in times)
    return f"{at} {_weekdays(sorted(cron.weekdays))}"


def _weekdays(days: list[int]) -> str:
    if len(days) == len(_DAYS):
        return "daily"
    first, last = days[0], days[-1]
    if len(days) > 2 and days == list(range(first, last + 1)):  # noqa: PLR2004 - two are a list
        return f"{_DAYS[first]}-{_DAYS[last]}"
    return ", ".join(_DAYS[day] for day in days)
