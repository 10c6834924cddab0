"""Values against JSON Schemas: as our own types decide, and keyword by keyword."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.durable.schema import faults_of
from cdk_streamer_runtime.requests.inputs import Input, InvalidInput


@dataclass
class Address:
    street: str
    number: int = 1


class Order(TypedDict):
    items: list[str]
    to: Address
    note: NotRequired[str | None]


TYPES: list[Any] = [
    bool,
    int,
    float,
    str,
    None,
    list[int],
    dict[str, bool],
    Literal["yes", "no", 3],
    int | None,
    tuple[int, str],
    Address,
    Order,
    list[Order],
]
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.floats(-2, 2), st.sampled_from(["yes", "x"])
)
NAMES = st.sampled_from(["items", "to", "note", "street", "number"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4)
)
ORDERS = st.fixed_dictionaries(
    {"items": st.lists(st.just("x")), "to": st.fixed_dictionaries({"street": st.just("x")})},
    optional={"note": SCALARS},
)


@given(type_=st.sampled_from(TYPES), value=VALUES | ORDERS | st.lists(ORDERS, max_size=2))
def test_what_a_type_takes_fits_its_schema(type_: Any, value: Any):
    kind = Input.of(type_)
    try:
        kind.read(value)
    except InvalidInput:
        return
    assert faults_of(value, kind.schema()) == ()


@given(type_=st.sampled_from(TYPES), value=VALUES | ORDERS)
def test_what_fits_a_schema_is_taken_by_its_type(type_: Any, value: Any):
    kind = Input.of(type_)
    if faults_of(value, kind.schema()) == ():
        kind.read(value)


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": ["string", "null"]}, None, 1),
        ({"type": "integer"}, 2.0, 2.5),
        ({"type": "number"}, 1, True),
        ({"const": 1}, 1, True),
        ({"minimum": 1, "maximum": 3}, 3, 4),
        ({"exclusiveMinimum": 1, "exclusiveMaximum": 3}, 2, 3),
        ({"multipleOf": 5}, 10, 11),
        ({"multipleOf": 0.01}, 19.99, 19.995),
        ({"minLength": 1, "maxLength": 2}, "ab", "abc"),
        ({"pattern": "^a+$"}, "aa", "ab"),
        ({"minItems": 1, "maxItems": 2}, [1], []),
        ({"uniqueItems": True}, [1, True], [1, 1]),
        ({"uniqueItems": True}, [[1], [True]], [{"a": 1, "b": []}, {"b": [], "a": 1.0}]),
        ({"const": {"a": [1]}}, {"a": [1.0]}, {"a": [True]}),
        ({"minProperties": 1}, {"a": 1}, {}),
        ({"maxProperties": 1}, {"a": 1}, {"a": 1, "b": 1}),
        ({"prefixItems": [{"type": "string"}], "items": False}, ["a"], ["a", 1]),
        ({"patternProperties": {"^x": {"type": "string"}}}, {"x": "1", "y": 1}, {"xy": 1}),
        ({"additionalProperties": {"type": "integer"}}, {"a": 1}, {"a": "1"}),
        ({"allOf": [{"type": "string"}, {"minLength": 2}]}, "ab", "a"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None, 1),
        ({"oneOf": [{"type": "number"}, {"type": "integer"}]}, 1.5, 1),
        ({"not": {"type": "null"}}, 1, None),
        ({"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "null"}}}, None, 1),
    ],
)
def test_a_keyword_tells_good_from_bad(schema: dict[str, Any], good: Any, bad: Any):
    assert faults_of(good, schema) == ()
    assert len(faults_of(bad, schema)) == 1


def test_a_fault_says_where_it_is():
    schema = Input.of(Order).schema()
    faults = faults_of({"items": ["a", 1], "to": {}}, schema)

    assert [fault.path for fault in faults] == ["/items/1", "/to/street"]


def test_a_schema_that_refers_to_itself_comes_to_an_end():
    assert faults_of(1, {"$ref": "#"}) != ()


def test_no_more_than_twenty_faults_are_told():
    assert len(faults_of([1] * 100, {"items": {"type": "string"}})) == 20


def test_alternatives_that_refer_to_themselves_come_to_an_end(monkeypatch):
    monkeypatch.setattr("cdk_streamer_runtime.durable.schema.MOST_LOOKS", 10_000)  # not seconds
    child = {"$ref": "#"}
    either = [{"properties": {"child": child, "kind": {"const": kind}}} for kind in "ab"]
    value: Any = {}
    for _ in range(30):
        value = {"child": value, "kind": "c"}

    assert faults_of(value, {"anyOf": either}) != ()
