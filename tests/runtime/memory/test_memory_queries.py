"""Queries of a table that changes find what a search through all of its items finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.attributes import marshal_item
from cdk_streamer_runtime.testing import MemoryAws
from tests.runtime.memory.conftest import TABLE

NAMES = st.sampled_from(["a", "aa", "ab", "b", "ba", "c"])
RANKS = st.integers(-2, 12)
# Each item is put, put again with another rank, or deleted.
WRITES = st.lists(st.tuples(NAMES, st.none() | RANKS), max_size=12)
CONDITIONS: dict[str, Callable[[Any, Any, Any], bool]] = {
    "": lambda _key, _low, _high: True,
    "AND #sort = :low": lambda key, low, _high: key == low,
    "AND #sort < :low": lambda key, low, _high: key < low,
    "AND #sort <= :low": lambda key, low, _high: key <= low,
    "AND #sort > :low": lambda key, low, _high: key > low,
    "AND #sort >= :low": lambda key, low, _high: key >= low,
    "AND #sort BETWEEN :low AND :high": lambda key, low, high: low <= key <= high,
}
PREFIX = {"AND begins_with(#sort, :low)": lambda key, low, _high: key.startswith(low)}


def written(writes: list[tuple[str, int | None]]) -> tuple[MemoryAws, dict[str, int]]:
    """Give a table after some writes, and what it should hold: ranks by name."""
    aws, ranks = MemoryAws(tables=[TABLE]), {}
    for name, rank in writes:
        key = {"pk": "p", "sk": name}
        if rank is None:
            ranks.pop(name, None)
            aws.call("dynamodb", "DeleteItem", {"TableName": "table", "Key": marshal_item(key)})
        else:
            ranks[name] = rank
            item = marshal_item({**key, "owner_key": "o", "rank": rank})
            aws.call("dynamodb", "PutItem", {"TableName": "table", "Item": item})
    return aws, ranks


def pages(aws: MemoryAws, **parameters: Any) -> list[tuple[str, int]]:
    """Give the names and ranks of all pages."""
    found: list[tuple[str, int]] = []
    while True:
        page = aws.call("dynamodb", "Query", {"TableName": "table", **parameters})
        found += [(item["sk"]["S"], int(item["rank"]["N"])) for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            return found
        parameters["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def asked(partition: str, sort: str, condition: str, low: Any, high: Any) -> dict[str, Any]:
    values = {":p": partition[0], ":low": low, ":high": high}
    return {
        "KeyConditionExpression": f"{partition} = :p {condition}",
        "ExpressionAttributeNames": {"#sort": sort} if condition else {"#p": partition},
        "ExpressionAttributeValues": marshal_item(
            {name: value for name, value in values.items() if name in f":p {condition}"}
        ),
    } | ({} if condition else {"KeyConditionExpression": "#p = :p"})


@settings(max_examples=20)  # of each condition
@pytest.mark.parametrize("condition", [*CONDITIONS, *PREFIX])
@given(
    writes=WRITES,
    bounds=st.tuples(NAMES, NAMES).map(sorted),
    limit=st.integers(1, 4),
    forward=st.booleans(),
)
def test_a_table_is_read_in_the_order_of_its_sort_keys(condition, writes, bounds, limit, forward):
    aws, ranks = written(writes)
    low, high = bounds
    wanted = (CONDITIONS | PREFIX)[condition]

    found = pages(
        aws, **asked("pk", "sk", condition, low, high), Limit=limit, ScanIndexForward=forward
    )

    expected = sorted(each for each in ranks.items() if wanted(each[0], low, high))
    assert found == (expected if forward else expected[::-1])


@settings(max_examples=20)
@pytest.mark.parametrize("condition", CONDITIONS)
@given(
    writes=WRITES,
    bounds=st.tuples(RANKS, RANKS).map(sorted),
    limit=st.integers(1, 4),
    forward=st.booleans(),
)
def test_an_index_is_read_in_the_order_of_its_numbers(condition, writes, bounds, limit, forward):
    aws, ranks = written(writes)
    low, high = bounds
    wanted = CONDITIONS[condition]

    found = pages(
        aws,
        **asked("owner_key", "rank", condition, low, high),
        IndexName="by_rank",
        Limit=limit,
        ScanIndexForward=forward,
    )

    expected = sorted(
        (each for each in ranks.items() if wanted(each[1], low, high)), key=lambda each: each[::-1]
    )
    assert found == (expected if forward else expected[::-1])
