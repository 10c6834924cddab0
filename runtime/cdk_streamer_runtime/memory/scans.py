"""Scan: all of a table or an index, page by page, or a part of it for one of several readers."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from cdk_streamer_runtime.memory.compiled import Compiled
from cdk_streamer_runtime.memory.conditions import Values
from cdk_streamer_runtime.memory.queries import page_of, visible
from cdk_streamer_runtime.memory.tables import MemoryTable, PrimaryKey
from cdk_streamer_runtime.memory.values import InvalidValue, Item, copied_item, normalized_item

_SEGMENTS = 1_000_000


def scan(
    table: MemoryTable, parameters: Mapping[str, Any], compiled: Compiled, values: Values
) -> dict[str, Any]:
    """Answer a Scan; raises InvalidValue. The order is nobody's, but always the same."""
    name = parameters.get("IndexName")
    index = None if name is None else table.index(name)
    if index is not None and parameters.get("ConsistentRead"):
        raise InvalidValue("Consistent reads are not supported on global secondary indexes")
    keys = () if index is None else index.keys
    key_names = tuple(dict.fromkeys((*keys, *table.schema.keys)))
    segment, segments = _segment(parameters)
    after = _start(table, parameters, key_names)
    found = sorted(
        (place, item)
        for place, item in ((_place(table, item), item) for item in table.items())
        if (after is None or place > after)
        and place[0] % segments == segment
        and all(key in item for key in keys)
    )
    page, more = page_of(((item, table.size(item)) for _, item in found), parameters.get("Limit"))
    kept = [item for item in page if compiled.filter is None or compiled.filter(item, values)]
    answer: dict[str, Any] = {"Count": len(kept), "ScannedCount": len(page)}
    if parameters.get("Select") != "COUNT":
        answer["Items"] = [visible(item, table, index, compiled) for item in kept]
    if more:
        answer["LastEvaluatedKey"] = copied_item({key: page[-1][key] for key in key_names})
    return answer


_Place = tuple[int, str]


def _place(table: MemoryTable, item: Item) -> _Place:
    primary: PrimaryKey = table.primary_key(item)
    # Partitions lie in the order of a hash, and an item's place does not depend on its neighbors.
    return zlib.crc32(repr(primary[0]).encode()), repr(primary)


def _segment(parameters: Mapping[str, Any]) -> tuple[int, int]:
    segments = parameters.get("TotalSegments", 1)
    segment = parameters.get("Segment", 0)
    if not 1 <= segments <= _SEGMENTS or not 0 <= segment < segments:
        raise InvalidValue("The Segment parameter must be less than TotalSegments")
    return segment, segments


def _start(
    table: MemoryTable, parameters: Mapping[str, Any], key_names: tuple[str, ...]
) -> _Place | None:
    if "ExclusiveStartKey" not in parameters:
        return None
    start = normalized_item(parameters["ExclusiveStartKey"])
    if start.keys() != set(key_names):
        raise InvalidValue("The provided starting key is invalid")
    return _place(table, start)
