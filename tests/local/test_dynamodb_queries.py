"""Queries, transactions and batches answer alike in memory and in the engine."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_streamer_runtime.attributes import marshal_item
from tests.local.conformance import TABLE, answer, fresh_partition, put, stored

ITEMS = [
    {"sort": f"s{number}", "n": number, "title": f"t{number}", "created_key": f"c{9 - number}"}
    for number in range(5)
]


@pytest.fixture
def partition(pair) -> str:
    """A partition of five items, each in the index of an owner of the same name."""
    partition = fresh_partition()
    for aws in (pair.memory, pair.engine):
        for item in ITEMS:
            rest = {name: value for name, value in item.items() if name != "sort"}
            put(aws, partition, {**rest, "owner_key": partition}, item["sort"])
    return partition


def both(pair, operation: str, parameters: dict[str, Any]) -> list[object]:
    return [answer(aws, operation, parameters) for aws in (pair.memory, pair.engine)]


QUERIES = [
    ("pk = :p", {}, {}),
    ("pk = :p", {}, {"ScanIndexForward": False}),
    ("pk = :p", {}, {"Limit": 2}),
    ("pk = :p", {}, {"Limit": 2, "ScanIndexForward": False}),
    ("pk = :p", {}, {"Limit": 5}),
    ("pk = :p", {}, {"Limit": 6}),
    ("pk = :p", {}, {"ConsistentRead": True}),
    ("pk = :p", {}, {"Select": "COUNT"}),
    ("pk = :p", {}, {"ProjectionExpression": "sk, n"}),
    ("pk = :p AND sk = :s", {":s": "s2"}, {}),
    ("sk = :s AND pk = :p", {":s": "s2"}, {}),
    ("pk = :p AND sk < :s", {":s": "s2"}, {}),
    ("pk = :p AND sk <= :s", {":s": "s2"}, {}),
    ("pk = :p AND sk > :s", {":s": "s2"}, {}),
    ("pk = :p AND sk >= :s", {":s": "s2"}, {}),
    ("pk = :p AND begins_with(sk, :s)", {":s": "s"}, {"Limit": 3}),
    ("pk = :p AND begins_with(sk, :s)", {":s": "x"}, {}),
    ("pk = :p AND sk BETWEEN :s AND :t", {":s": "s1", ":t": "s3"}, {}),
    ("pk = :p", {":n": 2}, {"FilterExpression": "n > :n"}),
    ("pk = :p", {":n": 2}, {"FilterExpression": "n > :n", "Limit": 2}),
    ("owner_key = :p", {}, {"IndexName": "by_owner"}),
    ("owner_key = :p", {}, {"IndexName": "by_owner", "Limit": 2}),
    ("owner_key = :p", {}, {"IndexName": "by_owner", "ScanIndexForward": False, "Limit": 2}),
    ("owner_key = :p AND created_key > :c", {":c": "c6"}, {"IndexName": "by_owner"}),
]


@pytest.mark.parametrize(("condition", "values", "more"), QUERIES)
def test_a_query_finds_the_same(pair, partition, condition, values, more):
    answers = both(
        pair,
        "Query",
        {
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": marshal_item({":p": partition, **values}),
            **more,
        },
    )
    assert answers[0] == answers[1]
    assert isinstance(answers[0], dict)


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize(("index", "name"), [(None, "pk"), ("by_owner", "owner_key")])
def test_the_next_page_is_the_same(pair, partition, index, name, forward):
    question = {
        "KeyConditionExpression": f"{name} = :p",
        "ExpressionAttributeValues": marshal_item({":p": partition}),
        "ScanIndexForward": forward,
        "Limit": 2,
        **({"IndexName": index} if index else {}),
    }
    first = answer(pair.memory, "Query", question)
    assert isinstance(first, dict)
    answers = both(pair, "Query", {**question, "ExclusiveStartKey": first["LastEvaluatedKey"]})
    assert answers[0] == answers[1]


def test_a_page_of_an_index_begins_after_an_item_that_is_gone(pair, partition):
    key = marshal_item({"pk": partition, "sk": "s2"})
    start = key | marshal_item({"owner_key": partition, "created_key": "c7"})
    both(pair, "DeleteItem", {"Key": key})
    memory, engine = both(
        pair,
        "Query",
        {
            "IndexName": "by_owner",
            "KeyConditionExpression": "owner_key = :p",
            "ExpressionAttributeValues": marshal_item({":p": partition}),
            "ExclusiveStartKey": start,
        },
    )
    assert memory == engine
    assert isinstance(memory, dict)
    assert [item["sk"]["S"] for item in memory["Items"]] == ["s1", "s0"]


REFUSED = [
    ("sk = :p", {}, {}),
    ("pk > :p", {}, {}),
    ("pk = :p AND n = :s", {":s": 1}, {}),
    ("pk = :p AND sk = :s", {":s": 1}, {}),
    ("pk = :p", {":unused": 1}, {}),
    ("pk = :p", {}, {"Limit": 0}),
    ("pk = :p", {}, {"IndexName": "unknown"}),
    ("owner_key = :p", {}, {"IndexName": "by_owner", "ConsistentRead": True}),
]


@pytest.mark.parametrize(("condition", "values", "more"), REFUSED)
def test_a_wrong_query_is_refused_alike(pair, partition, condition, values, more):
    question = {
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": marshal_item({":p": partition, **values}),
        **more,
    }
    assert both(pair, "Query", question) == ["ValidationException", "ValidationException"]


@pytest.mark.parametrize(
    "projection", ["n", "pk, title", "doc.a, doc.b[0]", "entries[2], entries[0]", "#n", "gone"]
)
def test_a_part_of_an_item_is_read_alike(pair, projection):
    partition = fresh_partition()
    for aws in (pair.memory, pair.engine):
        item = {"n": 1, "title": "t", "doc": {"a": 1, "b": [1, 2], "c": 3}, "entries": [1, 2, 3]}
        put(aws, partition, item)
    answers = both(
        pair,
        "GetItem",
        {
            "Key": marshal_item({"pk": partition, "sk": "a"}),
            "ProjectionExpression": projection,
            **({"ExpressionAttributeNames": {"#n": "n"}} if "#n" in projection else {}),
        },
    )
    assert answers[0] == answers[1]


# --- transactions ------------------------------------------------------------------------------


def part(kind: str, partition: str, sort: str, **more: object) -> dict[str, object]:
    key = marshal_item({"pk": partition, "sk": sort})
    subject = {"Item": key} if kind == "Put" else {"Key": key}
    return {kind: {"TableName": TABLE.name, **subject, **more}}


ONE = {"ExpressionAttributeValues": {":n": {"N": "1"}}}
ABSENT = {"ConditionExpression": "attribute_not_exists(pk)"}
PRESENT = {"ConditionExpression": "attribute_exists(pk)"}
OLD = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
TRANSACTIONS = [
    [("Put", "new", {})],
    [("Put", "new", ABSENT), ("Put", "other", ABSENT)],
    [("Put", "s0", ABSENT), ("Put", "other", ABSENT)],
    [("Put", "s0", {**ABSENT, **OLD}), ("Put", "other", ABSENT)],
    [("Update", "s0", {"UpdateExpression": "ADD n :n", **ONE}), ("Delete", "s1", PRESENT)],
    [("Update", "s0", {"UpdateExpression": "SET n = :n", **ONE}), ("Delete", "x", PRESENT)],
    [("ConditionCheck", "s0", PRESENT), ("Put", "new", {})],
    [("ConditionCheck", "x", {**PRESENT, **OLD}), ("Put", "new", {})],
    [("Put", "new", {}), ("Delete", "new", {})],
    [("Update", "s0", {"UpdateExpression": "SET gone.x = :n", **ONE}), ("Put", "new", {})],
    [("Update", "s0", {"UpdateExpression": "SET n = :n"}), ("Put", "new", {})],
    [("Put", f"n{number}", {}) for number in range(101)],
    [],
]


@pytest.mark.parametrize("writes", TRANSACTIONS)
def test_a_transaction_has_the_same_effect(pair, partition, writes):
    parts = [part(kind, partition, sort, **more) for kind, sort, more in writes]
    answers = both(pair, "TransactWriteItems", {"TransactItems": parts})
    assert answers[0] == answers[1]
    for sort in ("s0", "s1", "new", "other"):
        assert stored(pair.memory, partition, sort) == stored(pair.engine, partition, sort)


def test_a_repeated_transaction_is_done_once_in_both(pair, partition):
    add = part("Update", partition, "s0", UpdateExpression="ADD n :n", **ONE)
    for _ in range(2):
        both(pair, "TransactWriteItems", {"TransactItems": [add], "ClientRequestToken": partition})
    items = [stored(aws, partition, "s0") for aws in (pair.memory, pair.engine)]
    assert [item["Item"]["n"] for item in items if isinstance(item, dict)] == [{"N": "1"}] * 2


def test_a_batch_is_written_and_read_alike(pair, partition):
    new = marshal_item({"pk": partition, "sk": "new", "n": 9})
    old = marshal_item({"pk": partition, "sk": "s0"})
    writes = [{"PutRequest": {"Item": new}}, {"DeleteRequest": {"Key": old}}]
    both(pair, "BatchWriteItem", {"RequestItems": {TABLE.name: writes}})
    keys = [marshal_item({"pk": partition, "sk": sort}) for sort in ("new", "s0")]
    answers = both(pair, "BatchGetItem", {"RequestItems": {TABLE.name: {"Keys": keys}}})
    assert answers[0] == answers[1] == {"Responses": {TABLE.name: [new]}}


# --- items that cannot be ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "attributes",
    [
        {"x": {"N": "abc"}},
        {"x": {"N": "1" * 39}},
        {"x": {"N": "1e126"}},
        {"x": {"SS": []}},
        {"x": {"SS": ["a", "a"]}},
        {"x": {"NULL": False}},
        {"x": {}},
        {"pk": {"S": ""}},
        {"sk": {"N": "1"}},
        {"owner_key": {"N": "1"}},
        {"x": {"S": "y" * 410 * 1024}},
    ],
)
def test_an_item_that_cannot_be_is_refused_alike(pair, attributes):
    key = marshal_item({"pk": fresh_partition(), "sk": "a"})
    answers = both(pair, "PutItem", {"Item": {**key, **attributes}})
    assert answers == ["ValidationException", "ValidationException"]


@pytest.mark.parametrize("number", ["1.0", "-0", "1e3", "007", "1E-3", "123456789012345678901234"])
def test_a_number_is_normalized_alike(pair, number):
    partition = fresh_partition()
    key = marshal_item({"pk": partition, "sk": "a"})
    both(pair, "PutItem", {"Item": {**key, "n": {"N": number}}})
    assert stored(pair.memory, partition) == stored(pair.engine, partition)
