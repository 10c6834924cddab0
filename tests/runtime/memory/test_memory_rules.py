"""What AWS does and the local engine does not: held here, since the engine cannot tell.

Each was seen on AWS by the authors of other implementations: ScyllaDB's Alternator tests
(test/alternator/test_condition_expression.py, test_update_expression.py, test_returnvalues.py),
dynalite's grammars, ExtendDB pull request 216.
"""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.errors import AwsError, ConditionFailed

KEY = {"pk": "p", "sk": "a"}
ITEM = {
    **KEY,
    "n": 5,
    "title": "hello",
    "chunk": b"hi there",
    "yes": True,
    "nothing": None,
    "entries": [1, "two", {"three": 3}],
    "doc": {"a": [1, 2, 3], "b": "dog"},
}


@pytest.fixture
def stored(table):
    table.put(ITEM)
    return table


def holds(table, condition, values) -> bool:
    try:
        table.update(KEY, "SET checked = :yes", condition=condition, values={":yes": 1, **values})
    except ConditionFailed:
        return False
    return True


@pytest.mark.parametrize(
    ("condition", "value", "outcome"),
    [
        ("gone <> absent AND n = :v", 5, True),
        ("gone = absent AND n = :v", 5, False),
        ("gone < absent OR n <> :v", 5, False),
        ("size(n) = :v", 1, False),
        ("size(yes) = :v", 1, False),
        ("size(nothing) = :v", 0, False),
        ("size(:v) = n", "hello", True),
        ("begins_with(n, :v)", "5", False),
        ("begins_with(nothing, :v)", "", False),
        ("begins_with(title, :v)", b"h", False),
        ("begins_with(:v, title)", "hello you", True),
        ("attribute_type(:v, :v)", "S", True),
        ("contains(chunk, :v)", b"the", True),
        ("contains(:v, title)", ["hello"], True),
        ("contains(n, :v)", 5, False),
        ("contains(entries, :v)", {"three": 3}, True),
        ("(n) = (:v)", 5, True),
        ("entries < :v", 5, False),
        ("n BETWEEN title AND :v", 9, False),
        ("n IN (n) AND n = :v", 5, True),
    ],
)
def test_a_condition_is_judged_as_on_aws(stored, condition, value, outcome):
    assert holds(stored, condition, {":v": value}) is outcome


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        ("n < :v", {":v": [1]}),
        (":v >= n", {":v": None}),
        ("gone > :v", {":v": True}),
        ("n BETWEEN :v AND :w", {":v": [1], ":w": [2]}),
        ("n BETWEEN :v AND :w", {":v": 2, ":w": 1}),
        ("n BETWEEN :v AND :w", {":v": 2, ":w": "3"}),
        ("n = n", {}),
        ("contains(title, title)", {}),
        ("size(:v) = n", {":v": 5}),
        ("begins_with(size(title), :v)", {":v": "5"}),
        ("attribute_type(n, :v)", {":v": "DOG"}),
        ("attribute_type(n, title)", {}),
        ("((n = :v))", {":v": 5}),
        ("((n)) = :v", {":v": 5}),
        ("n = :v OR ((yes = :v))", {":v": 5}),
        ("Size(title) = :v", {":v": 5}),
        ("n = 'a' OR n = :v", {":v": 5}),
        ("status = :v", {":v": 5}),
        ("doc.ttl = :v", {":v": 5}),
        (f"n IN ({', '.join([':v'] * 100)})", {":v": 5}),
        (f"n = :v OR title = :v{' OR n = :v' * 420}", {":v": 5}),
    ],
)
def test_a_condition_is_refused_as_on_aws_whatever_is_stored(stored, condition, values):
    with pytest.raises(AwsError) as raised:
        holds(stored, condition, values)
    assert raised.value.code == "ValidationException"


@pytest.mark.parametrize(
    ("update", "values"),
    [
        ("SET", {}),
        ("SET n", {}),
        ("SET n =", {}),
        ("SET n = :v, ", {":v": 1}),
        ("SET n = :v + :v + :v", {":v": 1}),
        ("SET n = :v SET title = :v", {":v": 1}),
        ("SET n = :v, n = :v", {":v": 1}),
        ("SET doc = :v, doc.b = :v", {":v": 1}),
        ("SET doc.b = :v REMOVE doc", {":v": 1}),
        ("SET doc.b = :v, doc[0] = :v", {":v": 1}),
        ("SET n = if_not_exists(:v, n)", {":v": 1}),
        ("SET n = list_append(:v, :v)", {":v": 1}),
        ("SET n = list_append(list_append(entries, entries), entries)", {}),
        ("SET n = LIST_APPEND(entries, entries)", {}),
        ("SET n = :v + :w", {":v": 1, ":w": "2"}),
        ("SET n = title + :v", {":v": 1}),
        ("SET n = list_append(title, entries)", {}),
        ("SET :v = n", {":v": 1}),
        ("SET n[0] = :v", {":v": 1}),
        ("SET doc[0] = :v", {":v": 1}),
        ("REMOVE n = :v", {":v": 1}),
        ("REMOVE gone.x", {}),
        ("REMOVE gone[0]", {}),
        ("REMOVE title.x", {}),
        ("REMOVE entries.x", {}),
        ("REMOVE entries[0], entries[0]", {}),
        ("ADD n", {}),
        ("ADD n title", {}),
        ("ADD title :v", {":v": 1}),
        ("ADD entries :v", {":v": [1]}),
        ("DELETE n :v", {":v": 1}),
    ],
)
def test_an_update_is_refused_as_on_aws(stored, update, values):
    with pytest.raises(AwsError) as raised:
        stored.update(KEY, update, values=values)
    assert raised.value.code == "ValidationException"
    assert stored.get(KEY) == ITEM


@pytest.mark.parametrize(
    ("update", "values", "attribute", "after"),
    [
        ("REMOVE entries[0], entries[1]", {}, "entries", [{"three": 3}]),
        ("REMOVE entries[1] SET entries[2] = :v", {":v": 9}, "entries", [1, 9]),
        (
            "SET entries[9] = :v, entries[7] = :w",
            {":v": "nine", ":w": "seven"},
            "entries",
            [1, "two", {"three": 3}, "seven", "nine"],
        ),
        ("REMOVE n SET fresh = n", {}, "fresh", 5),
        ("SET n = title, title = n", {}, "title", 5),
        ("SET n = n + :v", {":v": 10**30}, "n", 10**30 + 5),
    ],
)
def test_an_update_has_the_effect_as_on_aws(stored, update, values, attribute, after):
    assert stored.update(KEY, update, values=values)[attribute] == after


@pytest.mark.parametrize(
    ("update", "values", "returns", "answer"),
    [
        ("SET doc.b = :v", {":v": "cat"}, "UPDATED_OLD", {"doc": {"b": "dog"}}),
        ("SET doc.b = :v", {":v": "cat"}, "UPDATED_NEW", {"doc": {"b": "cat"}}),
        ("SET doc.a[1] = :v", {":v": 7}, "UPDATED_OLD", {"doc": {"a": [2]}}),
        ("SET doc.a[1] = :v", {":v": 7}, "UPDATED_NEW", {"doc": {"a": [7]}}),
        ("SET doc.a[100] = :v", {":v": 7}, "UPDATED_NEW", {}),
        ("REMOVE doc.a[1]", {}, "UPDATED_NEW", {"doc": {"a": [3]}}),
        ("REMOVE doc.a[1], doc.a[3]", {}, "UPDATED_OLD", {"doc": {"a": [2]}}),
        ("SET fresh = :v", {":v": 1}, "UPDATED_OLD", {}),
        ("REMOVE n", {}, "UPDATED_NEW", {}),
        ("SET n = :v", {":v": 5}, "UPDATED_OLD", {"n": 5}),
    ],
)
def test_an_update_returns_only_the_elements_that_it_names(stored, update, values, returns, answer):
    assert stored.update(KEY, update, values=values, returns=returns) == answer


@pytest.mark.parametrize("update", ["REMOVE n", "REMOVE doc.x", "REMOVE entries[0]"])
def test_taking_away_from_nothing_creates_nothing(table, update):
    assert table.update(KEY, update) == {}
    assert table.get(KEY) is None


def test_an_update_without_an_expression_creates_the_item(aws, table):
    key = {"pk": {"S": "p"}, "sk": {"S": "a"}}
    aws.call("dynamodb", "UpdateItem", {"TableName": "table", "Key": key})
    assert table.get(KEY) == KEY


def test_the_condition_is_judged_before_the_update(stored):
    with pytest.raises(ConditionFailed):
        stored.update(KEY, "SET gone.x = :v", condition="n > :v", values={":v": 5})


def test_what_is_older_than_expressions_is_not_silently_ignored(aws):
    key = {"pk": {"S": "p"}, "sk": {"S": "a"}}
    with pytest.raises(NotImplementedError, match="AttributeUpdates"):
        aws.call(
            "dynamodb", "UpdateItem", {"TableName": "table", "Key": key, "AttributeUpdates": {}}
        )
