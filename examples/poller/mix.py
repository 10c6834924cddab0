"""The timers of the demo: many kinds of schedules, the same ones for the same seed and moment."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cdk_streamer_client import At, Cron, Every, Jitter, PutTimer

PERIODS = {30: 2, 60: 8, 90: 10, 120: 10, 300: 30, 420: 10, 600: 15, 3600: 15}  # with weights
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")
JITTER = Jitter(seconds=20, each=True)

Kind = Callable[[str, random.Random, datetime, timedelta], PutTimer]


def timers(count: int, *, now: datetime, run: timedelta, seed: int = 1) -> Iterator[PutTimer]:
    """Give timers for a run that begins about now; an id begins with its kind."""
    dice = random.Random(seed)  # noqa: S311 - a demo
    kinds = dice.choices(list(KINDS), weights=[weight for _, weight in KINDS.values()], k=count)
    for number, kind in enumerate(kinds):
        make, _ = KINDS[kind]
        yield make(f"{kind}:{number:05d}", dice, now, run)


def _every(id: str, dice: random.Random, now: datetime, run: timedelta) -> PutTimer:
    """Poll every so often: when exactly, depends on the id, so that the load is even."""
    del now, run
    return PutTimer(id=id, schedule=_period(dice), data=_data(id))


def _jitter(id: str, dice: random.Random, now: datetime, run: timedelta) -> PutTimer:
    """Poll every minute, all at once but for the jitter."""
    del now, run, dice
    return PutTimer(id=id, schedule=Cron("* * * * *"), data=_data(id), jitter=JITTER)


def _hourly(id: str, dice: random.Random, now: datetime, run: timedelta) -> PutTimer:
    """Poll at a minute of each hour."""
    del now, run
    return PutTimer(id=id, schedule=Cron(f"{dice.randrange(60)} * * * *"), data=_data(id))


def _daily(id: str, dice: random.Random, now: datetime, run: timedelta) -> PutTimer:
    """Poll once a day at a local time somewhere, which is reached during the run."""
    zone = dice.choice(ZONES)
    moment = (now + dice.random() * run).astimezone(ZoneInfo(zone))
    schedule = Cron(f"{moment.minute} {moment.hour} * * *", zone)
    return PutTimer(id=id, schedule=schedule, data=_data(id))


def _once(id: str, dice: random.Random, now: datetime, run: timedelta) -> PutTimer:
    """Poll once, during the run."""
    moment = (now + dice.random() * run).astimezone(UTC).replace(microsecond=0)
    return PutTimer(id=id, schedule=At(moment), data=_data(id))


def _paused(id: str, dice: random.Random, now: datetime, run: timedelta) -> PutTimer:
    """Do not poll at all until somebody resumes the timer."""
    del now, run
    return PutTimer(id=id, schedule=_period(dice), data=_data(id), paused=True)


def _period(dice: random.Random) -> Every:
    (seconds,) = dice.choices(list(PERIODS), weights=list(PERIODS.values()))
    return Every(seconds=seconds)


def _data(id: str) -> dict[str, str]:
    return {"feed": id.replace(":", "-")}


KINDS: dict[str, tuple[Kind, int]] = {  # with weights
    "every": (_every, 62),
    "jitter": (_jitter, 4),
    "hourly": (_hourly, 10),
    "daily": (_daily, 8),
    "once": (_once, 11),
    "paused": (_paused, 5),
}
