"""DynamoDB's expressions for views: all attributes at once, and the inverse optimistic lock.

What is written here is older or newer than what is stored, by the time at which it happened: an
event that comes late or again changes nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Set as AbstractSet
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from cdk_streamer_runtime.streams.json_text import Json, is_object
from cdk_streamer_runtime.streams.uow import UnitOfWork

if TYPE_CHECKING:
    from cdk_streamer_runtime.dynamodb import Item

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
EXPRESSION_BYTES = 4096
SEQUENCE_CHARACTERS = 56  # of Kinesis; DynamoDB's and SQS' are shorter
_SHAPES = 1024  # of items whose expressions are remembered
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]{1,100}")
_TRUE = ":_true"
_NONE = type(None)


class Added(NamedTuple):
    """Members to add to a set, or a number to add; adding to a number again adds it again."""

    value: Any


class Removed(NamedTuple):
    """Members to take out of a set."""

    value: Any


class _Shape(NamedTuple):
    """What items of the same attributes and types share."""

    expression: str
    names: dict[str, str]
    places: tuple[str, ...]  # of the values that are not None
    is_whole: bool  # no value is None


class _Lock(NamedTuple):
    """What all conditions of the same attributes share."""

    text: str
    names: dict[str, str]
    places: tuple[str, str, str]  # of timestamp, sequence and lineage
    has_flag: bool


def update_expression(
    item: Mapping[str, object], condition: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Give the parts of an UpdateItem that make a stored item have these attributes.

    None removes an attribute, and so does an empty set. A set replaces the one that is stored,
    unless it is `Added` or `Removed`. `condition` is what `timestamp_condition` gives, or of the
    same kind.
    """
    values = item.values()
    shape = _shape(tuple(item), tuple(map(type, values)))
    if shape is None:
        return _with_condition(_by_clauses(item), condition)
    expression, names, places, is_whole = shape
    kept = values if is_whole else [value for value in values if value is not None]
    parts: dict[str, Any] = {"UpdateExpression": expression}
    if condition is None:
        parts["ExpressionAttributeNames"] = names.copy()
        if places:
            parts["ExpressionAttributeValues"] = dict(zip(places, kept))  # noqa: B905 - as many
        return parts
    parts["ExpressionAttributeNames"] = names | condition.get("ExpressionAttributeNames", _NO)
    parts["ConditionExpression"] = condition["ConditionExpression"]
    values = dict(zip(places, kept))  # noqa: B905 - as many
    values.update(condition.get("ExpressionAttributeValues", _NO))
    if values:
        parts["ExpressionAttributeValues"] = values
    return parts


def timestamp_condition(
    item: Mapping[str, Any],
    *,
    timestamp: str = "timestamp",
    sequence: str = "sequence",
    lineage: str = "lineage",
    latched: str | None = None,
    deleted: str | None = None,
) -> dict[str, Any]:
    """Give the condition that nothing newer than this item is stored.

    Newer is what has a later timestamp; or the same one and, from the same lineage, a higher
    sequence. Where no sequence can be compared, the one that comes later wins, unless `deleted`
    names the attribute of a soft deletion and what is stored is deleted. With `latched` the same
    timestamp never overwrites what was written here and not received: the echo of one's own
    change. Raises ValueError for an item without timestamp.
    """
    moment = item.get(timestamp)
    if moment is None:
        raise ValueError(f"the item has no {timestamp!r} to compare; set it, as lock_of(uow) does")
    order = item.get(sequence)
    if deleted is not None and item.get(deleted):
        deleted = None  # a deletion may come after a deletion
    lock = _lock(timestamp, None if order is None else sequence, lineage, latched, deleted)
    text, names, (time, own, origin), has_flag = lock
    values = {time: moment}
    if order is not None:
        values[own] = order
        values[origin] = item.get(lineage)
    if has_flag:
        values[_TRUE] = True
    return {
        "ConditionExpression": text,
        "ExpressionAttributeNames": names.copy(),
        "ExpressionAttributeValues": values,
    }


def lock_of(uow: UnitOfWork) -> dict[str, Any]:
    """Give the attributes that the lock compares: timestamp, sequence and lineage of its event.

    They belong to the item. Those that are None are so because the source has no order.
    """
    _record, event, place, _ = uow
    if place.sequence is None or place.group is None:
        return {"timestamp": event["timestamp"], "sequence": None, "lineage": None}
    return {
        "timestamp": event["timestamp"],
        # As texts they compare like numbers only if all are equally long.
        "sequence": place.sequence.rjust(SEQUENCE_CHARACTERS, "0"),
        "lineage": _lineage(uow.record, place.group),
    }


# --- updates ------------------------------------------------------------------------------------


@lru_cache(maxsize=_SHAPES)
def _shape(names: tuple[str, ...], kinds: tuple[type, ...]) -> _Shape | None:
    """Give the shape of an item; None if its values decide too."""
    if not names or any(issubclass(kind, _SPECIAL) for kind in kinds):
        return None
    return _plain_shape(names, kinds)


def _plain_shape(names: tuple[str, ...], kinds: tuple[type, ...]) -> _Shape:
    set_names = [name for name, kind in zip(names, kinds, strict=True) if kind is not _NONE]
    removed = [name for name, kind in zip(names, kinds, strict=True) if kind is _NONE]
    places = {name: _place(name) for name in names}
    text = _text(set_names, removed, places)
    if len(text) > EXPRESSION_BYTES:
        places = {name: f"_{index:x}" for index, name in enumerate(names)}
        text = _text(set_names, removed, places)
    return _Shape(
        expression=text,
        names={f"#{place}": name for name, place in places.items()},
        places=tuple(f":{places[name]}" for name in set_names),
        is_whole=not removed,
    )


def _text(set_names: Iterable[str], removed: Iterable[str], places: Mapping[str, str]) -> str:
    assignments = ", ".join(f"#{places[name]} = :{places[name]}" for name in set_names)
    removals = ", ".join(f"#{places[name]}" for name in removed)
    clauses = (("SET", assignments), ("REMOVE", removals))
    return " ".join(f"{clause} {text}" for clause, text in clauses if text)


def _by_clauses(item: Mapping[str, object]) -> dict[str, Any]:
    """Give the parts for an item that has sets, or members to add or to remove."""
    plain: Item = {}
    changes: dict[str, Item] = {"ADD": {}, "DELETE": {}}
    for name, value in item.items():
        match value:
            case Added():
                changes["ADD"][name] = value.value
            case Removed():
                changes["DELETE"][name] = value.value
            case _:
                # DynamoDB has no empty sets.
                plain[name] = (value or None) if isinstance(value, AbstractSet) else value
    expression, names, places, _ = _plain_shape(tuple(plain), tuple(map(type, plain.values())))
    values = dict(
        zip(places, [value for value in plain.values() if value is not None], strict=True)
    )
    texts = [expression] if expression else []
    for clause, members in changes.items():
        found = {name: value for name, value in members.items() if value not in _NOTHING}
        places = {name: _place(name) for name in found}
        if found:
            texts.append(f"{clause} {', '.join(f'#{each} :{each}' for each in places.values())}")
        names |= {f"#{place}": name for name, place in places.items()}
        values |= {f":{places[name]}": value for name, value in found.items()}
    parts = {
        "UpdateExpression": " ".join(texts),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
    return {member: part for member, part in parts.items() if part}


_SPECIAL = (AbstractSet, Added, Removed)
_NOTHING = (None, set[object](), frozenset[object]())
_NO: dict[str, Any] = {}


def _with_condition(parts: dict[str, Any], condition: Mapping[str, Any] | None) -> dict[str, Any]:
    if condition is None:
        return parts
    for member, value in condition.items():
        own = parts.get(member)
        parts[member] = own | value if own is not None else value
    return parts


@lru_cache(maxsize=_SHAPES)
def _place(name: str) -> str:
    """Give what stands for an attribute in expressions: reserved words need that, and dots."""
    if _PLAIN_NAME.fullmatch(name):
        return name
    return f"_{hashlib.sha256(name.encode()).hexdigest()[:24]}"


# --- the lock -----------------------------------------------------------------------------------


@lru_cache(maxsize=_SHAPES)
def _lock(
    timestamp: str, sequence: str | None, lineage: str, latched: str | None, deleted: str | None
) -> _Lock:
    order = "" if sequence is None else sequence
    ordered = (order, lineage) if order else ()
    fields = (timestamp, *ordered, *(flag for flag in (latched, deleted) if flag is not None))
    return _Lock(
        text=_lock_text(
            _place(timestamp), order and _place(order), _place(lineage), latched, deleted
        ),
        names={f"#{_place(field)}": field for field in fields},
        places=(f":{_place(timestamp)}", f":{_place(order)}", f":{_place(lineage)}"),
        has_flag=latched is not None or deleted is not None,
    )


def _lock_text(time: str, order: str, origin: str, latched: str | None, deleted: str | None) -> str:
    # A comparison with an attribute that is not there is false: `NOT` is not the opposite sign.
    own = f"#{_place(latched)} = {_TRUE}" if latched else ""
    tie = f"NOT #{_place(deleted)} = {_TRUE}" if deleted else ""
    if order:
        known = f"#{origin} = :{origin}"
        unknown = f"(NOT {known} AND {tie})" if tie else f"NOT {known}"
        tie = f"({unknown} OR ({known} AND NOT #{order} > :{order}))"
    equal = " AND ".join(filter(None, (f"#{time} = :{time}", own, tie)))
    return f"attribute_not_exists(#{time}) OR #{time} < :{time} OR ({equal})"


def _lineage(record: Json, group: str) -> str:
    arn = record.get("eventSourceARN") if is_object(record) else None
    return _place_in_source(arn, group) if isinstance(arn, str) else group


@lru_cache(maxsize=256)
def _place_in_source(arn: str, group: str) -> str:
    # Shards are called the same in each stream.
    source = arn.split(":", 5)[-1]
    return source if group == arn else f"{source}/{group}"
