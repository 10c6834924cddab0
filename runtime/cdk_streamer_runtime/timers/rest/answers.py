"""What is told of timers: documents, whose members a body may have too, and what is computed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cdk_streamer_runtime.contract.timers import TimerState
from cdk_streamer_runtime.documents import decode
from cdk_streamer_runtime.timers.definition import Definition, stable_number
from cdk_streamer_runtime.timers.rest.body import HOUR, MINUTE, OLDER_DATA
from cdk_streamer_runtime.timers.schedules.moments import text_of, text_of_milliseconds
from cdk_streamer_runtime.timers.schedules.schedule import Calendar, Every, Once, Schedule
from cdk_streamer_runtime.timers.timer import since_of

if TYPE_CHECKING:
    from cdk_streamer_runtime.timers.table.store import Listed
    from cdk_streamer_runtime.timers.timer import Timer

Document = dict[str, Any]


def members(definition: Definition) -> Document:
    """Give the body that stands for a definition: reading it gives the same again."""
    jitter, misfire = definition.jitter, definition.misfire
    told = {
        **_when(definition),
        "misfire": {"policy": misfire.policy.value, "grace": misfire.grace},
        "state": (TimerState.PAUSED if definition.paused else TimerState.ACTIVE).value,
        "data": decode(definition.data),
    }
    if jitter is not None:
        told["jitter"] = {"seconds": jitter.seconds, "mode": "each" if jitter.each else "stable"}
    return told


def schedule(schedule: Schedule) -> Document:
    """Give the document of a schedule; raises TypeError for one that is not of ours."""
    match schedule:
        case Every(period=period, phase=phase):
            return {"every": period, "phase": phase}
        case Calendar(cron=cron, timezone=timezone):
            return {"cron": cron.expression, "timezone": timezone}
        case Once(moment=moment):
            return {"at": text_of(moment)}
        case _:
            raise TypeError(f"{type(schedule).__name__} is no schedule that has a document")


def whole(timer: Timer, *, now: int, shards: int) -> Document:
    """Tell all of a timer at a moment in milliseconds; of an older body, what it is used to too."""
    definition = timer.definition
    return {
        "id": timer.id,
        **members(definition),
        "state": definition.state(_up(now)).value,
        "next_fire_at": _next(definition, timer.since, now),
        "last_due_at": _last(timer, now),
        "created_at": text_of_milliseconds(timer.created_at),
        "updated_at": text_of_milliseconds(timer.updated_at),
        **(_older(definition, shards) if definition.plain else {}),
    }


def entry(listed: Listed, *, now: int) -> Document:
    """Tell what a list has of a timer, whose data and policy for misfires nobody has read."""
    definition = listed.definition
    return {
        "id": definition.id,
        "state": definition.state(_up(now)).value,
        **_when(definition),
        "created_at": text_of_milliseconds(listed.created_at),
        "next_fire_at": _next(definition, since_of(definition, listed.slot_since), now),
    }


def occurrences(definition: Definition, *, start: int, count: int) -> Document:
    """Tell the first firings at or after a second, whether it is paused or not."""
    moments: list[str] = []
    following = definition.next(start)
    while following is not None and len(moments) < count:
        moments.append(text_of(following.fire_at))
        following = definition.next(following.fire_at + 1)
    return {
        "id": definition.id,
        "occurrences": moments,
        "next": None if following is None else text_of(following.fire_at),
    }


def _when(definition: Definition) -> Document:
    optional = {
        "start": None if definition.start is None else text_of(definition.start),
        "end": None if definition.end is None else text_of(definition.end),
        "owner": definition.owner or None,
    }
    there = {name: value for name, value in optional.items() if value is not None}
    return {"schedule": schedule(definition.schedule), **there}


def _next(definition: Definition, since: int, now: int) -> str | None:
    if definition.paused:
        return None
    # A firing whose moment was before the timer is not the timer's, even if jitter delays it.
    own = replace(definition, start=max(definition.start or 0, _up(since)))
    following = own.next(_up(now))
    return None if following is None else text_of(following.fire_at)


def _last(timer: Timer, now: int) -> str | None:
    """Tell what fell due last since the timer was created, resumed or got its schedule."""
    definition = timer.definition
    latest = None if definition.paused else definition.previous(now // 1000 + 1)
    if latest is None:
        return None
    return text_of(latest.fire_at) if latest.nominal * 1000 >= timer.since else None


def _older(definition: Definition, shards: int) -> Document:
    document: Document = {
        OLDER_DATA: decode(definition.data),
        "shardId": str(stable_number(definition.id) * shards >> 64),
    }
    match definition.schedule:
        case Every(period=3_600, phase=phase):
            document["timeShardId"] = f"{phase % HOUR // MINUTE:02d}:{definition.id}"
        case _:
            pass
    return document


def _up(milliseconds: int) -> int:
    return -(-milliseconds // 1000)
