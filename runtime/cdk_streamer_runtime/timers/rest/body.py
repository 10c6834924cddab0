"""Reads what somebody wants of a timer: a JSON document in, a definition or all its faults out.

The older body, `{"timerCallbackData": ..., "minuteOfHour": ...}`, is every hour at that minute.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from cdk_streamer_runtime.contract import MAX_DELAY_SECONDS
from cdk_streamer_runtime.contract.timers import (
    TIMER_DATA_BYTES,
    TIMER_ID_PATTERN,
    TimerState,
)
from cdk_streamer_runtime.documents import size
from cdk_streamer_runtime.timers.definition import (
    DEFAULT_GRACE,
    Definition,
    Jitter,
    Misfire,
    Policy,
    stable_number,
)
from cdk_streamer_runtime.timers.faults import Fault, InvalidTimer, TooLarge
from cdk_streamer_runtime.timers.rest.members import Members
from cdk_streamer_runtime.timers.schedules.cron import Cron
from cdk_streamer_runtime.timers.schedules.moments import moment
from cdk_streamer_runtime.timers.schedules.schedule import Calendar, Every, Once, Schedule
from cdk_streamer_runtime.timers.schedules.zones import zone

LONGEST_PERIOD = 10 * 366 * 86_400
LONGEST_GRACE = 30 * 86_400
DISPATCH_MARGIN = 60  # seconds, for the dispatcher to come
OWNER_LENGTH = 128
CRON_LENGTH = 256
ZONE_LENGTH = 64
MOMENT_LENGTH = 64
HOUR, MINUTE = 3_600, 60

MEMBERS = ("schedule", "start", "end", "jitter", "misfire", "owner", "state", "data")
OLDER_DATA, OLDER_MINUTE = "timerCallbackData", "minuteOfHour"
# What an answer says beside them, so that one can be sent back as it came.
COMPUTED = ("next_fire_at", "last_due_at", "created_at", "updated_at")
OLDER_COMPUTED = ("shardId", "timeShardId")
_KINDS = ("every", "cron", "at")
_DETAILS = {"phase": "every", "timezone": "cron"}
_ID = re.compile(TIMER_ID_PATTERN)
# SQS refuses these, and they need no escape in JSON.
_NO_CHARACTERS = str.maketrans({"\ufffe": "\\ufffe", "\uffff": "\\uffff"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a service lets timers be: `principal` is whose they are, where callers are apart."""

    look_ahead: int
    principal: str | None = None

    @property
    def longest_delay(self) -> int:
        """How many seconds of delay still fit into a message that is sent ahead."""
        return MAX_DELAY_SECONDS - DISPATCH_MARGIN - self.look_ahead


def is_timer_id(text: object) -> bool:
    """Tell whether a text can name a timer."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def id_rule(given: object) -> str:
    """Say what an id must be, to somebody who gave something else."""
    return f"must be 1 to 128 of A-Z a-z 0-9 . _ ~ : - and not . or .., got {given!r:.150}"


def read_timer(id: str, body: object, rules: Rules, *, plain: bool = False) -> Definition:
    """Read a body; raises InvalidTimer with all its faults, and TooLarge."""
    faults: list[Fault] = []
    older = _is_older(body)
    names = (*MEMBERS, OLDER_DATA, OLDER_MINUTE) if older else MEMBERS
    ignored = (*COMPUTED, *OLDER_COMPUTED) if older else COMPUTED
    members = Members(body, faults, names, ignored=("id", *ignored))
    if members.get("id") not in (None, id):
        members.fault("id", "must be the id of the URL, or be left out")
    schedule = _older_schedule(members, id) if older else _schedule(members, id)
    start, end = _bounds(members, schedule)
    misfire, jitter = _misfire(members), _jitter(members, schedule, rules)
    owner, state = _owner(members, rules), members.choice("state", *TimerState)
    data, large = _data(members, older=older)
    if faults or schedule is None:
        raise InvalidTimer([*faults, *large])
    if large:
        raise TooLarge(large)
    return Definition(
        id=id,
        schedule=schedule,
        data=data,
        start=start,
        end=end,
        jitter=jitter,
        misfire=misfire,
        owner=owner,
        paused=state == TimerState.PAUSED,
        plain=plain or older,
    )


def _is_older(body: object) -> bool:
    return isinstance(body, dict) and OLDER_DATA in body


# --- when --------------------------------------------------------------------------------------


def _schedule(members: Members, id: str) -> Schedule | None:
    members.require("schedule", "it says when the timer fires")
    inner = members.object("schedule", *_KINDS, *_DETAILS)
    # All of them, whichever it is to be: what is wrong is told at once.
    schedules = {"every": _every(inner, id), "cron": _calendar(inner), "at": _once(inner)}
    kinds = [kind for kind in _KINDS if kind in inner]
    if len(kinds) != 1:
        if inner.is_object and "schedule" in members:
            got = " and ".join(kinds) or "none"
            inner.fault(None, f"must have exactly one of every, cron and at, got {got}")
        return None
    for name, kind in _DETAILS.items():
        if name in inner and kind not in inner:
            inner.fault(name, f"belongs to {kind}, which is not there")
    return schedules[kinds[0]]


def _every(members: Members, id: str) -> Schedule | None:
    period = members.integer("every", 1, LONGEST_PERIOD)
    phase = members.integer("phase", 0, (period or LONGEST_PERIOD) - 1)
    if period is None or (phase is None and "phase" in members):
        return None
    # Of the id alone, so that the same body is the same timer, and many spread over the period.
    return Every(period=period, phase=stable_number(id) % period if phase is None else phase)


def _calendar(members: Members) -> Schedule | None:
    cron = members.parsed("cron", CRON_LENGTH, Cron.parse)
    name = members.parsed("timezone", ZONE_LENGTH, lambda text: zone(text).key)
    if cron is None or (name is None and "timezone" in members):
        return None
    return Calendar(cron=cron, timezone=name or "UTC")


def _once(members: Members) -> Schedule | None:
    at = members.parsed("at", MOMENT_LENGTH, moment)
    return None if at is None else Once(moment=at)


def _older_schedule(members: Members, id: str) -> Schedule | None:
    if "schedule" in members:
        if OLDER_MINUTE in members:
            members.fault(OLDER_MINUTE, "says what schedule says already; send one of them")
        return _schedule(members, id)
    minute = members.integer(OLDER_MINUTE, 0, HOUR // MINUTE - 1)
    if minute is None and OLDER_MINUTE in members:
        return None
    chosen = stable_number(id) % (HOUR // MINUTE) if minute is None else minute
    return Every(period=HOUR, phase=chosen * MINUTE)


def _bounds(members: Members, schedule: Schedule | None) -> tuple[int | None, int | None]:
    start = members.parsed("start", MOMENT_LENGTH, moment)
    end = members.parsed("end", MOMENT_LENGTH, moment)
    if start is not None and end is not None and start >= end:
        members.fault("end", "must be later than start")
    if isinstance(schedule, Once) and not (
        (start or 0) <= schedule.moment and (end is None or schedule.moment < end)
    ):
        detail = "must not be before start, and be before end: it would never fire"
        members.faults.append(Fault(pointer=f"{members.at('schedule')}/at", detail=detail))
    return start, end


# --- how ---------------------------------------------------------------------------------------


def _jitter(members: Members, schedule: Schedule | None, rules: Rules) -> Jitter | None:
    if "jitter" not in members:
        return None
    inner = members.object("jitter", "seconds", "mode")
    mode = inner.choice("mode", "stable", "each")
    inner.require("seconds", "the most that a firing is delayed by")
    seconds = inner.integer("seconds", 1, LONGEST_PERIOD)
    if seconds is None:
        return None
    jitter = Jitter(seconds=seconds, each=mode == "each")
    pause = _shortest_pause(schedule)
    if pause is not None and seconds >= pause:
        inner.fault("seconds", f"must be below the {pause} s between two firings, got {seconds}")
    in_phase = isinstance(schedule, Every) and not jitter.each
    if schedule is not None and not in_phase and seconds > rules.longest_delay:
        inner.fault(
            "seconds",
            f"must be at most {rules.longest_delay}, got {seconds}: with the look-ahead of "
            f"{rules.look_ahead} s it would be more than a message can be delayed",
        )
    return jitter


def _shortest_pause(schedule: Schedule | None) -> int | None:
    match schedule:
        case Every(period=period):
            return period
        case Calendar(cron=cron):
            return cron.shortest_pause * MINUTE
        case _:
            return None


def _misfire(members: Members) -> Misfire:
    if "misfire" not in members:
        return Misfire()
    if isinstance(members.get("misfire"), str):
        return Misfire(policy=Policy(members.choice("misfire", *Policy) or Policy.SKIP))
    inner = members.object("misfire", "policy", "grace")
    policy = inner.choice("policy", *Policy) or Policy.FIRE_LATEST
    grace = inner.integer("grace", 0, LONGEST_GRACE)
    return Misfire(policy=Policy(policy), grace=DEFAULT_GRACE if grace is None else grace)


# --- whose, and with what ----------------------------------------------------------------------


def _owner(members: Members, rules: Rules) -> str:
    owner = members.text("owner", OWNER_LENGTH) or ""
    if rules.principal is None:
        if not owner.isprintable():
            members.fault("owner", "must be printable")
        return owner
    if "owner" in members and owner != rules.principal:
        members.fault("owner", "is who calls; leave it out")
    return rules.principal


def _data(members: Members, *, older: bool) -> tuple[str, list[Fault]]:
    """Give the text, and what is wrong with its size: that alone has a status of its own."""
    name = OLDER_DATA if older else "data"
    if older and "data" in members and members.get("data") != members.get(name):
        members.fault("data", f"is not {OLDER_DATA}; send one of them")
    text = data_text(members.get(name))
    if size(text) <= TIMER_DATA_BYTES:
        return text, []
    detail = f"must take at most {TIMER_DATA_BYTES} bytes as JSON, takes {size(text)}"
    return text, [Fault(pointer=members.at(name), detail=detail)]


def data_text(data: object) -> str:
    """Write data in the one form that equal data have, of characters that every queue takes."""
    text = json.dumps(
        data, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
    )
    return text.translate(_NO_CHARACTERS) if not text.isascii() else text
