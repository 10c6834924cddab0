"""Cron expressions of EventBridge: six fields, with `?`, `L`, `W` and `#`.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_WEEK = {
    name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)
}
_FIELDS = 6
_DAYS = 5 * 366  # in which one that is not over has a day: leap years are in it
_LAST_YEAR = 2199
_NEAREST = re.compile(r"(\d+)W")
_NTH = re.compile(r"([A-Z0-9]+)#([1-5])")
_LAST_DAY = re.compile(r"([A-Z0-9]+)L")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCron:
    """One expression. Days of the week are 1, Sunday, to 7."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: str
    months: frozenset[int]
    weekdays: str
    years: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> EventCron:
        """Read it; raises ValueError."""
        parts = text.upper().split()
        if len(parts) != _FIELDS:
            raise ValueError(f"cron of EventBridge must have six fields, got {text!r}")
        minutes, hours, days, months, weekdays, years = parts
        return cls(
            minutes=_values(minutes, 0, 59),
            hours=_values(hours, 0, 23),
            days=days,
            months=_values(months, 1, 12, _MONTHS),
            weekdays=weekdays,
            years=_values(years, 1970, _LAST_YEAR),
        )

    def next(self, after: datetime) -> datetime | None:
        """Give the first minute after a moment; None when there is none in the next years."""
        first = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
        times = sorted((hour, minute) for hour in self.hours for minute in self.minutes)
        for number in range(_DAYS):
            day = first.date() + timedelta(days=number)
            if not self.matches(day):
                continue
            for hour, minute in times:
                moment = first.replace(
                    year=day.year, month=day.month, day=day.day, hour=hour, minute=minute
                )
                if moment >= first:
                    return moment
        return None

    def matches(self, day: date) -> bool:
        """Tell whether it fires on a day."""
        if day.year not in self.years or day.month not in self.months:
            return False
        if self.days not in {"?", "*"}:
            return any(_is_day(part, day) for part in self.days.split(","))
        if self.weekdays not in {"?", "*"}:
            return any(_is_weekday(part, day) for part in self.weekdays.split(","))
        return True


def _is_day(part: str, day: date) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    if part == "L":
        return day.day == last
    if part == "LW":
        return day == _nearest(day, last)
    if found := _NEAREST.fullmatch(part):
        return int(found[1]) <= last and day == _nearest(day, int(found[1]))
    return day.day in _values(part, 1, 31)


def _is_weekday(part: str, day: date) -> bool:
    weekday = day.isoweekday() % 7 + 1
    if part == "L":
        return weekday == _WEEK["SAT"]
    if found := _NTH.fullmatch(part):
        return weekday == _number(found[1], _WEEK) and (day.day - 1) // 7 + 1 == int(found[2])
    if found := _LAST_DAY.fullmatch(part):
        last = calendar.monthrange(day.year, day.month)[1]
        return weekday == _number(found[1], _WEEK) and day.day > last - 7
    return weekday in _values(part, 1, 7, _WEEK)


def _nearest(day: date, number: int) -> date:
    """Give the weekday nearest to a day of the month, within the month."""
    wanted = day.replace(day=number)
    last = calendar.monthrange(day.year, day.month)[1]
    match wanted.isoweekday():
        case 6:
            return wanted - timedelta(days=1) if number > 1 else wanted + timedelta(days=2)
        case 7:
            return wanted + timedelta(days=1) if number < last else wanted - timedelta(days=2)
        case _:
            return wanted


def _values(field: str, low: int, high: int, names: dict[str, int] | None = None) -> frozenset[int]:
    values: set[int] = set()
    for part in field.split(","):
        reach, _, step = part.partition("/")
        first, _, last = reach.partition("-")
        if first in {"*", "?"}:
            begin, end = low, high
        else:
            begin = _number(first, names)
            end = _number(last, names) if last else (high if step else begin)
        values |= set(range(begin, end + 1, int(step or 1)))
    return frozenset(values)


def _number(text: str, names: dict[str, int] | None) -> int:
    return names[text] if names and text in names else int(text)
