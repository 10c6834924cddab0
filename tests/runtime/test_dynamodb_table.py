"""A table with plain values in and out, over AWS in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cdk_streamer_runtime.dynamodb import Check, Delete, Put, Table, Update
from cdk_streamer_runtime.errors import ConditionFailed, Throttled, TransactionCancelled
from cdk_streamer_runtime.testing import IndexSchema, MemoryAws, TableSchema

KEY = {"pk": "p", "sk": "a"}
ITEM = {**KEY, "n": 1, "f": 1.5, "yes": True, "none": None, "row": [1, {"x": b"y"}], "set": {"a"}}


class Recorder(MemoryAws):
    """AWS that remembers what it was asked."""

    def __init__(self, **resources: Any) -> None:
        super().__init__(**resources)
        self.calls: list[tuple[str, str, dict]] = []

    def call(
        self, service: str, operation: str, parameters: Mapping[str, object]
    ) -> dict[str, Any]:
        self.calls.append((service, operation, dict(parameters)))
        return super().call(service, operation, parameters)


@pytest.fixture
def aws() -> Recorder:
    index = IndexSchema(name="by_owner", partition_key="owner", sort_key="pk")
    schema = TableSchema(name="t", partition_key="pk", sort_key="sk", indexes=(index,))
    return Recorder(tables=[schema])


@pytest.fixture
def table(aws: Recorder) -> Table:
    return Table(aws, "t")


def test_an_item_is_read_as_it_was_written(table):
    table.put(ITEM)
    assert table.get(KEY) == ITEM


def test_what_is_not_there_is_none(table):
    assert table.get(KEY) is None


@pytest.mark.parametrize("consistent", [True, False])
def test_reads_are_consistent_unless_asked_otherwise(table, aws, consistent):
    table.get(KEY, **({} if consistent else {"consistent": False}))
    assert aws.calls[0][2]["ConsistentRead"] is consistent


def test_an_update_gives_the_new_item(table):
    table.put(ITEM)
    changed = table.update(KEY, "SET #n = #n + :n", names={"#n": "n"}, values={":n": 2})
    assert changed == {**ITEM, "n": 3}


@pytest.mark.parametrize(
    ("returns", "answer"),
    [("NONE", {}), ("ALL_OLD", {**KEY, "n": 1}), ("UPDATED_NEW", {"n": 2})],
)
def test_an_update_gives_what_is_asked_for(table, returns, answer):
    table.put({**KEY, "n": 1})
    assert table.update(KEY, "SET n = :n", values={":n": 2}, returns=returns) == answer


def test_a_delete_gives_what_was_there(table):
    table.put(ITEM)
    assert table.delete(KEY) == ITEM
    assert table.delete(KEY) is None


@pytest.mark.parametrize("write", ["put", "update", "delete"])
def test_a_failed_condition_tells_the_stored_item_in_plain_values(table, write):
    table.put(ITEM)
    guard = {"condition": "n = :two", "values": {":two": 2}}
    writes = {
        "put": lambda: table.put(KEY, **guard),
        "update": lambda: table.update(KEY, "SET n = :two", **guard),
        "delete": lambda: table.delete(KEY, **guard),
    }
    with pytest.raises(ConditionFailed) as raised:
        writes[write]()
    assert raised.value.item == ITEM
    assert table.get(KEY) == ITEM


def test_a_query_gives_pages(table):
    for sort in "abc":
        table.put({"pk": "p", "sk": sort, "owner": "alice"})
    first = table.query("pk = :p", values={":p": "p"}, limit=2)
    last = table.query("pk = :p", values={":p": "p"}, limit=2, start=first.next_key)
    assert [item["sk"] for item in first.items + last.items] == ["a", "b", "c"]
    assert (first.next_key, last.next_key) == ({"pk": "p", "sk": "b"}, None)


def test_a_query_of_an_index_is_not_consistent(table, aws):
    table.query("pk = :p", values={":p": "p"})
    table.query("#o = :o", names={"#o": "owner"}, values={":o": "alice"}, index="by_owner")
    assert [parameters["ConsistentRead"] for _, _, parameters in aws.calls] == [True, False]


def test_a_query_keeps_what_passes_the_filter(table):
    for number, sort in enumerate("abc"):
        table.put({"pk": "p", "sk": sort, "n": number})
    page = table.query("pk = :p", values={":p": "p", ":n": 1}, keep="n >= :n", forward=False)
    assert [item["sk"] for item in page.items] == ["c", "b"]


def test_a_transaction_carries_every_kind_of_write_in_one_call(table, aws):
    table.put({**KEY, "sk": "old"})
    table.transact(
        [
            Put(item={**KEY, "n": 1}, condition="attribute_not_exists(pk)"),
            Update(key={**KEY, "sk": "b"}, expression="SET n = :n", values={":n": 2}),
            Delete(key={**KEY, "sk": "old"}, condition="attribute_exists(pk)"),
            Check(key={**KEY, "sk": "c"}, condition="attribute_not_exists(pk)"),
        ]
    )
    assert [operation for _, operation, _ in aws.calls] == ["PutItem", "TransactWriteItems"]
    assert [item["sk"] for item in table.query("pk = :p", values={":p": "p"}).items] == ["a", "b"]


def test_a_cancelled_transaction_tells_its_reasons_in_plain_values(table):
    table.put({**KEY, "n": 1})
    with pytest.raises(TransactionCancelled) as raised:
        table.transact([Put(item=KEY, condition="attribute_not_exists(pk)")])
    assert raised.value.reasons == [
        {"Code": "ConditionalCheckFailed", "Item": {**KEY, "n": 1}},
    ]


def test_the_same_transaction_twice_is_once(table):
    writes = [Update(key=KEY, expression="ADD n :n", values={":n": 1})]
    table.transact(writes, token="one")
    table.transact(writes, token="one")
    assert table.get(KEY) == {**KEY, "n": 1}


def test_a_call_names_nothing_that_it_does_not_use(table, aws):
    table.put(KEY)
    assert aws.calls == [
        ("dynamodb", "PutItem", {"TableName": "t", "Item": {"pk": {"S": "p"}, "sk": {"S": "a"}}})
    ]


class Reluctant(MemoryAws):
    """AWS that puts off every read of several items."""

    def call(
        self, service: str, operation: str, parameters: Mapping[str, object]
    ) -> dict[str, Any]:
        assert (service, operation) == ("dynamodb", "BatchGetItem")
        return {"Responses": {}, "UnprocessedKeys": parameters["RequestItems"]}


def test_a_read_that_is_put_off_for_ever_ends():
    with pytest.raises(Throttled, match="put off"):
        Table(Reluctant(), "t").get_all([KEY], ["n"])
