"""Sinks for DynamoDB: update, put, delete, batch write, transact."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from cdk_streamer_runtime.attributes import Item, marshal_item, unmarshal_item
from cdk_streamer_runtime.contract.streams import TABLE_RESOURCE, ResourceKind, StreamMetric
from cdk_streamer_runtime.errors import (
    CONDITION_FAILED,
    AwsError,
    ConditionFailed,
    Throttled,
    TransactionCancelled,
)
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.outcome import digest
from cdk_streamer_runtime.streams.pipelines.steps import BulkCall, Call, Entry
from cdk_streamer_runtime.streams.queries.memory import forget
from cdk_streamer_runtime.streams.sinks.limits import (
    TRANSACT_TOKEN_CHARACTERS,
    TRANSACT_WRITES,
    WRITES,
    WRITES_BYTES,
)
from cdk_streamer_runtime.streams.sinks.requests import (
    ENDED,
    Request,
    Wanted,
    bulk,
    call,
    needed,
    use,
)

_REFUSED = "ValidationException"
_VALUES = "ExpressionAttributeValues"


class Lost(StrEnum):
    """What becomes of a unit of work whose write met a condition that does not hold.

    Usually something newer is stored already: a lost race is counted, and is no failure.
    """

    DONE = "done"  # the branch ends here
    PASS = "pass"  # noqa: S105 - it goes on; the response has what is stored under `Item`
    FAIL = "fail"  # ConditionFailed is raised, and a policy decides


def update(
    *,
    request: str = "update_request",
    response: str = "update_response",
    table: str = TABLE_RESOURCE,
    lost: Lost = Lost.DONE,
    name: str = "update",
) -> Call:
    """Give a step that changes an item: `{"Key": {...}, **update_expression(...)}`."""
    return _write("UpdateItem", "Key", request, response, table, lost, name)


def put(
    *,
    request: str = "put_request",
    response: str = "put_response",
    table: str = TABLE_RESOURCE,
    lost: Lost = Lost.DONE,
    name: str = "put",
) -> Call:
    """Give a step that stores an item: `{"Item": {...}, **timestamp_condition(...)}`."""
    return _write("PutItem", "Item", request, response, table, lost, name)


def delete(
    *,
    request: str = "delete_request",
    response: str = "delete_response",
    table: str = TABLE_RESOURCE,
    lost: Lost = Lost.DONE,
    name: str = "delete",
) -> Call:
    """Give a step that removes an item: `{"Key": {...}}`.

    Of an item that is gone nobody knows how old it was: prefer an update with a soft deletion.
    """
    return _write("DeleteItem", "Key", request, response, table, lost, name)


def _write(  # noqa: PLR0917 - one table of what the three differ in
    operation: str, subject: str, request: str, response: str, table: str, lost: Lost, name: str
) -> Call:
    def send(wanted: Wanted, world: World) -> Any:  # noqa: ANN401 - an answer, or ENDED
        address = world.resources.address(ResourceKind.TABLE, table)
        parameters = _parameters(wanted.request, subject, address)
        if lost is not Lost.DONE and "ConditionExpression" in parameters:
            parameters["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        try:
            answer = world.aws.call("dynamodb", operation, parameters)
        except ConditionFailed as error:
            stored = None if error.item is None else unmarshal_item(error.item)
            return _after_loss(error, stored, lost, name, world)
        finally:
            # Also after an error: nobody knows whether it was done.
            forget(world, address)
        return _plain(answer) if answer else answer

    uses = (use(ResourceKind.TABLE, table, f"dynamodb:{operation}"),)
    return call(name=name, request=request, response=response, send=send, uses=uses)


def _parameters(request: Any, subject: str, table: str) -> dict[str, Any]:  # noqa: ANN401 - a user's
    parameters: dict[str, Any] = {**needed(request, subject), "TableName": table}
    parameters[subject] = marshal_item(parameters[subject])
    if _VALUES in parameters:
        parameters[_VALUES] = marshal_item(parameters[_VALUES])
    return parameters


def _after_loss(
    error: ConditionFailed, stored: Item | None, lost: Lost, name: str, world: World
) -> Any:  # noqa: ANN401 - an answer, or ENDED
    if lost is Lost.FAIL:
        error.item = stored
        raise error
    world.meter.count(StreamMetric.LOST_RACES, step=name)
    return ENDED if lost is Lost.DONE else {"Item": stored}


def _plain(answer: Mapping[str, Any]) -> dict[str, Any]:
    attributes = answer.get("Attributes")
    return {**answer, "Attributes": unmarshal_item(attributes)} if attributes else dict(answer)


# --- several ------------------------------------------------------------------------------------


def batch_write(
    *,
    request: str = "batch_write_request",
    response: str = "batch_write_response",
    table: str = TABLE_RESOURCE,
    name: str = "batch_write",
) -> BulkCall:
    """Give a step that stores or removes items without conditions, 25 a call.

    A request is `{"PutRequest": {"Item": {...}}}` or `{"DeleteRequest": {"Key": {...}}}`.
    """

    def send(writes: Sequence[_BatchWrite], world: World) -> list[Any]:
        address = world.resources.address(ResourceKind.TABLE, table)
        try:
            return _split(writes, address, world)
        finally:
            forget(world, address)

    return bulk(
        name=name,
        request=request,
        response=response,
        entry=_batch_entry,
        send=send,
        count=WRITES,
        size=WRITES_BYTES,
        uses=(use(ResourceKind.TABLE, table, "dynamodb:BatchWriteItem"),),
    )


_BatchWrite = dict[str, dict[str, Any]]


def _batch_entry(wanted: Wanted, _world: World) -> Entry:
    given = needed(wanted.request)
    for kind, subject in (("PutRequest", "Item"), ("DeleteRequest", "Key")):
        if kind in given:
            content = marshal_item(needed(given[kind], subject)[subject])
            return Entry(value={kind: {subject: content}}, size=len(repr(content)))
    raise ValueError(f"a batch write has a PutRequest or a DeleteRequest, got {sorted(given)}")


def _split(writes: Sequence[_BatchWrite], table: str, world: World) -> list[Any]:
    # A request with two writes of one item is refused as a whole, and what is one's key only the
    # table knows. In halves, one after the other, the later write is the last one still.
    try:
        return _written(writes, table, world)
    except AwsError as error:
        if error.code != _REFUSED or len(writes) == 1:
            raise
    half = len(writes) // 2
    return [*_half(writes[:half], table, world), *_half(writes[half:], table, world)]


def _half(writes: Sequence[_BatchWrite], table: str, world: World) -> list[Any]:
    try:
        return _split(writes, table, world)
    except AwsError as error:
        return [error] * len(writes)


def _written(writes: Sequence[_BatchWrite], table: str, world: World) -> list[Any]:
    requests = {"RequestItems": {table: list(writes)}}
    answer = world.aws.call("dynamodb", "BatchWriteItem", requests)
    unprocessed: dict[str, list[_BatchWrite]] = answer.get("UnprocessedItems") or {}
    left = [_comparable(write) for write in unprocessed.get(table, [])]
    if not left:
        return [{} for _ in writes]
    is_left = [_comparable(write) in left for write in writes]
    if sum(is_left) < len(left):
        # What is put off was not told so that it can be known again.
        is_left = [True] * len(writes)
    return [_put_off() if each else {} for each in is_left]


def _comparable(write: _BatchWrite) -> tuple[str, Item]:
    # The same number may come back written in another way, and the same set in another order.
    ((kind, content),) = write.items()
    ((_, attributes),) = content.items()
    return kind, unmarshal_item(attributes)


def _put_off() -> Throttled:
    return Throttled("UnprocessedItems", "the item was put off", 400, "BatchWriteItem")


def transact(
    *,
    request: str = "transact_request",
    response: str = "transact_response",
    tables: Sequence[str] = (TABLE_RESOURCE,),
    lost: Lost = Lost.DONE,
    name: str = "transact",
) -> Call:
    """Give a step that does all writes of a request or none: `{"TransactItems": [...]}`.

    `TableName` in them is what the resource is called here; default: the first of `tables`.
    """

    def send(wanted: Wanted, world: World) -> Any:  # noqa: ANN401 - an answer, or ENDED
        address: Callable[[str], str] = lambda table: world.resources.address(  # noqa: E731 - bound
            ResourceKind.TABLE, table
        )
        items = _transact_items(wanted.request, tables, address)
        # The same event with other contents is another transaction.
        token = digest(wanted.id, items)[:TRANSACT_TOKEN_CHARACTERS]
        parameters = {"TransactItems": items, "ClientRequestToken": token}
        try:
            return world.aws.call("dynamodb", "TransactWriteItems", parameters)
        except TransactionCancelled as error:
            codes = {reason["Code"] for reason in error.reasons} - {"None"}
            if lost is Lost.FAIL or codes != {CONDITION_FAILED}:
                raise
            world.meter.count(StreamMetric.LOST_RACES, step=name)
            return ENDED if lost is Lost.DONE else {"Item": None}
        finally:
            for table in tables:
                forget(world, address(table))

    return call(
        name=name,
        request=request,
        response=response,
        send=send,
        uses=tuple(use(ResourceKind.TABLE, table, *_TRANSACT_ACTIONS) for table in tables),
    )


# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
_TRANSACT_ACTIONS = (
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
)


def _transact_items(
    request: Any,  # noqa: ANN401 - a user's
    tables: Sequence[str],
    address: Callable[[str], str],
) -> list[dict[str, Any]]:
    items: Sequence[Request] = needed(request, "TransactItems")["TransactItems"]
    if not 1 <= len(items) <= TRANSACT_WRITES:
        raise ValueError(
            f"a transaction has 1 to {TRANSACT_WRITES} writes, got {len(items)}; use several"
        )
    found: list[dict[str, Any]] = []
    for item in items:
        if len(item) != 1:
            raise ValueError(f"each of TransactItems is one operation, got {sorted(item)}")
        ((operation, write),) = item.items()
        table = write.get("TableName", tables[0])
        if table not in tables:
            raise ValueError(f"table {table!r} is none of this step's; name it in tables={tables}")
        subject = "Item" if operation == "Put" else "Key"
        found.append({operation: _parameters(write, subject, address(table))})
    return found
