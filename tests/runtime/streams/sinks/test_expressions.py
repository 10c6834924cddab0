"""Updates and the inverse optimistic lock: whatever comes in whatever order, the newest stays."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import ConditionFailed
from cdk_streamer_runtime.streams.sinks.expressions import (
    EXPRESSION_BYTES,
    Added,
    Removed,
    lock_of,
    timestamp_condition,
    update_expression,
)
from cdk_streamer_runtime.testing import MemoryAws, TableSchema
from tests.runtime.streams.sinks.sending import TIMESTAMP, unit

KEY = {"pk": "1"}
ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"


@pytest.fixture
def table() -> Table:
    return new_table()


def new_table() -> Table:
    aws = MemoryAws(tables=[TableSchema(name="views", partition_key="pk")])
    return Table(aws, "views")


def write(table: Table, item: dict[str, Any], **lock: Any) -> bool:
    """Update an item under the lock; tell whether it was the newest."""
    return apply(table, update_expression(item, timestamp_condition(item, **lock)))


def apply(table: Table, parts: dict[str, Any]) -> bool:
    try:
        table.update(
            KEY,
            parts["UpdateExpression"],
            condition=parts.get("ConditionExpression"),
            names=parts.get("ExpressionAttributeNames"),
            values=parts.get("ExpressionAttributeValues"),
        )
    except ConditionFailed:
        return False
    return True


def stored(table: Table) -> dict[str, Any]:
    item = table.get(KEY) or {}
    item.pop("pk", None)
    return item


# --- updates ------------------------------------------------------------------------------------


def test_an_item_has_the_attributes_that_are_given(table):
    apply(table, update_expression({"name": "x", "status": 1, "size": None, "tags": ["a"]}))
    assert stored(table) == {"name": "x", "status": 1, "tags": ["a"]}


def test_none_removes_an_attribute(table):
    apply(table, update_expression({"name": "x", "size": 1}))
    apply(table, update_expression({"size": None}))
    assert stored(table) == {"name": "x"}


def test_a_set_replaces_the_stored_one(table):
    apply(table, update_expression({"tags": {"a", "b"}}))
    apply(table, update_expression({"tags": frozenset({"c"})}))
    assert stored(table) == {"tags": frozenset({"c"})}


def test_an_empty_set_removes_an_attribute(table):
    apply(table, update_expression({"tags": {"a"}, "name": "x"}))
    apply(table, update_expression({"tags": set()}))
    assert stored(table) == {"name": "x"}


def test_members_are_added_to_a_set_and_taken_out(table):
    apply(table, update_expression({"tags": {"a", "b"}, "roles": Added({"x"})}))
    apply(table, update_expression({"tags": Removed({"a"}), "roles": Added({"y"}), "name": "n"}))
    assert stored(table) == {"tags": {"b"}, "roles": {"x", "y"}, "name": "n"}


def test_no_members_to_add_change_nothing(table):
    apply(table, update_expression({"name": "x", "tags": Added(set())}))
    assert stored(table) == {"name": "x"}


def test_reserved_words_and_odd_names_are_attributes_like_others(table):
    item = {"name": 1, "status": 2, "a.b": 3, "c-d": 4, "#e": 5, "ü": 6, "": None, "size": 7}
    del item[""]
    apply(table, update_expression(item))
    assert stored(table) == item


def test_an_item_of_many_attributes_has_a_shorter_expression(table):
    item = {f"a_rather_long_attribute_{number}": number for number in range(250)}
    parts = update_expression(item)
    apply(table, parts)
    assert stored(table) == item
    assert len(parts["UpdateExpression"]) < EXPRESSION_BYTES


def test_no_attributes_make_no_expression():
    assert update_expression({}) == {}


def test_what_is_given_belongs_to_its_caller_alone():
    first = update_expression({"name": 1})
    first["ExpressionAttributeNames"]["#other"] = "other"
    assert update_expression({"name": 2})["ExpressionAttributeNames"] == {"#name": "name"}


names = st.sampled_from(["name", "size", "a.b", "tags", "status", "x_y"])
values = st.one_of(
    st.none(), st.integers(-9, 9), st.text("ab", max_size=2), st.sets(st.text("abc", min_size=1))
)
items = st.dictionaries(names, values, min_size=1)


@settings(max_examples=60, deadline=None)
@given(items, items)
def test_an_update_leaves_what_it_does_not_name(before, after):
    table = new_table()
    apply(table, update_expression(before))
    apply(table, update_expression(after))
    wanted = {name: value for name, value in (before | after).items() if value not in (None, set())}
    assert stored(table) == wanted


# --- the lock -----------------------------------------------------------------------------------


def version(timestamp: int, sequence: int | None = None, lineage: str = "a", **more: Any) -> Any:
    order = {"sequence": None, "lineage": None}
    if sequence is not None:
        order = {"sequence": f"{sequence:056d}", "lineage": lineage}
    return {"timestamp": timestamp, **order, **more}


def test_what_is_older_changes_nothing(table):
    assert write(table, version(2, name="new"))
    assert not write(table, version(1, name="old"))
    assert stored(table)["name"] == "new"


def test_without_a_sequence_equal_timestamps_are_accepted_in_arrival_order(table):
    write(table, version(1, name="first"))
    assert write(table, version(1, name="second"))


def test_of_equal_timestamps_the_higher_sequence_of_a_lineage_is_newer(table):
    write(table, version(1, 10, name="second"))
    assert not write(table, version(1, 9, name="first"))
    assert write(table, version(1, 10, name="again"))
    assert write(table, version(1, 11, name="third"))


def test_sequences_of_different_lineages_are_not_compared(table):
    write(table, version(1, 10, "a"))
    assert write(table, version(1, 2, "b"))
    assert write(table, version(1, 1, "a"))


def test_a_later_timestamp_is_newer_whatever_the_sequence(table):
    write(table, version(1, 10))
    assert write(table, version(2, 3))


def test_what_was_stored_without_the_lock_is_older(table):
    apply(table, update_expression({"name": "first"}))
    assert write(table, version(1, 1))


def test_a_deletion_wins_a_tie_that_nobody_can_order(table):
    write(table, version(1, deleted=True), deleted="deleted")
    assert not write(table, version(1, deleted=None), deleted="deleted")
    assert write(table, version(1, deleted=True), deleted="deleted")
    assert write(table, version(2, deleted=None), deleted="deleted")


def test_a_sequence_orders_a_deletion_and_what_comes_after_it(table):
    write(table, version(1, 5, deleted=True), deleted="deleted")
    assert not write(table, version(1, 4, deleted=None), deleted="deleted")
    assert write(table, version(1, 6, deleted=None), deleted="deleted")


def test_the_echo_of_ones_own_change_changes_nothing(table):
    apply(table, update_expression({"timestamp": 5, "latched": None, "name": "mine"}))
    assert not write(table, version(5, 1, latched=True, name="echo"), latched="latched")
    assert stored(table)["name"] == "mine"


def test_what_the_other_side_changed_later_is_received(table):
    apply(table, update_expression({"timestamp": 5, "name": "mine"}))
    assert write(table, version(6, 1, latched=True, name="theirs"), latched="latched")
    assert write(table, version(6, 2, latched=True, name="theirs"), latched="latched")


def test_fields_have_the_names_that_are_given(table):
    item = {"changed-at": 2, "order": "2", "shard": "a", "name": "new"}
    fields = {"timestamp": "changed-at", "sequence": "order", "lineage": "shard"}
    write(table, item, **fields)
    assert not write(table, item | {"order": "1"}, **fields)


def test_a_whole_item_is_stored_under_the_same_lock(table):
    for number in (2, 1):
        item = {**KEY, **version(number)}
        parts = timestamp_condition(item)
        with contextlib.suppress(ConditionFailed):
            table.put(
                item,
                condition=parts["ConditionExpression"],
                names=parts["ExpressionAttributeNames"],
                values=parts["ExpressionAttributeValues"],
            )
    assert stored(table)["timestamp"] == 2


def test_an_item_without_a_timestamp_is_refused():
    with pytest.raises(ValueError, match="the item has no 'timestamp' to compare"):
        timestamp_condition({"name": "x"})


@pytest.mark.parametrize("order", list(itertools.permutations([(1, 1), (1, 2), (2, 1), (3, 9)])))
def test_the_newest_stays_in_whatever_order_they_come(table, order):
    for timestamp, sequence in order:
        write(table, version(timestamp, sequence, name=f"{timestamp}.{sequence}"))
    assert stored(table)["name"] == "3.9"


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), min_size=1, max_size=8))
def test_deliveries_of_one_lineage_end_with_its_newest(deliveries):
    table = new_table()
    for timestamp, sequence in deliveries:
        write(table, version(timestamp, sequence, name=f"{timestamp}.{sequence}"))
    timestamp, sequence = max(deliveries)
    assert stored(table)["name"] == f"{timestamp}.{sequence}"


# --- the lock's attributes ----------------------------------------------------------------------


def test_sequences_are_compared_as_numbers():
    short, long = (
        lock_of(unit(sequence=number, group="shard"))["sequence"] for number in ("99", "100")
    )
    assert short < long


def test_shards_of_two_streams_are_two_lineages():
    first, second = (
        lock_of(unit(sequence="1", group="shardId-0", record={"eventSourceARN": f"{ARN}{number}"}))
        for number in (1, 2)
    )
    assert first["lineage"] == "stream/orders1/shardId-0"
    assert first["lineage"] != second["lineage"]


def test_an_event_without_order_has_its_timestamp_alone():
    assert lock_of(unit()) == {"timestamp": TIMESTAMP, "sequence": None, "lineage": None}
