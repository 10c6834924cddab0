"""How timers lie in the table: their items, and back.

What is not there has its default, so that the usual item is small: DynamoDB counts bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cdk_streamer_runtime.contract.timers import (
    TIMER_INLINE_BYTES,
    TIMER_OWNER_INDEX_PARTITION_KEY,
    TIMER_OWNER_INDEX_SORT_KEY,
    TIMER_RETENTION_SECONDS,
    TimerState,
)
from cdk_streamer_runtime.documents import decode, encode, size
from cdk_streamer_runtime.timers.definition import (
    DEFAULT_GRACE,
    Definition,
    Jitter,
    Misfire,
    Policy,
)
from cdk_streamer_runtime.timers.schedules.classes import class_of
from cdk_streamer_runtime.timers.schedules.cron import Cron
from cdk_streamer_runtime.timers.schedules.schedule import Calendar, Every, Once, Schedule
from cdk_streamer_runtime.timers.schedules.wheel import CronClass, WheelClass
from cdk_streamer_runtime.timers.table import keys
from cdk_streamer_runtime.timers.table.keys import Key
from cdk_streamer_runtime.timers.timer import Row, Timer, expiry

Item = dict[str, Any]

TIMER_ATTRIBUTES = (
    *("id", "rev", "state", "schedule", "data", "start", "end", "jitter", "jitter_each"),
    *("policy", "grace", "plain", "owner", "ttl", "slot_pk", "slot_sk", "slot_since"),
    *("created_at", "updated_at"),
)
_DEFAULT_MISFIRE = Misfire()
_SLOT_ID = len("00#")
_DUE_MOMENT = 15
_DUE_ID = _DUE_MOMENT + 1


def primary(key: Key) -> dict[str, str]:
    """Give a key as the table wants it."""
    return {"pk": key.pk, "sk": key.sk}


def key_of(item: Mapping[str, Any]) -> Key:
    """Give the key of an item."""
    return Key(item["pk"], item["sk"])


# --- the timer itself --------------------------------------------------------------------------


def timer_item(timer: Timer) -> Item:
    """Write a timer."""
    definition = timer.definition
    item: Item = {
        **primary(keys.meta(timer.id)),
        "id": timer.id,
        "rev": timer.rev,
        "state": TimerState.PAUSED if definition.paused else TimerState.ACTIVE,
        "schedule": schedule_text(definition.schedule),
        "data": definition.data,
        "slot_since": timer.slot_since,
        "created_at": timer.created_at,
        "updated_at": timer.updated_at,
        TIMER_OWNER_INDEX_PARTITION_KEY: keys.owner_partition(definition.owner, timer.id),
        TIMER_OWNER_INDEX_SORT_KEY: timer.id,
        **_manner(definition, definition.jitter),
        **_present(ttl=expiry(definition), owner=definition.owner or None),
    }
    if timer.slot is not None:
        item |= {"slot_pk": timer.slot.pk, "slot_sk": timer.slot.sk}
    return item


def timer_of(item: Mapping[str, Any]) -> Timer:
    """Read a timer."""
    slot = Key(item["slot_pk"], item["slot_sk"]) if "slot_pk" in item else None
    return Timer(
        definition=definition_of(item),
        rev=item["rev"],
        slot=slot,
        slot_since=item["slot_since"],
        created_at=item["created_at"],
        updated_at=item["updated_at"],
    )


def definition_of(item: Mapping[str, Any]) -> Definition:
    """Read what is wanted of a timer; the owners' index knows all of it but data and misfire."""
    return Definition(
        id=item["id"],
        schedule=schedule_of(item["schedule"]),
        data=item.get("data", ""),
        start=item.get("start"),
        end=item.get("end"),
        jitter=_jitter(item),
        misfire=_misfire(item),
        owner=item.get("owner", ""),
        paused=item["state"] == TimerState.PAUSED,
        plain=item.get("plain", False),
    )


def trace_item(id: str, rev: int, until: int) -> Item:
    """Write what stays of a deleted timer until a second: the revision that is used up."""
    return {**primary(keys.meta(id)), "id": id, "rev": rev, "ttl": until}


def is_there(item: Mapping[str, Any] | None, now: int) -> bool:
    """Tell whether an item is a timer, in milliseconds; not one that the TTL is yet to remove."""
    if item is None or "schedule" not in item:
        return False
    return "ttl" not in item or item["ttl"] * 1000 > now


# --- where it lies -----------------------------------------------------------------------------


def row_item(timer: Timer, key: Key) -> Item:
    """Write what a dispatcher needs of a timer, for a place in the wheel or a next firing."""
    definition = timer.definition
    item = {
        **primary(key),
        "rev": timer.rev,
        **({"data": definition.data} if size(definition.data) <= TIMER_INLINE_BYTES else {}),
        **_manner(definition, _delay(definition)),
    }
    expires = expiry(definition)
    if is_slot(key):
        return item | {"since": timer.slot_since} | _present(ttl=expires)
    if not isinstance(definition.schedule, Once):
        item["recurrence"] = schedule_text(definition.recurrence)
        expires = due_moment(key) + TIMER_RETENTION_SECONDS
    return item | _present(ttl=expires)


def is_slot(key: Key) -> bool:
    """Tell a place in the wheel from a next firing."""
    return key.pk.startswith("w#")


def due_moment(key: Key) -> int:
    """Give the nominal moment of a next firing."""
    return int(key.sk[:_DUE_MOMENT]) // 1000


def slot_row(item: Mapping[str, Any], schedule: Schedule) -> Row:
    """Read a place in the wheel, of whose class and slot all timers have this schedule."""
    return _row(item, item["sk"][_SLOT_ID:], schedule, item["since"])


def due_row(item: Mapping[str, Any]) -> Row:
    """Read a next firing; the schedule of one that recurs gives all that follow."""
    key = key_of(item)
    text = item.get("recurrence")
    schedule = Once(moment=due_moment(key)) if text is None else schedule_of(text)
    return _row(item, key.sk[_DUE_ID:], schedule, 0)


def _row(item: Mapping[str, Any], id: str, schedule: Schedule, since: int) -> Row:
    definition = Definition(
        id=id,
        schedule=schedule,
        data=item.get("data", ""),
        start=item.get("start"),
        end=item.get("end"),
        jitter=_jitter(item),
        misfire=_misfire(item),
        plain=item.get("plain", False),
    )
    return Row(key=key_of(item), definition=definition, rev=item["rev"], since=since)


# --- the classes of a shard --------------------------------------------------------------------


def class_item(shard: str, wheel_class: WheelClass) -> Item:
    """Write a class: most are told by their key alone."""
    item = {**primary(class_key(shard, wheel_class))}
    if isinstance(wheel_class, CronClass):
        item |= {"cron": wheel_class.cron.expression, "timezone": wheel_class.timezone}
    return item


def class_key(shard: str, wheel_class: WheelClass) -> Key:
    """Key of a registered class."""
    return Key(keys.class_registry(shard), wheel_class.key)


def count_key(shard: str) -> Key:
    """Key of the number of a shard's classes, which comes before all of them."""
    return Key(keys.class_registry(shard), "#count")


def registered_class(item: Mapping[str, Any]) -> WheelClass | None:
    """Read a row of the registry; None for their number."""
    if item["sk"].startswith("#"):
        return None
    return class_of(item["sk"], item.get("cron"), item.get("timezone"))


# --- values ------------------------------------------------------------------------------------


def schedule_text(schedule: Schedule) -> str:
    """Write a schedule; raises TypeError for one that is not of ours."""
    match schedule:
        case Every(period=period, phase=phase):
            return encode({"every": period, "phase": phase})
        case Calendar(cron=cron, timezone=timezone):
            return encode({"cron": cron.expression, "timezone": timezone})
        case Once(moment=moment):
            return encode({"at": moment})
        case _:
            raise TypeError(f"{type(schedule).__name__} is no schedule that can be stored")


@lru_cache(maxsize=4_096)
def schedule_of(text: str) -> Schedule:
    """Read a schedule."""
    match decode(text):
        case {"every": int(period), "phase": int(phase)}:
            return Every(period=period, phase=phase)
        case {"cron": str(cron), "timezone": str(timezone)}:
            return Calendar(cron=Cron.parse(cron), timezone=timezone)
        case {"at": int(moment)}:
            return Once(moment=moment)
        case _:
            raise ValueError(f"{text!r} is no schedule")


def _delay(definition: Definition) -> Jitter | None:
    """Give the jitter that does not lie in the phase already."""
    jitter = definition.jitter
    in_phase = jitter is not None and not jitter.each and isinstance(definition.schedule, Every)
    return None if in_phase else jitter


def _manner(definition: Definition, jitter: Jitter | None) -> Item:
    """Write what bounds and bends a schedule, where it is not the default."""
    misfire = definition.misfire
    return _present(
        start=definition.start,
        end=definition.end,
        jitter=None if jitter is None else jitter.seconds,
        jitter_each=True if jitter is not None and jitter.each else None,
        policy=None if misfire.policy is _DEFAULT_MISFIRE.policy else misfire.policy,
        grace=None if misfire.grace == DEFAULT_GRACE else misfire.grace,
        plain=definition.plain or None,
    )


def _jitter(item: Mapping[str, Any]) -> Jitter | None:
    if "jitter" not in item:
        return None
    return Jitter(seconds=item["jitter"], each=item.get("jitter_each", False))


def _misfire(item: Mapping[str, Any]) -> Misfire:
    if "policy" not in item and "grace" not in item:
        return _DEFAULT_MISFIRE
    return Misfire(
        policy=Policy(item.get("policy", _DEFAULT_MISFIRE.policy)),
        grace=item.get("grace", DEFAULT_GRACE),
    )


def _present(**values: object) -> Item:
    return {name: value for name, value in values.items() if value is not None}
