"""One write to a table: checked and computed first, done afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.errors import ConditionFailed
from cdk_streamer_runtime.memory.compiled import Compiled, expressions_of
from cdk_streamer_runtime.memory.conditions import Values
from cdk_streamer_runtime.memory.tables import MemoryTable, PrimaryKey, Record
from cdk_streamer_runtime.memory.values import InvalidValue, Item, copied_item, normalized_item


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
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

    def store(self, record: Record | None) -> None:
        """Do the write, whose result this is."""
        if self.operation != "ConditionCheck":
            self.table.store(self.primary, record)


def planned(table: MemoryTable, operation: str, parameters: Mapping[str, Any]) -> Write:
    """Give the write that a call asks for; raises InvalidExpression and InvalidValue."""
    compiled, values = expressions_of(parameters)
    if operation == "PutItem":
        key = normalized_item(parameters["Item"])
        primary = table.primary_key(key)
    else:
        key, primary = table.key_of(parameters["Key"])
    for path in compiled.update_paths:
        if path.attribute in table.schema.keys:
            raise InvalidValue(
                f"Cannot update attribute {path.attribute}. This attribute is part of the key"
            )
    return Write(
        operation=operation,
        table=table,
        primary=primary,
        old=table.find(primary),
        compiled=compiled,
        values=values,
        key=key,
    )


def condition_failed(
    operation: str, parameters: Mapping[str, Any], old: Item | None
) -> ConditionFailed:
    """Give the error of a write whose condition does not hold."""
    error = ConditionFailed(
        "ConditionalCheckFailedException", "The conditional request failed", 400, operation
    )
    if old is not None and parameters.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
        error.item = copied_item(old)
    return error
