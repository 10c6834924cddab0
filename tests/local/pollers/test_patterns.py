"""Event filtering, by the table of the documentation.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html#filtering-syntax
"""

from __future__ import annotations

import base64
import json

import pytest

from cdk_streamer_local.pollers.patterns import patterns


def passes(pattern, record):
    mapping = {"FilterCriteria": {"Filters": [{"Pattern": json.dumps(pattern)}]}}
    return patterns(mapping)(record)


def kinesis(data, **metadata):
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    return {
        "eventSource": "aws:kinesis",
        "kinesis": {"data": base64.b64encode(text).decode(), "partitionKey": "p", **metadata},
    }


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        pytest.param([None], None, id="null"),
        pytest.param([""], "", id="empty"),
        pytest.param(["Alice"], "Alice", id="equals"),
        pytest.param([{"equals-ignore-case": "alice"}], "ALICE", id="equals ignoring case"),
        pytest.param(["New York", "Denver"], "Denver", id="or"),
        pytest.param([{"anything-but": ["Credit"]}], "Cash", id="not"),
        pytest.param([{"anything-but": "Credit"}], "Cash", id="not a single one"),
        pytest.param([{"anything-but": {"prefix": "Cr"}}], "Cash", id="not with a prefix"),
        pytest.param([{"numeric": ["=", 100]}], 100, id="numeric equals"),
        pytest.param([{"numeric": [">", 10, "<=", 20]}], 20, id="numeric range"),
        pytest.param([{"exists": True}], "anything", id="exists"),
        pytest.param([{"prefix": "us-"}], "us-east-1", id="begins with"),
        pytest.param([{"suffix": ".png"}], "a.png", id="ends with"),
        pytest.param(["b"], ["a", "b"], id="one of an array"),
        pytest.param([True], True, id="boolean"),
    ],
)
def test_a_value_that_fits_its_rule_passes(pattern, value):
    assert passes({"x": {"y": pattern}}, {"x": {"y": value}})


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        pytest.param([None], "", id="null"),
        pytest.param([""], None, id="empty"),
        pytest.param(["Alice"], "alice", id="equals"),
        pytest.param([{"equals-ignore-case": "alice"}], "bob", id="equals ignoring case"),
        pytest.param(["New York", "Denver"], "Boston", id="or"),
        pytest.param([{"anything-but": ["Credit"]}], "Credit", id="not"),
        pytest.param([{"anything-but": {"prefix": "Cr"}}], "Credit", id="not with a prefix"),
        pytest.param([{"numeric": [">", 10, "<=", 20]}], 10, id="numeric range"),
        pytest.param([{"numeric": ["=", 100]}], "100", id="numeric of a text"),
        pytest.param([{"exists": True}], {"z": 1}, id="exists, which is about leaves"),
        pytest.param([{"exists": False}], "anything", id="does not exist"),
        pytest.param([{"prefix": "us-"}], 5, id="begins with"),
        pytest.param([1], True, id="a boolean is no number"),
    ],
)
def test_a_value_that_does_not_fit_its_rule_is_dropped(pattern, value):
    assert not passes({"x": {"y": pattern}}, {"x": {"y": value}})


def test_a_member_that_is_missing_passes_if_it_must_not_exist():
    assert passes({"x": {"y": [{"exists": False}]}}, {})


@pytest.mark.parametrize("rule", ["a", None, {"exists": True}, {"anything-but": "a"}])
def test_a_member_that_is_missing_passes_no_other_rule(rule):
    assert not passes({"x": {"y": [rule]}}, {"x": {}})


def test_all_members_of_a_pattern_must_fit():
    assert not passes({"a": [1], "b": [2]}, {"a": 1, "b": 3})


def test_of_several_objects_one_must_fit():
    pattern = {"$or": [{"a": [1]}, {"b": [2]}]}

    assert passes(pattern, {"b": 2})
    assert not passes(pattern, {"b": 3})


def test_of_several_filters_one_must_fit():
    filters = [{"Pattern": '{"a": [1]}'}, {"Pattern": '{"b": [2]}'}]

    assert patterns({"FilterCriteria": {"Filters": filters}})({"b": 2})


def test_without_filters_every_record_passes():
    assert patterns({})({"a": 1})


def test_patterns_see_what_the_data_of_kinesis_says():
    assert passes({"data": {"type": ["order-placed"]}}, kinesis({"type": "order-placed"}))
    assert not passes({"data": {"type": ["order-placed"]}}, kinesis({"type": "other"}))


@pytest.mark.parametrize("data", [b"no json", b"\xff\xfe", b"", b"[" * 100_000])
def test_data_that_is_no_json_is_dropped_by_a_pattern_for_data(data):
    assert not passes({"data": {"type": ["order-placed"]}}, kinesis(data))


def test_data_that_is_no_json_passes_a_pattern_for_something_else():
    assert passes({"partitionKey": ["p"]}, kinesis(b"no json"))


@pytest.mark.parametrize(
    "pattern", ['{"a": "b"}', "[]", "{", '{"a": [{"like": "b"}]}', '{"a": [{"numeric": ["~", 1]}]}']
)
def test_a_pattern_that_lambda_refuses_is_an_error(pattern):
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own messages are among them
        patterns({"FilterCriteria": {"Filters": [{"Pattern": pattern}]}})
