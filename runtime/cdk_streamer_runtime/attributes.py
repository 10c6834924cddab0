"""Plain Python values as DynamoDB's attribute values, and back.

Numbers come back as int when they are whole and as float when not; a set is a frozenset.
"""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Set as AbstractSet
from typing import Any

Item = dict[str, Any]  # plain Python values
AttributeValue = dict[str, Any]  # {"S": "..."} and its kin, binary as base64: the wire's form
AttributeMap = dict[str, AttributeValue]


def marshal_item(item: Mapping[str, object]) -> AttributeMap:
    """Give the attribute values of an item, a key or expression values."""
    # This runs with every write, and most attributes are texts.
    return {
        name: {"S": value} if value.__class__ is str else marshal(value)
        for name, value in item.items()
    }


def unmarshal_item(attributes: Mapping[str, AttributeValue]) -> Item:
    """Give plain values of an item, also of an image in a stream record."""
    # This runs with every answer and each image, and most attributes are texts: unpacking a dict
    # for its only name takes less than going through its items.
    item: Item = {}
    for name, value in attributes.items():
        (kind,) = value
        item[name] = value[kind] if kind == "S" else _READERS[kind](value[kind])
    return item


def marshal(value: object) -> AttributeValue:
    """Give the attribute value of a plain value; raises TypeError for what DynamoDB cannot hold."""
    kind = type(value)
    write = _EXACT.get(kind)
    if write is not None:
        return write(value)
    for parent, write in _WRITERS:
        if isinstance(value, parent):
            return write(value)
    raise TypeError(f"DynamoDB cannot hold a {kind.__name__}; make it a str, a number or a dict")


def unmarshal(value: AttributeValue) -> Any:  # noqa: ANN401 - an attribute holds anything
    """Give the plain value of an attribute value."""
    ((kind, content),) = value.items()
    return _READERS[kind](content)


def _marshal_list(values: Iterable[object]) -> AttributeValue:
    return {"L": [{"S": value} if value.__class__ is str else marshal(value) for value in values]}


def _marshal_float(value: float) -> AttributeValue:
    if not math.isfinite(value):
        raise TypeError(f"DynamoDB cannot hold the number {value!r}; store None or a text")
    return {"N": float.__repr__(value)}


def _marshal_set(members: Iterable[object]) -> AttributeValue:
    # Sorted, so that the same set is always the same bytes on the wire.
    values = sorted((marshal(member) for member in members), key=repr)
    kinds = {kind for value in values for kind in value}
    if len(kinds) != 1 or not kinds <= {"S", "N", "B"}:
        raise TypeError("a set for DynamoDB needs members, all str, all numbers or all bytes")
    (kind,) = kinds
    return {f"{kind}S": [value[kind] for value in values]}


def _plain_number(text: str) -> int | float:
    if "." in text:
        return float(text)
    try:
        return int(text)
    except ValueError:
        return float(text)


_WRITERS: tuple[tuple[type | tuple[type, ...], Callable[[Any], AttributeValue]], ...] = (
    (str, lambda value: {"S": str.__str__(value)}),
    (bool, lambda value: {"BOOL": value}),
    (int, lambda value: {"N": int.__repr__(value)}),
    (float, _marshal_float),
    (type(None), lambda _: {"NULL": True}),
    ((dict, Mapping), lambda value: {"M": marshal_item(value)}),
    ((list, tuple), _marshal_list),
    ((bytes, bytearray), lambda value: {"B": b64encode(value).decode()}),
    (AbstractSet, _marshal_set),
)
# What JSON has, by its own class: to look it up takes less than to ask for each parent.
_EXACT: dict[type, Callable[[Any], AttributeValue]] = {
    str: lambda value: {"S": value},
    int: lambda value: {"N": repr(value)},
    bool: lambda value: {"BOOL": value},
    float: _marshal_float,
    type(None): lambda _: {"NULL": True},
    dict: lambda value: {"M": marshal_item(value)},
    list: _marshal_list,
}
_READERS: dict[str, Callable[[Any], Any]] = {
    "S": lambda content: content,
    "N": _plain_number,
    "BOOL": lambda content: content,
    "NULL": lambda _: None,
    "M": unmarshal_item,
    "L": lambda content: [unmarshal(each) for each in content],
    "B": b64decode,
    "SS": frozenset,
    "NS": lambda content: frozenset(map(_plain_number, content)),
    "BS": lambda content: frozenset(map(b64decode, content)),
}
