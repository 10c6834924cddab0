"""Our attribute values are boto3's, and come back as what they were."""

from __future__ import annotations

import enum
import math
from base64 import b64decode, b64encode
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from hypothesis import given, strategies as st

from cdk_streamer_runtime.attributes import marshal, marshal_item, unmarshal, unmarshal_item
from cdk_streamer_runtime.memory.values import normalized

integers = st.integers(-(10**37), 10**37)
# Powers of two have short decimals: boto3 refuses floats, so its side gets the same as a Decimal.
floats = st.integers(-(10**6), 10**6).map(lambda number: number / 64 + 1 / 128)
scalars = st.one_of(
    st.text(max_size=10), integers, floats, st.booleans(), st.none(), st.binary(max_size=10)
)
sets = st.one_of(
    st.frozensets(st.text(max_size=5), min_size=1, max_size=4),
    st.frozensets(integers, min_size=1, max_size=4),
    st.frozensets(st.binary(max_size=5), min_size=1, max_size=4),
)
values = st.recursive(
    scalars | sets,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)


def for_boto3(value: Any) -> Any:
    """The same value without floats, which boto3 refuses."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, list):
        return [for_boto3(each) for each in value]
    if isinstance(value, dict):
        return {name: for_boto3(each) for name, each in value.items()}
    return value


def from_boto3(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Binary):
        return value.value
    if isinstance(value, (set, frozenset)):
        return frozenset(from_boto3(each) for each in value)
    if isinstance(value, list):
        return [from_boto3(each) for each in value]
    if isinstance(value, dict):
        return {name: from_boto3(each) for name, each in value.items()}
    return value


def on_the_wire(value: Any) -> Any:
    """What botocore sends for boto3's attribute value, with one order for sets."""
    if isinstance(value, Binary):
        return b64encode(value.value).decode()
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, list):
        return [on_the_wire(each) for each in value]
    if isinstance(value, dict):
        return {name: on_the_wire(each) for name, each in value.items()}
    return value


def from_the_wire(value: dict[str, Any]) -> dict[str, Any]:
    ((kind, content),) = value.items()
    match kind:
        case "B":
            return {"B": b64decode(content)}
        case "BS":
            return {"BS": [b64decode(each) for each in content]}
        case "L":
            return {"L": [from_the_wire(each) for each in content]}
        case "M":
            return {"M": {name: from_the_wire(each) for name, each in content.items()}}
        case _:
            return value


@given(values)
def test_a_value_is_written_as_boto3_writes_it(value):
    theirs = on_the_wire(TypeSerializer().serialize(for_boto3(value)))
    assert normalized(marshal(value)) == normalized(theirs)


@given(values)
def test_what_we_write_boto3_reads(value):
    assert from_boto3(TypeDeserializer().deserialize(from_the_wire(marshal(value)))) == value


@given(values)
def test_a_value_comes_back_as_it_was(value):
    assert unmarshal(marshal(value)) == value


@given(st.dictionaries(st.text(max_size=5), values, max_size=5))
def test_an_item_comes_back_as_it_was(item):
    assert unmarshal_item(marshal_item(item)) == item


@given(st.floats(min_value=-1e125, max_value=1e125).filter(lambda number: abs(number) > 1e-130))
def test_a_float_comes_back_as_the_same_number(number):
    assert float(unmarshal(normalized(marshal(number)))) == number


class Color(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Color.RED, {"S": "red"}),
        (Level.HIGH, {"N": "3"}),
        (True, {"BOOL": True}),
        (1, {"N": "1"}),
        (1.0, {"N": "1.0"}),
        ((1, "a"), {"L": [{"N": "1"}, {"S": "a"}]}),
        (bytearray(b"a"), {"B": "YQ=="}),
        ({"b", "a"}, {"SS": ["a", "b"]}),
        (MappingProxyType({"a": 1}), {"M": {"a": {"N": "1"}}}),
    ],
)
def test_relatives_of_the_plain_types_are_written_as_these(value, written):
    assert marshal(value) == written


@pytest.mark.parametrize(
    "value",
    [object(), math.nan, math.inf, set(), {1, "a"}, {True}, {None}, 1j, {"nested": [object()]}],
)
def test_what_dynamodb_cannot_hold_is_refused(value):
    with pytest.raises(TypeError, match="DynamoDB"):
        marshal(value)


def test_an_image_of_a_stream_record_is_read():
    image = {"pk": {"S": "a"}, "raw": {"B": "YQ=="}, "words": {"SS": ["a"]}, "no": {"NULL": True}}
    assert unmarshal_item(image) == {
        "pk": "a",
        "raw": b"a",
        "words": frozenset({"a"}),
        "no": None,
    }
