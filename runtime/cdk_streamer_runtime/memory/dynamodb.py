"""DynamoDB in memory: the operations, over `MemoryTable`s."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.memory.compiled import Compiled, expressions_of, refuse_legacy
from cdk_streamer_runtime.memory.queries import query
from cdk_streamer_runtime.memory.scans import scan
from cdk_streamer_runtime.memory.tables import (
    MemoryTable,
    Record,
    TableSchema,
)
from cdk_streamer_runtime.memory.tokens import InvalidExpression
from cdk_streamer_runtime.memory.transactions import MemoryTransactions
from cdk_streamer_runtime.memory.updates import InvalidUpdate, projected
from cdk_streamer_runtime.memory.values import InvalidValue, Item, copied_item
from cdk_streamer_runtime.memory.writes import Write, condition_failed, planned

BATCH_WRITES = 25
BATCH_GETS = 100
_RETURNS = {
    "PutItem": {"NONE", "ALL_OLD"},
    "DeleteItem": {"NONE", "ALL_OLD"},
    "UpdateItem": {"NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"},
}


class MemoryDynamoDb:
    """Tables by name and the operations on them."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._tables: dict[str, MemoryTable] = {}
        self._transactions = MemoryTransactions(self.table, clock)
        self._operations: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "GetItem": self._get_item,
            "PutItem": self._put_item,
            "UpdateItem": self._update_item,
            "DeleteItem": self._delete_item,
            "Query": self._query,
            "Scan": self._scan,
            "TransactWriteItems": self._transactions.write,
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

    def _do(self, operation: str, parameters: Mapping[str, Any]) -> tuple[Write, Record | None]:
        returns = parameters.get("ReturnValues", "NONE")
        if returns not in _RETURNS[operation]:
            raise InvalidValue(f"ReturnValues can not be {returns}")
        write = planned(self.table(parameters["TableName"]), operation, parameters)
        if not write.allowed:
            raise condition_failed(operation, parameters, write.old)
        new = write.result()
        write.store(new)
        return write, new

    # --- several items ---

    def _query(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        compiled, values = expressions_of(parameters)
        return query(self.table(parameters["TableName"]), parameters, compiled, values)

    def _scan(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        compiled, values = expressions_of(parameters)
        return scan(self.table(parameters["TableName"]), parameters, compiled, values)

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
            planned(self.table(name), *_batch_part(entry))
            for name, entries in wanted.items()
            for entry in entries
        ]
        _refuse_duplicates([(write.table.schema.name, *write.primary) for write in writes])
        for write, new in [(write, write.result()) for write in writes]:
            write.store(new)
        return {"UnprocessedItems": {}}


def _answer(item: Item, compiled: Compiled) -> Item:
    paths = compiled.projection
    return copied_item(item if paths is None else projected(item, paths))


def _batch_part(entry: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    match entry:
        case {"PutRequest": request}:
            return "PutItem", request
        case {"DeleteRequest": request}:
            return "DeleteItem", request
        case _:
            raise InvalidValue("a batch write is a PutRequest or a DeleteRequest")


def _refuse_duplicates(keys: Iterable[tuple[object, ...]]) -> None:
    listed = list(keys)
    if len(set(listed)) < len(listed):
        raise InvalidValue("Provided list of item keys contains duplicates")
