"""Cron expressions: five fields, in the dialect of Vixie's cron.

https://man7.org/linux/man-pages/man5/crontab.5.html
"""

from __future__ import annotations

import calendar
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, datetime
from functools import lru_cache

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_WEEK = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAYS = {name: number for number, name in enumerate(_WEEK)}
_NUMBER = re.compile(r"[0-9]{1,2}")
_LONGEST_MONTHS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
_LONGEST_EXPRESSION = 256
_DAY_MINUTES = tuple(range(24 * 60))
_YEAR_MONTHS = 12
# Of the last year of all some zone has no moments; and a date has to stop somewhere.
_FIRST_MONTH, _LAST_MONTH = (MINYEAR + 1) * _YEAR_MONTHS, (MAXYEAR - 1) * _YEAR_MONTHS + 11


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    name: str
    low: int
    high: int
    names: dict[str, int]


_FIELDS = (
    _Field(name="minute", low=0, high=59, names={}),
    _Field(name="hour", low=0, high=23, names={}),
    _Field(name="day of month", low=1, high=31, names={}),
    _Field(name="month", low=1, high=12, names=_MONTHS),
    _Field(name="day of week", low=0, high=7, names=_DAYS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """What an expression says: of these days, these minutes.

    `expression` is its normal form: the same for all texts that differ in spaces and case alone.
    """

    expression: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday
    either_day: bool  # both kinds of day are restricted, and one that matches is enough

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Read an expression; raises ValueError that names the field, and what it may hold."""
        parts = text[:_LONGEST_EXPRESSION].lower().split()
        if len(text) > _LONGEST_EXPRESSION or len(parts) != len(_FIELDS):
            raise ValueError(
                f"cron must have five fields, minute hour day month weekday, got {text[:64]!r}"
            )
        values = [_values(field, part) for field, part in zip(_FIELDS, parts, strict=True)]
        minutes, hours, days, months, weekdays = values
        cron = cls(
            expression=" ".join(parts),
            minutes=minutes,
            hours=hours,
            days=days,
            months=months,
            weekdays=frozenset(day % 7 for day in weekdays),
            either_day=not parts[2].startswith("*") and not parts[4].startswith("*"),
        )
        if not cron.either_day and not any(
            day <= _LONGEST_MONTHS.get(month, 31) for month in months for day in days
        ):
            raise ValueError(f"cron {text!r} names a day that no month has, so it would never fire")
        return cron

    @property
    def is_weekly(self) -> bool:
        """Tell whether the day of the week alone decides which days match."""
        return len(self.days) == 31 and len(self.months) == 12  # noqa: PLR2004 - all there are

    @property
    def times(self) -> tuple[int, ...]:
        """The minutes of a matching day, 0 to 1,439, in order."""
        return _times(self.hours, self.minutes)

    @property
    def shortest_pause(self) -> int:
        """The fewest minutes between two of its times, on one day or over midnight."""
        times = self.times
        following = (*times[1:], times[0] + len(_DAY_MINUTES))
        return min(later - earlier for earlier, later in zip(times, following, strict=True))

    def after(self, local: datetime) -> Iterator[datetime]:
        """Give the local minutes at which it fires, from one on."""
        times, first = self.times, local.hour * 60 + local.minute
        for day in self._days_after(local):
            begin = bisect_left(times, first) if day == local.date() else 0
            for index in range(begin, len(times)):
                yield _at(day, times[index])

    def before(self, local: datetime) -> Iterator[datetime]:
        """Give the local minutes at which it fires, from one on back into the past."""
        times, last = self.times, local.hour * 60 + local.minute
        for day in self._days_before(local):
            end = bisect_left(times, last + 1) if day == local.date() else len(times)
            for index in range(end - 1, -1, -1):
                yield _at(day, times[index])

    def fires_at(self, local: datetime) -> bool:
        """Tell whether it fires at a local minute."""
        return local.minute in self.minutes and local.hour in self.hours and self.matches(local)

    def matches(self, day: date) -> bool:
        """Tell whether it fires on a day."""
        if day.month not in self.months:
            return False
        by_date, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (by_date or by_weekday) if self.either_day else (by_date and by_weekday)

    def _days_after(self, local: datetime) -> Iterator[date]:
        first = _month(local)
        for month in range(first, _LAST_MONTH + 1):
            for day in self._days_of(month):
                if month > first or day >= local.day:
                    yield date(*_year_and_month(month), day)

    def _days_before(self, local: datetime) -> Iterator[date]:
        first = _month(local)
        for month in range(first, _FIRST_MONTH - 1, -1):
            for day in reversed(self._days_of(month)):
                if month < first or day <= local.day:
                    yield date(*_year_and_month(month), day)

    def _days_of(self, month: int) -> tuple[int, ...]:
        year, number = _year_and_month(month)
        if number not in self.months:
            return ()
        shape = calendar.monthrange(year, number)
        return _matching(self.days, self.weekdays, shape, either=self.either_day)


@lru_cache(maxsize=256)
def _times(hours: frozenset[int], minutes: frozenset[int]) -> tuple[int, ...]:
    # Numbers of one table: with its own, each tuple would take four times as much.
    return tuple(
        _DAY_MINUTES[hour * 60 + minute] for hour in sorted(hours) for minute in sorted(minutes)
    )


@lru_cache(maxsize=4_096)
def _matching(
    days: frozenset[int], weekdays: frozenset[int], shape: tuple[int, int], *, either: bool
) -> tuple[int, ...]:
    """Give the days that match in a month of this shape: the weekday of its first, its length."""
    first, length = shape  # 0 is Monday here
    found: list[int] = []
    for day in range(1, length + 1):
        by_date, by_weekday = day in days, (first + day) % 7 in weekdays
        if (by_date or by_weekday) if either else (by_date and by_weekday):
            found.append(day)
    return tuple(found)


def _month(local: datetime) -> int:
    return local.year * _YEAR_MONTHS + local.month - 1


def _year_and_month(month: int) -> tuple[int, int]:
    year, index = divmod(month, _YEAR_MONTHS)
    return year, index + 1


def _at(day: date, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day, minute // 60, minute % 60)  # noqa: DTZ001 - local


def _values(field: _Field, text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        found |= _range(field, part)
    return frozenset(found)


def _range(field: _Field, text: str) -> set[int]:
    span, slash, step = text.partition("/")
    if span == "*":
        low, high = field.low, field.high
    else:
        first, dash, last = span.partition("-")
        low = _value(field, first)
        high = _value(field, last) if dash else (field.high if slash else low)
    if slash and not (_NUMBER.fullmatch(step) and 0 < int(step) <= field.high):
        raise ValueError(f"the step of {field.name} must be 1 to {field.high}, got {step!r}")
    if low > high:
        raise ValueError(f"the range of {field.name} must rise, got {span!r}")
    return set(range(low, high + 1, int(step) if slash else 1))


def _value(field: _Field, text: str) -> int:
    if text in field.names:
        return field.names[text]
    if _NUMBER.fullmatch(text) and field.low <= int(text) <= field.high:
        return int(text)
    raise ValueError(f"{field.name} must be {field.low} to {field.high}, got {text!r}")
