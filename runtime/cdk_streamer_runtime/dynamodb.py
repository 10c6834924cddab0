"""A DynamoDB table with plain Python values in and out.

Expressions stay DynamoDB's own text, so that a reader finds them in its documentation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cdk_streamer_runtime.attributes import (
    AttributeMap,
    AttributeValue,
    Item,
    marshal,
    marshal_item,
    unmarshal,
    unmarshal_item,
)
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.errors import (
    CancellationReason,
    ConditionFailed,
    Throttled,
    TransactionCancelled,
)
from cdk_streamer_runtime.writes import Check, Delete, Names, Put, Update, Values, Write

__all__ = [
    "AttributeMap",
    "AttributeValue",
    "Check",
    "Delete",
    "Item",
    "Page",
    "Put",
    "Table",
    "Update",
    "Write",
    "marshal",
    "marshal_item",
    "unmarshal",
    "unmarshal_item",
]

READS = 100  # items of one BatchGetItem
PATIENCE = 8  # further calls for what was put off
Returns = Literal["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of a query. `next_key` starts the next page; None: this was the last."""

    items: list[Item]
    next_key: Item | None


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

    def get_all(
        self, keys: Sequence[Mapping[str, object]], attributes: Sequence[str]
    ) -> list[Item]:
        """Read some attributes of several items at once, as they are now; others are left out.

        Raises Throttled when the table puts off the same items again and again.
        """
        names = {f"#{attribute}": attribute for attribute in attributes}
        found: list[Item] = []
        waiting = [marshal_item(key) for key in keys]
        for _ in range(len(keys) // READS + PATIENCE):
            if not waiting:
                break
            request = {
                "Keys": waiting[:READS],
                "ConsistentRead": True,
                "ProjectionExpression": ", ".join(names),
                "ExpressionAttributeNames": names,
            }
            answer = self._aws.call(
                "dynamodb", "BatchGetItem", {"RequestItems": {self._name: request}}
            )
            found += [unmarshal_item(item) for item in answer["Responses"].get(self._name, [])]
            left = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            waiting = left + waiting[READS:]
        if not waiting:
            return found
        raise Throttled("ThrottlingException", "items were put off", 400, "BatchGetItem")

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

    def put_all(self, items: Sequence[Mapping[str, object]]) -> None:
        """Store up to 25 items without conditions, in no order; raises AwsError.

        After an error some may be stored: do all of it again.
        """
        puts = [{"PutRequest": {"Item": marshal_item(item)}} for item in items]
        answer = self._aws.call("dynamodb", "BatchWriteItem", {"RequestItems": {self._name: puts}})
        if answer.get("UnprocessedItems"):
            raise Throttled("UnprocessedItems", "some items were not taken", 0, "BatchWriteItem")

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
