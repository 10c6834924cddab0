"""A DynamoDB table with plain Python values in and out.

Expressions stay DynamoDB's own text, so that a reader finds them in its documentation.
Numbers come back as int when they are whole and as float when not; a set is a frozenset.
"""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Literal

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.errors import CancellationReason, ConditionFailed, TransactionCancelled

Item = dict[str, Any]  # plain Python values
AttributeValue = dict[str, Any]  # {"S": "..."} and its kin, binary as base64: the wire's form
AttributeMap = dict[str, AttributeValue]
Names = Mapping[str, str]  # {"#state": "state"}
Values = Mapping[str, object]  # {":state": "QUEUED"}
Returns = Literal["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"]


# --- the table ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of a query. `next_key` starts the next page; None: this was the last."""

    items: list[Item]
    next_key: Item | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """A write of a transaction: store the whole item."""

    item: Mapping[str, object]
    condition: str | None = None
    names: Names | None = None
    values: Values | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A write of a transaction: change attributes, creating the item where there is none."""

    key: Mapping[str, object]
    expression: str
    condition: str | None = None
    names: Names | None = None
    values: Values | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """A write of a transaction: remove the item."""

    key: Mapping[str, object]
    condition: str | None = None
    names: Names | None = None
    values: Values | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A part of a transaction that writes nothing: the condition must hold."""

    key: Mapping[str, object]
    condition: str
    names: Names | None = None
    values: Values | None = None


Write = Put | Update | Delete | Check


class Table:
    """One DynamoDB table.

    A write may be carried out more than once when an answer gets lost: give each a condition,
    and know your own write by `ConditionFailed.item`.
    """

    def __init__(self, aws: Aws, name: str) -> None:
        self._aws = aws
        self._name = name

    @property
    def name(self) -> str:
        """The table's name, as AWS knows it."""
        return self._name

    def get(self, key: Mapping[str, object], *, consistent: bool = True) -> Item | None:
        """Read one item; None if there is none. Items past their TTL are still there."""
        parameters = {"Key": marshal_item(key), "ConsistentRead": consistent}
        item = self._call("GetItem", parameters).get("Item")
        return None if item is None else unmarshal_item(item)

    def put(
        self,
        item: Mapping[str, object],
        *,
        condition: str | None = None,
        names: Names | None = None,
        values: Values | None = None,
    ) -> None:
        """Store the whole item, in place of the one there was; raises ConditionFailed."""
        parameters: dict[str, object] = {"Item": marshal_item(item)}
        self._write("PutItem", parameters, condition, names, values)

    def update(
        self,
        key: Mapping[str, object],
        expression: str,
        *,
        condition: str | None = None,
        names: Names | None = None,
        values: Values | None = None,
        returns: Returns = "ALL_NEW",
    ) -> Item:
        """Change attributes and give the item as `returns` says; raises ConditionFailed."""
        parameters: dict[str, object] = {
            "Key": marshal_item(key),
            "UpdateExpression": expression,
            "ReturnValues": returns,
        }
        answer = self._write("UpdateItem", parameters, condition, names, values)
        return unmarshal_item(answer.get("Attributes", {}))

    def delete(
        self,
        key: Mapping[str, object],
        *,
        condition: str | None = None,
        names: Names | None = None,
        values: Values | None = None,
    ) -> Item | None:
        """Remove an item and give what it was, None if there was none; raises ConditionFailed."""
        parameters: dict[str, object] = {"Key": marshal_item(key), "ReturnValues": "ALL_OLD"}
        item = self._write("DeleteItem", parameters, condition, names, values).get("Attributes")
        return None if item is None else unmarshal_item(item)

    def query(
        self,
        condition: str,
        *,
        names: Names | None = None,
        values: Values | None = None,
        keep: str | None = None,
        index: str | None = None,
        start: Mapping[str, object] | None = None,
        limit: int | None = None,
        forward: bool = True,
    ) -> Page:
        """Read one page of a partition in the order of its sort key.

        `keep` is DynamoDB's filter expression: it sees a page after `limit` has cut it, so a page
        may be empty and still have a next one. The table is read consistently, an index cannot be.
        """
        parameters: dict[str, object] = {
            "KeyConditionExpression": condition,
            "ScanIndexForward": forward,
            "ConsistentRead": index is None,
        }
        if index is not None:
            parameters["IndexName"] = index
        if keep is not None:
            parameters["FilterExpression"] = keep
        if start is not None:
            parameters["ExclusiveStartKey"] = marshal_item(start)
        if limit is not None:
            parameters["Limit"] = limit
        answer = self._call("Query", parameters | _expression_parts(None, names, values))
        last = answer.get("LastEvaluatedKey")
        return Page(
            items=[unmarshal_item(item) for item in answer["Items"]],
            next_key=None if last is None else unmarshal_item(last),
        )

    def transact(self, writes: Sequence[Write], *, token: str | None = None) -> None:
        """Do all writes or none; raises TransactionCancelled with a reason for each.

        The same `token` within ten minutes is the same transaction: a repetition does nothing.
        """
        parameters: dict[str, object] = {
            "TransactItems": [_transact_item(self._name, write) for write in writes]
        }
        if token is not None:
            parameters["ClientRequestToken"] = token
        try:
            self._aws.call("dynamodb", "TransactWriteItems", parameters)
        except TransactionCancelled as error:
            error.reasons = [_plain_reason(reason) for reason in error.reasons]
            raise

    def _write(
        self,
        operation: str,
        parameters: dict[str, object],
        condition: str | None,
        names: Names | None,
        values: Values | None,
    ) -> dict[str, Any]:
        parameters |= _expression_parts(condition, names, values)
        try:
            return self._call(operation, parameters)
        except ConditionFailed as error:
            error.item = None if error.item is None else unmarshal_item(error.item)
            raise

    def _call(self, operation: str, parameters: Mapping[str, object]) -> dict[str, Any]:
        return self._aws.call("dynamodb", operation, {"TableName": self._name, **parameters})


def _expression_parts(
    condition: str | None, names: Names | None, values: Values | None
) -> dict[str, object]:
    parts: dict[str, object] = {}
    if condition is not None:
        parts["ConditionExpression"] = condition
        parts["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    if names:
        parts["ExpressionAttributeNames"] = dict(names)
    if values:
        parts["ExpressionAttributeValues"] = marshal_item(values)
    return parts


def _transact_item(table_name: str, write: Write) -> dict[str, object]:
    parts = _expression_parts(write.condition, write.names, write.values)
    match write:
        case Put():
            name, own = "Put", {"Item": marshal_item(write.item)}
        case Update():
            name = "Update"
            own = {"Key": marshal_item(write.key), "UpdateExpression": write.expression}
        case Delete():
            name, own = "Delete", {"Key": marshal_item(write.key)}
        case Check():
            name, own = "ConditionCheck", {"Key": marshal_item(write.key)}
    return {name: {"TableName": table_name, **own, **parts}}


def _plain_reason(reason: CancellationReason) -> CancellationReason:
    if "Item" not in reason:
        return reason
    return {"Code": reason["Code"], "Item": unmarshal_item(reason["Item"])}


# --- attribute values --------------------------------------------------------------------------


def marshal_item(item: Mapping[str, object]) -> AttributeMap:
    """Give the attribute values of an item, a key or expression values."""
    return {name: marshal(value) for name, value in item.items()}


def unmarshal_item(attributes: Mapping[str, AttributeValue]) -> Item:
    """Give plain values of an item, also of an image in a stream record."""
    # One expression, for this runs with every answer: most attributes are texts.
    return {
        name: content if kind == "S" else _READERS[kind](content)
        for name, value in attributes.items()
        for kind, content in value.items()
    }


def marshal(value: object) -> AttributeValue:
    """Give the attribute value of a plain value; raises TypeError for what DynamoDB cannot hold."""
    kind = type(value)
    if kind is str:
        return {"S": value}
    if kind is int:
        return {"N": repr(value)}
    for parent, write in _WRITERS:
        if isinstance(value, parent):
            return write(value)
    raise TypeError(f"DynamoDB cannot hold a {kind.__name__}; make it a str, a number or a dict")


def unmarshal(value: AttributeValue) -> Any:  # noqa: ANN401 - an attribute holds anything
    """Give the plain value of an attribute value."""
    ((kind, content),) = value.items()
    return _READERS[kind](content)


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
    ((list, tuple), lambda value: {"L": [marshal(each) for each in value]}),
    ((bytes, bytearray), lambda value: {"B": b64encode(value).decode()}),
    (Set, _marshal_set),
)
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
