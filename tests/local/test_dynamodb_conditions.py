"""A condition means the same in memory and in the engine.

Where the engine is more lenient than AWS, tests/runtime/memory/test_memory_rules.py holds the rule.
"""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.attributes import marshal_item
from tests.local.conformance import answer, fresh_partition, put

ITEM = {
    "n": 5,
    "f": 1.5,
    "title": "hello",
    "chunk": b"hi there",
    "yes": True,
    "nothing": None,
    "words": frozenset({"a", "b"}),
    "numbers": frozenset({1, 2.5}),
    "entries": [1, "two", {"three": 3}],
    "doc": {"a": {"b": [1, 2]}, "mood": "ok"},
}
CASES = [
    ("n = :v", 5),
    ("n = :v", 5.0),
    ("n = :v", "5"),
    ("n <> :v", 5),
    ("n <> :v", 6),
    ("gone = :v", 5),
    ("gone <> :v", 5),
    (":v = n", 5),
    ("n < :v", 6),
    ("n < :v", 5),
    ("n <= :v", 5),
    ("n > :v", 4),
    ("n >= :v", 5),
    ("n >= :v", "5"),
    ("gone < :v", 5),
    ("f = :v", 1.5),
    ("title < :v", "help"),
    ("title > :v", "Hello"),
    ("chunk < :v", b"hj"),
    ("yes = :v", True),
    ("yes = :v", False),
    ("nothing = :v", None),
    ("words = :v", frozenset({"b", "a"})),
    ("words = :v", frozenset({"a"})),
    ("numbers = :v", frozenset({2.5, 1})),
    ("entries = :v", [1, "two", {"three": 3}]),
    ("entries = :v", [1, "two"]),
    ("doc = :v", {"mood": "ok", "a": {"b": [1, 2]}}),
    ("doc.a.b[1] = :v", 2),
    ("doc.a.b[2] = :v", 2),
    ("doc.mood = :v", "ok"),
    ("doc.gone.b = :v", 2),
    ("entries[2].three = :v", 3),
    ("entries[0].three = :v", 3),
    ("n[0] = :v", 5),
    ("title.x = :v", 5),
    ("n BETWEEN :v AND :v", 5),
    ("title BETWEEN :v AND :v", "hello"),
    ("gone BETWEEN :v AND :v", 5),
    ("n IN (:v)", 5),
    ("n IN (:v, title)", 6),
    ("title IN (:v)", "hello"),
    ("gone IN (:v)", 5),
    ("words IN (:v)", frozenset({"a", "b"})),
    ("contains(title, :v)", "ell"),
    ("contains(title, :v)", "elf"),
    ("contains(title, :v)", 5),
    ("contains(words, :v)", "a"),
    ("contains(words, :v)", "c"),
    ("contains(numbers, :v)", 2.5),
    ("contains(numbers, :v)", "1"),
    ("contains(entries, :v)", "two"),
    ("contains(entries, :v)", {"three": 3}),
    ("contains(gone, :v)", "a"),
    ("contains(doc, :v)", "status"),
    ("begins_with(title, :v)", "hel"),
    ("begins_with(title, :v)", "el"),
    ("begins_with(title, :v)", ""),
    ("begins_with(chunk, :v)", b"hi"),
    ("begins_with(gone, :v)", "a"),
    ("begins_with(doc.mood, :v)", "o"),
    ("attribute_type(n, :v)", "N"),
    ("attribute_type(n, :v)", "S"),
    ("attribute_type(nothing, :v)", "NULL"),
    ("attribute_type(yes, :v)", "BOOL"),
    ("attribute_type(words, :v)", "SS"),
    ("attribute_type(numbers, :v)", "NS"),
    ("attribute_type(entries, :v)", "L"),
    ("attribute_type(doc.a, :v)", "M"),
    ("attribute_type(gone, :v)", "S"),
    ("size(title) = :v", 5),
    ("size(chunk) = :v", 8),
    ("size(words) = :v", 2),
    ("size(entries) = :v", 3),
    ("size(doc) = :v", 2),
    ("size(doc.a.b) >= :v", 2),
    ("size(gone) > :v", 0),
    ("size(title) < :v", "9"),
    ("NOT n = :v", 5),
    ("NOT NOT n = :v", 5),
    ("not n = :v", 4),
    ("NOT gone = :v", 5),
    ("NOT (n = :v OR yes = :v)", 5),
    ("n = :v AND title = :v", 5),
    ("n = :v OR title = :v", 5),
    ("n = :v oR title = :v aNd title = :v", 5),
    ("(n = :v OR title = :v) AND title = :v", 5),
    ("title = :v AND title = :v OR n = :v", 5),
    ("n=:v", 5),
    ("\tn\n=  :v ", 5),
    ("attribute_exists(n) AND n = :v", 5),
    ("attribute_exists(doc.a.b[0]) AND n = :v", 5),
    ("attribute_exists(doc.a.b[9]) AND n = :v", 5),
    ("attribute_not_exists(gone) AND n = :v", 5),
    ("attribute_not_exists(doc.gone) AND n = :v", 5),
]
REFUSED = [
    ("n", 5),
    ("n =", 5),
    ("= :v", 5),
    ("n == :v", 5),
    ("n = :v AND", 5),
    ("n = :v n", 5),
    ("(n = :v", 5),
    ("n = :v)", 5),
    ("((n = :v))", 5),
    ("n IN ()", 5),
    ("n IN :v", 5),
    ("n BETWEEN :v", 5),
    ("status = :v", 5),
    ("doc.ttl = :v", 5),
    ("#n = :v", 5),
    ("n = :w", 5),
    ("n = :v AND n = :w", 5),
    ("size(n, n) = :v", 5),
    ("size(title)", 5),
    ("attribute_exists(n) = :v", 5),
    ("attribute_exists(:v)", 5),
    ("attribute_exists(n, n) AND n = :v", 5),
    ("if_not_exists(n, :v) = :v", 5),
    ("unknown(n, :v)", 5),
    ("begins_with(title, :v)", 5),
    ("n[x] = :v", 5),
    ("n[-1] = :v", 5),
    ("n.[0] = :v", 5),
    (".n = :v", 5),
    ("1n = :v", 5),
    ("n = 5 AND title = :v", 5),
    ("", 5),
    ("  ", 5),
]


@pytest.mark.parametrize(("condition", "value"), CASES)
def test_a_condition_has_the_same_outcome(pair, condition, value):
    answers = asked_of_both(pair, condition, value)
    assert answers[0] == answers[1]
    assert answers[0] != "ValidationException"


@pytest.mark.parametrize(("condition", "value"), REFUSED)
def test_a_condition_is_refused_before_the_item_is_looked_at(pair, condition, value):
    answers = asked_of_both(pair, condition, value)
    assert answers == ["ValidationException", "ValidationException"]


def asked_of_both(pair, condition, value):
    partition = fresh_partition()
    put(pair.memory, partition, ITEM)
    put(pair.engine, partition, ITEM)
    question = {
        "Key": marshal_item({"pk": partition, "sk": "a"}),
        "ConditionExpression": condition,
        "ExpressionAttributeValues": marshal_item({":v": value}),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    return [answer(aws, "DeleteItem", question) for aws in (pair.memory, pair.engine)]


@pytest.mark.parametrize(
    "condition",
    ["attribute_not_exists(pk)", "attribute_exists(pk)", "n <> :v", "n = :v", "NOT n = :v"],
)
def test_a_condition_has_the_same_outcome_where_nothing_is_stored(pair, condition):
    question = {
        "Item": marshal_item({"pk": fresh_partition(), "sk": "a"}),
        "ConditionExpression": condition,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        **({"ExpressionAttributeValues": marshal_item({":v": 1})} if ":v" in condition else {}),
    }
    assert answer(pair.memory, "PutItem", question) == answer(pair.engine, "PutItem", question)


@pytest.mark.parametrize(
    "parameters",
    [
        {"ExpressionAttributeNames": {"#n": "n"}},
        {"ExpressionAttributeValues": {":v": {"N": "1"}}},
        {"ConditionExpression": "n = :v", "ExpressionAttributeValues": {}},
        {"ConditionExpression": "attribute_exists(n)", "ExpressionAttributeNames": {}},
        {
            "ConditionExpression": "attribute_exists(n)",
            "ExpressionAttributeValues": {":unused": {"N": "1"}},
        },
        {
            "ConditionExpression": "attribute_exists(n)",
            "ExpressionAttributeNames": {"#unused": "n"},
        },
        {"ReturnValues": "ALL_NEW"},
        {"ReturnValues": "UPDATED_OLD"},
    ],
)
def test_a_malformed_put_is_refused_alike(pair, parameters):
    question = {"Item": marshal_item({"pk": fresh_partition(), "sk": "a"}), **parameters}
    assert answer(pair.memory, "PutItem", question) == answer(pair.engine, "PutItem", question)


@pytest.mark.parametrize("operation", ["PutItem", "DeleteItem"])
@pytest.mark.parametrize("returns", ["NONE", "ALL_OLD"])
def test_what_was_there_is_returned_alike(pair, operation, returns):
    partition = fresh_partition()
    put(pair.memory, partition, ITEM)
    put(pair.engine, partition, ITEM)
    key = marshal_item({"pk": partition, "sk": "a"})
    subject = {"Item": key} if operation == "PutItem" else {"Key": key}
    question = {**subject, "ReturnValues": returns}
    answers = [answer(pair.memory, operation, question), answer(pair.engine, operation, question)]
    assert answers[0] == answers[1]
