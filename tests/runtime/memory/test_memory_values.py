"""Attribute values in memory are normalized, bounded and measured as DynamoDB's."""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.memory.values import InvalidValue, normalized, size_of, total


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("1", "1"),
        ("0", "0"),
        ("-0", "0"),
        ("007", "7"),
        ("+5", "5"),
        ("1.0", "1"),
        ("1.50", "1.5"),
        (".5", "0.5"),
        ("-12.340", "-12.34"),
        ("1e3", "1000"),
        ("1E-3", "0.001"),
        ("9" * 38, "9" * 38),
        ("1e125", "1" + "0" * 125),
        ("1e-130", "0." + "0" * 129 + "1"),
        ("9.9999999999999999999999999999999999999e125", "9" * 38 + "0" * 88),
    ],
)
def test_a_number_has_one_text(text, stored):
    assert normalized({"N": text}) == {"N": stored}


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "1_0", "x", "NaN", "Infinity", "0x1", "\u0661", "9" * 39, "1e126", "1e-131"],
)
def test_what_is_no_number_for_dynamodb_is_refused(text):
    with pytest.raises(InvalidValue):
        normalized({"N": text})


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"S": "a", "N": "1"},
        {"X": "a"},
        {"S": 1},
        {"N": 1},
        {"B": "not base64!"},
        {"BOOL": "true"},
        {"NULL": False},
        {"SS": []},
        {"SS": ["a", "a"]},
        {"NS": ["1", "1.0"]},
        {"NS": ["a"]},
        {"L": {"S": "a"}},
        {"M": [1]},
        {"L": [{"Y": "a"}]},
        "a",
    ],
)
def test_a_malformed_value_is_refused(value):
    with pytest.raises(InvalidValue):
        normalized(value)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ({"SS": ["b", "a"]}, {"SS": ["a", "b"]}),
        ({"NS": ["10", "9"]}, {"NS": ["9", "10"]}),
        ({"BS": ["Yg==", "YQ=="]}, {"BS": ["YQ==", "Yg=="]}),
        ({"M": {"x": {"L": [{"N": "1.0"}]}}}, {"M": {"x": {"L": [{"N": "1"}]}}}),
    ],
)
def test_a_value_has_one_form(value, stored):
    assert normalized(value) == stored


def test_values_nest_32_levels():
    value = {"S": "a"}
    for _ in range(32):
        value = {"L": [value]}
    assert normalized(value) == value
    with pytest.raises(InvalidValue):
        normalized({"L": [value]})


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "abc"}, 3),
        ({"S": "ä"}, 2),
        ({"N": "12345"}, 4),
        ({"N": "-12345"}, 5),
        ({"N": "100"}, 2),
        ({"B": "YWJj"}, 3),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["a", "bc"]}, 3),
        ({"L": [{"S": "a"}, {"BOOL": True}]}, 3 + 2 + 2),
        ({"M": {"key": {"S": "a"}}}, 3 + 1 + 4),
    ],
)
def test_a_value_is_measured_in_bytes(value, size):
    assert size_of(value) == size


@pytest.mark.parametrize(
    ("left", "right", "sign", "result"),
    [
        ("1", "2", 1, "3"),
        ("1", "2", -1, "-1"),
        ("0.1", "0.2", 1, "0.3"),
        ("9" * 20, "1", 1, "1" + "0" * 20),
        ("-5", "5", 1, "0"),
        ("1e30", "1", 1, "1" + "0" * 29 + "1"),
    ],
)
def test_numbers_are_added_exactly(left, right, sign, result):
    assert total(left, right, sign) == result
