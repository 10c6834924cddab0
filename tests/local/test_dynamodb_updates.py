"""An update does the same in memory and in the engine.

Where the engine is more lenient than AWS, tests/runtime/memory/test_memory_rules.py holds the rule.
"""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.attributes import marshal_item
from tests.local.conformance import answer, fresh_partition, put, stored

ITEM = {
    "n": 5,
    "title": "hello",
    "words": frozenset({"a", "b"}),
    "numbers": frozenset({1, 2.5}),
    "entries": [1, "two", {"three": 3}],
    "doc": {"a": {"b": [1, 2]}, "c": 4},
    "bare": {},
}
CASES = [
    ("SET n = :v", {":v": 6}),
    ("SET n = :v, title = :w", {":v": 6, ":w": "x"}),
    ("set n = :v", {":v": 6}),
    ("SET fresh = :v", {":v": {"deep": [1, {"er": None}]}}),
    ("SET n = n + :v", {":v": 1}),
    ("SET n = n - :v", {":v": 10}),
    ("SET n = :v - n", {":v": 0.5}),
    ("SET n = :v + :v", {":v": 0.1}),
    ("SET n = gone + :v", {":v": 1}),
    ("SET n = n + n", {}),
    ("SET n = title", {}),
    ("SET n = title, title = n", {}),
    ("SET n = doc.a.b[1]", {}),
    ("SET n = gone", {}),
    ("SET n = entries[7]", {}),
    ("SET doc.c = :v", {":v": 1}),
    ("SET doc.fresh = :v", {":v": 1}),
    ("SET gone.x = :v", {":v": 1}),
    ("SET gone[0] = :v", {":v": 1}),
    ("SET title.x = :v", {":v": 1}),
    ("SET entries.x = :v", {":v": 1}),
    ("SET doc.gone.x = :v", {":v": 1}),
    ("SET bare.x = :v", {":v": 1}),
    ("SET n = if_not_exists(n, :v)", {":v": 1}),
    ("SET fresh = if_not_exists(fresh, :v)", {":v": 1}),
    ("SET fresh = if_not_exists(fresh, :v) + :v", {":v": 1}),
    ("SET n = if_not_exists(n, :v) + :v", {":v": 1}),
    ("SET fresh = if_not_exists(n, :v)", {":v": 1}),
    ("SET fresh = if_not_exists(gone, title)", {}),
    ("SET doc.x = if_not_exists(doc.x, :v)", {":v": 1}),
    ("SET entries = list_append(entries, :v)", {":v": [4, 5]}),
    ("SET entries = list_append(:v, entries)", {":v": [4, 5]}),
    ("SET fresh = list_append(if_not_exists(fresh, :v), :w)", {":v": [], ":w": [1]}),
    ("SET fresh = list_append(gone, :v)", {":v": [1]}),
    ("REMOVE n", {}),
    ("REMOVE gone", {}),
    ("REMOVE n, title", {}),
    ("REMOVE doc.c", {}),
    ("REMOVE doc.gone", {}),
    ("REMOVE n SET fresh = n", {}),
    ("ADD n :v", {":v": 1}),
    ("ADD n :v", {":v": -0.5}),
    ("ADD fresh :v", {":v": 1}),
    ("ADD words :v", {":v": frozenset({"b", "c"})}),
    ("ADD numbers :v", {":v": frozenset({1, 3})}),
    ("ADD fresh :v", {":v": frozenset({"b"})}),
    ("ADD title :v", {":v": 1}),
    ("ADD n :v", {":v": frozenset({1})}),
    ("ADD words :v", {":v": frozenset({1})}),
    ("ADD n :v", {":v": "1"}),
    ("ADD entries :v", {":v": [1]}),
    ("ADD doc.c :v", {":v": 1}),
    ("ADD doc.fresh :v", {":v": 1}),
    ("DELETE words :v", {":v": frozenset({"a"})}),
    ("DELETE words :v", {":v": frozenset({"a", "b"})}),
    ("DELETE words :v", {":v": frozenset({"x"})}),
    ("DELETE numbers :v", {":v": frozenset({2.5})}),
    ("DELETE gone :v", {":v": frozenset({"a"})}),
    ("DELETE words :v", {":v": frozenset({1})}),
    ("DELETE n :v", {":v": 1}),
    ("DELETE n :v", {":v": frozenset({1})}),
    ("SET n = :v REMOVE title ADD fresh :v DELETE words :w", {":v": 1, ":w": frozenset({"a"})}),
    # errors
    ("SET n = :v", {}),
    ("SET doc = :v, doc.c = :v", {":v": 1}),
    ("SET pk = :v", {":v": "x"}),
    ("SET sk = :v", {":v": "x"}),
    ("REMOVE sk", {}),
    ("ADD pk :v", {":v": 1}),
    ("SET status = :v", {":v": 1}),
    ("SET #gone = :v", {":v": 1}),
    ("SET n = :v", {":v": 1, ":unused": 2}),
    ("SET n = size(title)", {}),
    ("SET n = unknown(title)", {}),
    ("SET n = if_not_exists(n)", {}),
    ("HELLO n = :v", {":v": 1}),
    ("n = :v", {":v": 1}),
    ("", {}),
]


# The engine answers UPDATED_OLD with whole lists, AWS with the elements that changed.
LIST_CASES = [
    ("REMOVE entries[0]", {}),
    ("REMOVE entries[9]", {}),
    ("REMOVE entries[2].three", {}),
    ("SET entries[7] = :v REMOVE entries[0]", {":v": 9}),
    ("SET doc.a.b[0] = :v", {":v": 9}),
    ("SET doc.a.b[7] = :v", {":v": 9}),
    ("SET entries[7] = :v, entries[8] = :v", {":v": 9}),
    ("REMOVE doc.a.b[0] SET doc.a.b[1] = :v", {":v": 9}),
]


@pytest.mark.parametrize(
    ("update", "values", "returns"),
    [
        *((update, values, "ALL_NEW") for update, values in CASES + LIST_CASES),
        *((update, values, "UPDATED_OLD") for update, values in CASES),
    ],
)
def test_an_update_has_the_same_effect(pair, update, values, returns):
    partition = fresh_partition()
    put(pair.memory, partition, ITEM)
    put(pair.engine, partition, ITEM)
    question = asked(partition, update, values, returns)
    assert answer(pair.memory, "UpdateItem", question) == answer(
        pair.engine, "UpdateItem", question
    )
    assert stored(pair.memory, partition) == stored(pair.engine, partition)


@pytest.mark.parametrize("returns", ["NONE", "ALL_OLD", "ALL_NEW", "UPDATED_NEW", "UPDATED_OLD"])
@pytest.mark.parametrize(
    ("update", "values"),
    [
        ("SET n = :v", {":v": 1}),
        ("SET n = if_not_exists(n, :v)", {":v": 1}),
        ("SET n = n + :v", {":v": 1}),
        ("SET doc.x = :v", {":v": 1}),
        ("ADD n :v", {":v": 1}),
        ("ADD words :v", {":v": frozenset({"a"})}),
    ],
)
def test_an_update_of_nothing_has_the_same_effect(pair, update, values, returns):
    partition = fresh_partition()
    question = asked(partition, update, values, returns)
    assert answer(pair.memory, "UpdateItem", question) == answer(
        pair.engine, "UpdateItem", question
    )
    assert stored(pair.memory, partition) == stored(pair.engine, partition)


def asked(partition, update, values, returns):
    return {
        "Key": marshal_item({"pk": partition, "sk": "a"}),
        "UpdateExpression": update,
        "ReturnValues": returns,
        **({"ExpressionAttributeValues": marshal_item(values)} if values else {}),
    }
