"""Timers as people want them, drawn from a seed; and what they write to want one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from cdk_streamer_runtime.documents import decode, encode
from cdk_streamer_runtime.timers.definition import (
    Definition,
    Jitter,
    Misfire,
    Policy,
    stable_number,
)
from cdk_streamer_runtime.timers.schedules.cron import Cron
from cdk_streamer_runtime.timers.schedules.schedule import Calendar, Every, Once, Schedule
from cdk_streamer_runtime.timers.schedules.zones import local_time, zone
from tests.runtime.timers.simulation.queues import POISON

LARGE = 7_000  # characters of data that still lie in the wheel
APART = 9_000  # ... and of data that do not
PERIODS = (7, 20, 30, 45, 60, 60, 90, 120, 300, 300, 420, 600, 900)
QUICK = (1, 1, 2, 3, 5)
POLICIES = (Policy.FIRE_ALL,) * 7 + (Policy.FIRE_LATEST,) * 2 + (Policy.SKIP,)
UNUSUAL = "\uffff"  # JSON may hold it, a message of SQS may not


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """A moment to begin at, in seconds, and the zone in which something happens then."""

    start: int
    timezone: str


def _night(text: str, timezone: str) -> Night:
    return Night(start=int(datetime.fromisoformat(text).timestamp()), timezone=timezone)


NIGHTS = (
    _night("2026-03-29T00:45:00+00:00", "Europe/Berlin"),
    _night("2026-10-25T00:45:00+00:00", "Europe/Berlin"),
    _night("2026-10-03T15:15:00+00:00", "Australia/Lord_Howe"),
    _night("2026-04-04T14:45:00+00:00", "Australia/Lord_Howe"),
    _night("2026-04-23T21:45:00+00:00", "Africa/Cairo"),
    _night("2026-11-01T05:45:00+00:00", "America/New_York"),
    _night("2028-02-29T23:45:00+00:00", "UTC"),
    _night("2026-06-30T23:40:00+00:00", "Asia/Kolkata"),
)


class Kind(StrEnum):
    """How the timers of a seed are: of all sorts, many firings a minute, or large and together."""

    MIXED = "mixed"
    PAGES = "pages"
    CROWD = "crowd"


class Population:
    """Draws timers, and later wishes for the same ids."""

    def __init__(self, random: random.Random, night: Night, minutes: int, kind: Kind) -> None:
        self._random = random
        self._night = night
        self._minutes = minutes
        self._kind = kind
        self._operations = 0

    def ids(self) -> Sequence[str]:
        """Give the ids of this seed's timers."""
        many = {Kind.MIXED: 60, Kind.CROWD: 30, Kind.PAGES: 220}[self._kind]
        return [f"timer-{number}" for number in range(many)]

    def definition(self, id: str) -> Definition:
        """Draw a timer."""
        random, number = self._random, int(id.rpartition("-")[2])
        misfire = Misfire(policy=random.choice(POLICIES), grace=random.choice((60, 60, 5, 300)))
        if self._kind == Kind.PAGES and number >= 10:
            return self._with_data(
                Definition(
                    id=id,
                    schedule=Every(period=300, phase=60 + random.randint(0, 59)),
                    data="",
                    misfire=Misfire(policy=Policy.FIRE_ALL),
                ),
                LARGE,
            )
        schedule = self._schedule(number)
        if isinstance(schedule, Every) and random.random() < 0.3:
            own = stable_number(id) % schedule.period
            schedule = Every(period=schedule.period, phase=own)
        if _is_hourly(schedule) and random.random() < 0.5:
            return self._with_data(Definition(id=id, schedule=schedule, data="", plain=True), 10)
        return self._with_data(
            Definition(
                id=id,
                schedule=schedule,
                data="",
                misfire=misfire,
                jitter=self._jitter(schedule),
                **self._bounds(schedule),
            ),
            random.choice((10, 10, 10, 200, APART if random.random() < 0.1 else 10)),
        )

    def edited(self, definition: Definition) -> Definition:
        """Change what a timer says, and nothing else."""
        return self._with_data(definition, 10)

    def moved(self, definition: Definition) -> Definition:
        """Change when a timer fires."""
        number = self._random.randint(0, 29)
        schedule = self._schedule(number)
        return self._with_data(
            replace(
                definition,
                schedule=schedule,
                jitter=self._jitter(schedule),
                plain=False,
                **self._bounds(schedule),
            ),
            10,
        )

    def operation(self) -> int:
        """Give a number that no other wish has."""
        self._operations += 1
        return self._operations

    def _with_data(self, definition: Definition, length: int) -> Definition:
        random = self._random
        text = "x" * length
        if random.random() < 0.02:
            text += POISON
        elif random.random() < 0.02:
            text += UNUSUAL
        return replace(definition, data=encode({"op": self.operation(), "text": text}))

    def _schedule(self, number: int) -> Schedule:
        random, night = self._random, self._night
        if self._kind == Kind.CROWD and number < 20:
            period = random.choice(QUICK)
            return Every(period=period, phase=random.randrange(period))
        moment = night.start + random.randint(120, self._minutes * 60 - 120)
        draw = random.random()
        if draw < 0.62:
            period = random.choice(PERIODS)
            return Every(period=period, phase=random.randrange(period))
        if draw < 0.68:
            return Every(period=3600, phase=moment // 60 % 60 * 60)
        if draw < 0.8:
            return Once(moment=moment)
        local = local_time(moment, zone(night.timezone))
        weekday = random.choice(("*", str(local.isoweekday() % 7), "1-5"))
        expression = random.choice(
            (
                f"{local.minute} {local.hour} * * {weekday}",
                f"{local.minute} {local.hour} {local.day} * *",
                f"*/{random.choice((2, 3, 5, 10))} * * * *",
                f"{local.minute}-59/{random.randint(1, 9)} {local.hour} * * *",
                f"{local.minute},30,5 2,{local.hour} * * *",
            )
        )
        return Calendar(cron=Cron.parse(expression), timezone=night.timezone)

    def _jitter(self, schedule: Schedule) -> Jitter | None:
        random = self._random
        if isinstance(schedule, Once) or random.random() < 0.85:
            return None
        longest = schedule.period - 1 if isinstance(schedule, Every) else 50
        longest = min(longest, 50)
        each = random.random() < 0.5
        return Jitter(seconds=random.randint(1, longest), each=each) if longest else None

    def _bounds(self, schedule: Schedule) -> dict[str, Any]:
        random, night = self._random, self._night
        if isinstance(schedule, Once) or random.random() < 0.85:
            return {"start": None, "end": None}
        start = night.start + random.randint(-600, self._minutes * 30)
        return {"start": start, "end": start + random.randint(600, self._minutes * 60)}


def _is_hourly(schedule: Schedule) -> bool:
    return isinstance(schedule, Every) and schedule.period == 3600 and schedule.phase % 60 == 0


def body(definition: Definition) -> dict[str, Any]:
    """Write the body of a PUT."""
    data = decode(definition.data)
    schedule = definition.schedule
    if definition.plain and isinstance(schedule, Every):
        return {"timerCallbackData": data, "minuteOfHour": schedule.phase // 60}
    document: dict[str, Any] = {"schedule": schedule_member(schedule, definition.id), "data": data}
    if definition.start is not None:
        document["start"] = timestamp(definition.start)
    if definition.end is not None:
        document["end"] = timestamp(definition.end)
    if definition.jitter is not None:
        mode = "each" if definition.jitter.each else "stable"
        document["jitter"] = {"seconds": definition.jitter.seconds, "mode": mode}
    misfire = definition.misfire
    document["misfire"] = {"policy": misfire.policy.value, "grace": misfire.grace}
    if definition.paused:
        document["state"] = "PAUSED"
    return document


def schedule_member(schedule: Schedule, id: str) -> dict[str, Any]:
    """Write a schedule as a member of a body."""
    match schedule:
        case Every(period=period, phase=phase):
            # The phase that it has by itself need not be told.
            own = stable_number(id) % period
            return {"every": period} if phase == own else {"every": period, "phase": phase}
        case Calendar(cron=cron, timezone=timezone):
            return {"cron": cron.expression, "timezone": timezone}
        case Once(moment=moment):
            return {"at": timestamp(moment)}
        case _:
            raise TypeError(schedule)


def timestamp(seconds: int) -> str:
    """Write a moment as RFC 3339 has it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def operation_of(data: str) -> int:
    """Read which wish a timer's data is of."""
    return decode(data)["op"]
