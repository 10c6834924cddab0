"""DynamoDB in memory: the operations, over `MemoryTable`s."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.errors import (
    AwsError,
    CancellationReason,
    ConditionFailed,
    TransactionCancelled,
    aws_error,
)
from cdk_streamer_runtime.memory.compiled import Compiled, expressions_of, refuse_legacy
from cdk_streamer_runtime.memory.conditions import Values
from cdk_streamer_runtime.memory.queries import query
from cdk_streamer_runtime.memory.tables import (
    MemoryTable,
    PrimaryKey,
    Record,
    TableSchema,
    stream_record,
)
from cdk_streamer_runtime.memory.tokens import InvalidExpression
from cdk_streamer_runtime.memory.updates import InvalidUpdate, projected
from cdk_streamer_runtime.memory.values import InvalidValue, Item, copied_item, normalized_item

TRANSACTION_WRITES = 100
BATCH_WRITES = 25
BATCH_GETS = 100
TOKEN_MILLISECONDS = 10 * 60 * 1000

_WRITES = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheck",
}
_RETURNS = {
    "PutItem": {"NONE", "ALL_OLD"},
    "DeleteItem": {"NONE", "ALL_OLD"},
    "UpdateItem": {"NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Write:
    """One write, checked and computed but not done: a transaction does all or none of them."""

    operation: str
    table: MemoryTable
    primary: PrimaryKey
    old: Item | None
    compiled: Compiled
    values: Values
    key: Item

    @property
    def allowed(self) -> bool:
        """Whether the condition holds."""
        test = self.compiled.condition
        return test is None or test(self.old or {}, self.values)

    def result(self) -> Record | None:
        """Give what the write leaves behind; raises InvalidUpdate and InvalidValue."""
        if self.operation in {"DeleteItem", "ConditionCheck"}:
            return None
        new: Item | None = self.key
        if self.operation == "UpdateItem":
            update = self.compiled.update
            new = (
                self.old or self.key if update is None else update(self.old, self.key, self.values)
            )
        return None if new is None else self.table.record(self.primary, new)


class MemoryDynamoDb:
    """Tables by name and the operations on them."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._tables: dict[str, MemoryTable] = {}
        self._tokens: dict[str, tuple[int, str]] = {}
        self._operations: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "GetItem": self._get_item,
            "PutItem": self._put_item,
            "UpdateItem": self._update_item,
            "DeleteItem": self._delete_item,
            "Query": self._query,
            "TransactWriteItems": self._transact_write_items,
            "BatchGetItem": self._batch_get_item,
            "BatchWriteItem": self._batch_write_item,
        }

    def create(self, schema: TableSchema) -> MemoryTable:
        """Add an empty table."""
        self._tables[schema.name] = table = MemoryTable(schema, self._clock)
        return table

    def table(self, name: object) -> MemoryTable:
        """Give a table by its name; raises AwsError."""
        table = self._tables.get(str(name))
        if table is None:
            raise aws_error(
                "ResourceNotFoundException", "Requested resource not found", 400, "DynamoDB"
            )
        return table

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Do one operation; raises AwsError."""
        act = self._operations.get(operation)
        if act is None:
            raise NotImplementedError(f"DynamoDB's {operation} is not known to MemoryAws")
        refuse_legacy(parameters)
        try:
            return act(parameters)
        except (InvalidExpression, InvalidUpdate, InvalidValue) as error:
            raise aws_error("ValidationException", str(error), 400, operation) from None

    def call_streams(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Do one operation on the streams: enough to read records again by their place."""
        match operation:
            case "GetShardIterator":
                return {"ShardIterator": _shard_iterator(parameters)}
            case "GetRecords":
                return self._get_records(parameters)
            case _:
                raise NotImplementedError(f"DynamoDB Streams' {operation} is not known here")

    # --- single items ---

    def _get_item(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        table = self.table(parameters["TableName"])
        compiled, _values = expressions_of(parameters)
        _key, primary = table.key_of(parameters["Key"])
        item = table.find(primary)
        return {} if item is None else {"Item": _answer(item, compiled)}

    def _put_item(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        write, _new = self._do("PutItem", parameters)
        if parameters.get("ReturnValues", "NONE") == "NONE" or write.old is None:
            return {}
        return {"Attributes": copied_item(write.old)}

    def _delete_item(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        write, _new = self._do("DeleteItem", parameters)
        if parameters.get("ReturnValues", "NONE") == "NONE" or write.old is None:
            return {}
        return {"Attributes": copied_item(write.old)}

    def _update_item(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        write, new = self._do("UpdateItem", parameters)
        returns = parameters.get("ReturnValues", "NONE")
        item = new[0] if new is not None and returns.endswith("_NEW") else write.old
        if returns == "NONE" or item is None:
            return {}
        if returns.startswith("UPDATED"):
            item = projected(item, write.compiled.update_paths)
        return {"Attributes": copied_item(item)} if item else {}

    def _do(self, operation: str, parameters: Mapping[str, Any]) -> tuple[_Write, Record | None]:
        returns = parameters.get("ReturnValues", "NONE")
        if returns not in _RETURNS[operation]:
            raise InvalidValue(f"ReturnValues can not be {returns}")
        write = self._write(operation, parameters)
        if not write.allowed:
            raise _condition_failed(operation, parameters, write.old)
        new = write.result()
        write.table.store(write.primary, new)
        return write, new

    def _write(self, operation: str, parameters: Mapping[str, Any]) -> _Write:
        table = self.table(parameters["TableName"])
        compiled, values = expressions_of(parameters)
        if operation == "PutItem":
            key = normalized_item(parameters["Item"])
            primary = table.primary_key(key)
        else:
            key, primary = table.key_of(parameters["Key"])
        for path in compiled.update_paths:
            if path.steps[0] in table.schema.keys:
                raise InvalidValue(
                    f"Cannot update attribute {path.steps[0]}. This attribute is part of the key"
                )
        return _Write(
            operation=operation,
            table=table,
            primary=primary,
            old=table.find(primary),
            compiled=compiled,
            values=values,
            key=key,
        )

    # --- several items ---

    def _query(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        compiled, values = expressions_of(parameters)
        return query(self.table(parameters["TableName"]), parameters, compiled, values)

    def _transact_write_items(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        entries = list(parameters["TransactItems"])
        if not 1 <= len(entries) <= TRANSACTION_WRITES:
            raise InvalidValue("A transaction has 1 to 100 writes")
        if self._is_repeated(parameters):
            return {}
        parts = [_transact_part(entry) for entry in entries]
        writes = [self._write(operation, part) for operation, part in parts]
        if len({(write.table.schema.name, write.primary) for write in writes}) < len(writes):
            raise InvalidValue("Transaction request cannot include multiple operations on one item")
        outcomes = [_outcome(write, part) for write, (_, part) in zip(writes, parts, strict=True)]
        reasons = [reason for _new, reason in outcomes]
        if any(reason["Code"] != "None" for reason in reasons):
            raise _transaction_cancelled(reasons)
        for write, (new, _reason) in zip(writes, outcomes, strict=True):
            if write.operation != "ConditionCheck":
                write.table.store(write.primary, new)
        self._remember(parameters)
        return {}

    def _is_repeated(self, parameters: Mapping[str, Any]) -> bool:
        token = parameters.get("ClientRequestToken")
        time, content = self._tokens.get(str(token), (0, ""))
        if token is None or not content or time + TOKEN_MILLISECONDS <= self._clock():
            return False
        if content != _fingerprint(parameters):
            raise aws_error(
                "IdempotentParameterMismatchException",
                "the token came with other writes",
                400,
                "TransactWriteItems",
            )
        return True

    def _remember(self, parameters: Mapping[str, Any]) -> None:
        token = parameters.get("ClientRequestToken")
        if token is not None:
            self._tokens[str(token)] = (self._clock(), _fingerprint(parameters))

    def _batch_get_item(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        wanted: Mapping[str, Any] = parameters["RequestItems"]
        if not 1 <= sum(len(part["Keys"]) for part in wanted.values()) <= BATCH_GETS:
            raise InvalidValue("A batch reads 1 to 100 items")
        return {
            "Responses": {name: self._batch_get(name, part) for name, part in wanted.items()},
            "UnprocessedKeys": {},
        }

    def _batch_get(self, name: str, part: Mapping[str, Any]) -> list[Item]:
        table = self.table(name)
        compiled, _values = expressions_of(part)
        primaries = [table.key_of(key)[1] for key in part["Keys"]]
        _refuse_duplicates(primaries)
        found = [table.find(primary) for primary in primaries]
        return [_answer(item, compiled) for item in found if item is not None]

    def _batch_write_item(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        wanted: Mapping[str, Any] = parameters["RequestItems"]
        if not 1 <= sum(len(entries) for entries in wanted.values()) <= BATCH_WRITES:
            raise InvalidValue("A batch has 1 to 25 writes")
        writes = [
            self._write(*_batch_part(name, entry))
            for name, entries in wanted.items()
            for entry in entries
        ]
        _refuse_duplicates([(write.table.schema.name, *write.primary) for write in writes])
        for write, new in [(write, write.result()) for write in writes]:
            write.table.store(write.primary, new)
        return {"UnprocessedItems": {}}

    # --- streams ---

    def _get_records(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        place = json.loads(parameters["ShardIterator"])
        table = self.table(place["table"])
        changes = table.changes_after(place["after"])[: parameters.get("Limit", 1000)]
        last = changes[-1].number if changes else place["after"]
        return {
            "Records": [stream_record(table.schema, change) for change in changes],
            "NextShardIterator": json.dumps({"table": place["table"], "after": last}),
        }


def _answer(item: Item, compiled: Compiled) -> Item:
    paths = compiled.projection
    return copied_item(item if paths is None else projected(item, paths))


def _condition_failed(
    operation: str, parameters: Mapping[str, Any], old: Item | None
) -> ConditionFailed:
    error = ConditionFailed(
        "ConditionalCheckFailedException", "The conditional request failed", 400, operation
    )
    if old is not None and parameters.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
        error.item = copied_item(old)
    return error


def _transact_part(entry: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    if len(entry) != 1 or not entry.keys() <= _WRITES.keys():
        raise InvalidValue("TransactItems can only contain one of Check, Put, Update or Delete")
    ((kind, part),) = entry.items()
    refuse_legacy(part)
    return _WRITES[kind], part


def _outcome(write: _Write, part: Mapping[str, Any]) -> tuple[Record | None, CancellationReason]:
    if not write.allowed:
        reason: CancellationReason = {"Code": "ConditionalCheckFailed"}
        item = _condition_failed(write.operation, part, write.old).item
        return None, reason if item is None else {**reason, "Item": item}
    try:
        return write.result(), {"Code": "None"}
    except (InvalidUpdate, InvalidValue):
        return None, {"Code": "ValidationError"}


def _transaction_cancelled(reasons: list[CancellationReason]) -> AwsError:
    codes = ", ".join(reason["Code"] for reason in reasons)
    error = TransactionCancelled(
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        400,
        "TransactWriteItems",
    )
    error.reasons = reasons
    return error


def _batch_part(name: str, entry: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    match entry:
        case {"PutRequest": request}:
            return "PutItem", {"TableName": name, **request}
        case {"DeleteRequest": request}:
            return "DeleteItem", {"TableName": name, **request}
        case _:
            raise InvalidValue("a batch write is a PutRequest or a DeleteRequest")


def _refuse_duplicates(keys: Iterable[tuple[object, ...]]) -> None:
    listed = list(keys)
    if len(set(listed)) < len(listed):
        raise InvalidValue("Provided list of item keys contains duplicates")


def _fingerprint(parameters: Mapping[str, Any]) -> str:
    return json.dumps(parameters["TransactItems"], sort_keys=True)


def _shard_iterator(parameters: Mapping[str, Any]) -> str:
    table = str(parameters["StreamArn"]).split("/")[1]
    match parameters["ShardIteratorType"]:
        case "AT_SEQUENCE_NUMBER":
            after = int(parameters["SequenceNumber"]) - 1
        case "AFTER_SEQUENCE_NUMBER":
            after = int(parameters["SequenceNumber"])
        case _:
            after = 0
    return json.dumps({"table": table, "after": after})
