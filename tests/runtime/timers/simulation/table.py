"""The table: every change of it in order, what was written, and reads that are behind."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.dynamodb import Item, unmarshal_item
from cdk_streamer_runtime.memory.dynamodb import MemoryDynamoDb
from cdk_streamer_runtime.memory.tables import StreamChange, TableSchema
from tests.runtime.simulation.scheduler import Scheduler

UNIT = 1024  # bytes
COUNTED = ("dispatcher", "ticker")  # whose write units are of interest
READS = frozenset({"GetItem", "Query", "BatchGetItem"})


@dataclass(frozen=True, slots=True)
class Change:
    """One item before and after an operation; the changes of a transaction have one `number`."""

    number: int
    at: int
    writer: str
    pk: str
    sk: str
    old: Item | None
    new: Item | None


Watch = Callable[[list[Change]], None]


class Table:
    """A linearizable table whose every change is told, and whose other reads lag behind."""

    def __init__(self, scheduler: Scheduler, schema: TableSchema, watch: Watch) -> None:
        self._scheduler = scheduler
        self._schema = schema
        self._database = MemoryDynamoDb(scheduler.clock)
        self._replica = MemoryDynamoDb(scheduler.clock)
        self._table = self._database.create(schema)
        self._replica.create(schema)
        self._behind: deque[StreamChange] = deque()
        self._watch = watch
        self._read = 0
        self._operations = 0

    def call(
        self, operation: str, parameters: Mapping[str, Any], writer: str, lag: int
    ) -> tuple[dict[str, Any], int]:
        """Do one operation; give its answer and the write units that it took; raises AwsError."""
        if operation in READS:
            return self._source(parameters, lag).call(operation, parameters), 0
        answer = self._database.call(operation, parameters)
        return answer, self._take(operation, writer)

    def _source(self, parameters: Mapping[str, Any], lag: int) -> MemoryDynamoDb:
        requests = parameters.get("RequestItems", {self._schema.name: parameters})
        if all(request.get("ConsistentRead") for request in requests.values()):
            return self._database
        seen = self._scheduler.now - self._scheduler.random.randint(0, lag)
        while self._behind and self._behind[0].time <= seen:
            self._repeat(self._behind.popleft())
        return self._replica

    def _repeat(self, change: StreamChange) -> None:
        name, new = self._schema.name, change.new
        if new is None:
            key = {attribute: (change.old or {})[attribute] for attribute in self._schema.keys}
            self._replica.call("DeleteItem", {"TableName": name, "Key": key})
        else:
            self._replica.call("PutItem", {"TableName": name, "Item": new})

    def _take(self, operation: str, writer: str) -> int:
        """Tell what an operation has changed; that it changes nothing takes a unit too."""
        changes = self._table.changes_after(self._read)
        if not changes:
            return 1
        self._operations += 1
        self._read = changes[-1].number
        self._behind.extend(changes)
        self._watch([self._change(each, writer) for each in changes])
        if not writer.startswith(COUNTED):
            return 1
        units = sum(map(self._units, changes))
        return units * (2 if operation == "TransactWriteItems" else 1)

    def _change(self, change: StreamChange, writer: str) -> Change:
        old, new = change.old, change.new
        some = new or old or {}
        return Change(
            number=self._operations,
            at=self._scheduler.now,
            writer=writer,
            pk=some["pk"]["S"],
            sk=some["sk"]["S"],
            old=None if old is None else unmarshal_item(old),
            new=None if new is None else unmarshal_item(new),
        )

    def _units(self, change: StreamChange) -> int:
        """Count write units: of the item, and of each index whose key it changes or that it is in.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
        """
        old, new = change.old or {}, change.new or {}
        units = math.ceil(max(_size(old), _size(new)) / UNIT)
        for index in self._schema.indexes:
            before = tuple(old.get(name, _NONE).get("S") for name in index.keys)
            after = tuple(new.get(name, _NONE).get("S") for name in index.keys)
            entries = (None not in before) + (None not in after)
            units += min(entries, 1) if before == after else entries
        return units


_NONE: Mapping[str, Any] = {}


def _size(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Measure an item of texts and numbers, near enough."""
    return sum(
        len(name) + (len(content) if isinstance(content, str) else UNIT // 16)
        for name, value in item.items()
        for content in value.values()
    )
