"""Query: one partition of a table or an index, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk_streamer_runtime.memory.compiled import Compiled
from cdk_streamer_runtime.memory.conditions import Values
from cdk_streamer_runtime.memory.partitions import Bounds
from cdk_streamer_runtime.memory.tables import IndexSchema, MemoryTable, Record
from cdk_streamer_runtime.memory.tokens import InvalidExpression
from cdk_streamer_runtime.memory.trees import (
    Between,
    Both,
    Call,
    Comparison,
    Condition,
    Either,
    In,
    Negation,
    Operand,
    Path,
    Placeholder,
)
from cdk_streamer_runtime.memory.updates import projected
from cdk_streamer_runtime.memory.values import (
    AttributeValue,
    InvalidValue,
    Item,
    copied_item,
    kind_of,
    normalized_item,
    order_of,
)

PAGE_BYTES = 1024 * 1024


def query(
    table: MemoryTable, parameters: Mapping[str, Any], compiled: Compiled, values: Values
) -> dict[str, Any]:
    """Answer a Query; raises InvalidExpression and InvalidValue."""
    name = parameters.get("IndexName")
    index = None if name is None else table.index(name)
    if index is not None and parameters.get("ConsistentRead"):
        raise InvalidValue("Consistent reads are not supported on global secondary indexes")
    keys = table.schema.keys if index is None else index.keys
    partition, bounds = _key_condition(compiled.key_condition, keys, values, table)
    _refuse_keys_in_filter(compiled.filter_tree, keys)
    key_names = tuple(dict.fromkeys((*keys, *table.schema.keys)))
    found = table.records(
        index,
        partition,
        bounds,
        after=_start_key(parameters, key_names),
        forward=parameters.get("ScanIndexForward", True),
    )
    page, more = page_of(found, parameters.get("Limit"))
    kept = [item for item in page if compiled.filter is None or compiled.filter(item, values)]
    answer: dict[str, Any] = {"Count": len(kept), "ScannedCount": len(page)}
    if parameters.get("Select") != "COUNT":
        answer["Items"] = [visible(item, table, index, compiled) for item in kept]
    if more:
        answer["LastEvaluatedKey"] = copied_item({key: page[-1][key] for key in key_names})
    return answer


def page_of(found: Iterator[Record], limit: int | None) -> tuple[list[Item], bool]:
    """Give the items of one page, and whether DynamoDB would look further."""
    if limit is not None and limit < 1:
        raise InvalidValue("Limit must be at least 1")
    page: list[Item] = []
    size = 0
    for item, item_size in found:
        page.append(item)
        size += item_size
        # A full page ends the reading, so DynamoDB does not know whether it was the last.
        if len(page) == limit or size > PAGE_BYTES:
            return page, True
    return page, False


def _start_key(parameters: Mapping[str, Any], key_names: tuple[str, ...]) -> Item | None:
    if "ExclusiveStartKey" not in parameters:
        return None
    start = normalized_item(parameters["ExclusiveStartKey"])
    if start.keys() != set(key_names):
        raise InvalidValue("The provided starting key is invalid")
    return start


def visible(item: Item, table: MemoryTable, index: IndexSchema | None, compiled: Compiled) -> Item:
    """Give what an answer shows of an item."""
    if index is not None and index.projection is not None:
        names = {*index.projection, *index.keys, *table.schema.keys}
        item = {name: value for name, value in item.items() if name in names}
    paths = compiled.projection
    return copied_item(item if paths is None else projected(item, paths))


# --- key conditions ----------------------------------------------------------------------------


def _key_condition(
    condition: Condition | None, keys: tuple[str, ...], values: Values, table: MemoryTable
) -> tuple[AttributeValue, Bounds | None]:
    if condition is None:
        raise InvalidValue("Either the KeyConditions or KeyConditionExpression must be specified")
    parts = _conjuncts(condition)
    if len(parts) > len(keys):
        raise InvalidValue("Query key condition not supported")
    by_name = {_key_name(part): part for part in parts}
    if len(by_name) < len(parts):
        raise InvalidValue("KeyConditionExpressions must only contain one condition per key")
    partition = by_name.pop(keys[0], None)
    if partition is None:
        raise InvalidValue(f"Query condition missed key schema element: {keys[0]}")
    if not by_name.keys() <= set(keys):
        raise InvalidValue(f"Query condition missed key schema element: {keys[-1]}")
    match partition:
        case Comparison("=", _, Placeholder(name)):
            pass
        case _:
            raise InvalidValue("Query key condition not supported")
    for part in parts:
        _check_types(part, values, table)
    if not by_name:
        return values[name], None
    return values[name], _bounds(by_name[keys[1]], values)


def _bounds(condition: Condition, values: Values) -> Bounds:
    """Give which sort keys a condition wants; `_key_name` has refused what is not listed here."""
    first, *rest = (
        order_of(values[operand.name])
        for operand in _operands(condition)
        if isinstance(operand, Placeholder)
    )
    order: Any = first  # text, number or binary: what the condition's form does not tell
    match condition:
        case Comparison("<"):
            return Bounds(above=lambda key: key >= order)
        case Comparison("<="):
            return Bounds(above=lambda key: key > order)
        case Comparison(">"):
            return Bounds(below=lambda key: key <= order)
        case Comparison(">="):
            return Bounds(below=lambda key: key < order)
        case Call():
            return Bounds(
                below=lambda key: key < order, above=lambda key: not key.startswith(order)
            )
        case _:
            last: Any = (order, *rest)[-1]
            return Bounds(below=lambda key: key < order, above=lambda key: key > last)


def _conjuncts(condition: Condition) -> list[Condition]:
    if isinstance(condition, Both):
        return [*_conjuncts(condition.left), *_conjuncts(condition.right)]
    return [condition]


def _key_name(condition: Condition) -> str:
    match condition:
        case Comparison("=" | "<" | "<=" | ">" | ">=", Path(name, ()), Placeholder()):
            return name
        case Between(Path(name, ()), Placeholder(), Placeholder()):
            return name
        case Call("begins_with", (Path(name, ()), Placeholder())):
            return name
        case Either() | Negation() | In() | Call():
            raise InvalidExpression("Invalid operator used in KeyConditionExpression")
        case _:
            raise InvalidValue("Query key condition not supported")


def _check_types(condition: Condition, values: Values, table: MemoryTable) -> None:
    name = _key_name(condition)
    for operand in _operands(condition):
        if isinstance(operand, Placeholder):
            value = values[operand.name]
            if kind_of(value) != table.schema.key_type(name):
                raise InvalidValue("Condition parameter type does not match schema type")
            if order_of(value) in ("", b""):
                raise InvalidValue(
                    "One or more parameter values are not valid. The AttributeValue for a key "
                    f"attribute cannot contain an empty string value. Key: {name}"
                )


def _operands(condition: Condition) -> tuple[Operand, ...]:
    match condition:
        case Comparison(_, left, right):
            return left, right
        case Between(operand, lower, upper):
            return operand, lower, upper
        case In(operand, choices):
            return operand, *choices
        case Call(_, operands):
            return operands
        case Both(left, right) | Either(left, right):
            return _operands(left) + _operands(right)
        case Negation(inner):
            return _operands(inner)


def _refuse_keys_in_filter(condition: Condition | None, keys: tuple[str, ...]) -> None:
    if condition is None:
        return
    for operand in _operands(condition):
        inner = operand.operands[0] if isinstance(operand, Call) else operand
        if isinstance(inner, Path) and inner.attribute in keys:
            raise InvalidExpression(
                "Filter Expression can only contain non-primary key attributes: "
                f"Primary key attribute: {inner.attribute}"
            )
