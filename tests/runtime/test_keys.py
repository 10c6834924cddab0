"""Keys of items: nobody can spell the key of somebody else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.keys import (
    channel_key,
    connection_key,
    is_channel_name,
    is_request_id,
    owner_key,
    request_key,
)

NAMES = st.text(st.characters())  # halves of surrogate pairs too
PARTS = st.tuples(NAMES, NAMES, NAMES)


@given(PARTS, PARTS)
def test_other_parts_give_another_key(one: tuple[str, str, str], other: tuple[str, str, str]):
    assert (request_key(*one) == request_key(*other)) == (one == other)


@given(PARTS, st.data())
def test_moving_a_boundary_between_parts_gives_another_key(
    parts: tuple[str, str, str], data: st.DataObject
):
    text = "".join(parts)
    first = data.draw(st.integers(0, len(text)))
    second = data.draw(st.integers(first, len(text)))
    moved = (text[:first], text[first:second], text[second:])

    assert (request_key(*moved) == request_key(*parts)) == (moved == parts)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c", "d"), ("a", "bc", "d")),
        (("a", "b", "cd"), ("a", "bc", "d")),
        (("", "a", "b"), ("a", "", "b")),
        (("a\x00", "b", "c"), ("a", "\x00b", "c")),
        (("a", "b", "c"), ("A", "b", "c")),
        (("\ud83d\ude00", "", ""), ("\U0001f600", "", "")),
        (("é", "", ""), ("e\u0301", "", "")),
    ],
)
def test_texts_that_look_alike_give_other_keys(
    one: tuple[str, str, str], other: tuple[str, str, str]
):
    assert request_key(*one) != request_key(*other)


@given(NAMES, NAMES, NAMES, NAMES, NAMES)
def test_a_channel_never_has_the_key_of_a_request(
    tenant: str, name: str, other: str, owner: str, request_id: str
):
    assert channel_key(tenant, name) != request_key(other, owner, request_id)


@given(PARTS)
def test_a_request_key_is_a_name_that_aws_takes_everywhere(parts: tuple[str, str, str]):
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", request_key(*parts))


def test_keys_stay_as_they_are_for_the_items_that_exist():
    assert request_key("acme", "ann", "r1") == "opdAVZUurZZoCl0nStqsfL8JCdLfy2CK3dPIs4eAC9M"
    assert owner_key("acme", "ann") == "_MSw5qvBjNq9bvHJBBRT7ln2U6WtBPJdDj_7osrqIfY"
    assert channel_key("acme", "nightly") == "_-7ySEegr4N8wVpvf3uEwh2t6jjBgFgfXUVVJqCgpOY"


def test_a_connection_has_a_prefix_that_no_digest_has():
    assert connection_key("L0SM9cOFvHcCIhw=") == "conn#L0SM9cOFvHcCIhw="


@pytest.mark.parametrize("text", ["a", "A-Z.a_z~0", "-", "a" * 128])
def test_these_name_a_request(text: str):
    assert is_request_id(text)


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a b", "a/b", "a\n", "ä", "a" * 129, "#", None, 5, ["a"], b"a"]
)
def test_these_name_no_request(text: object):
    assert not is_request_id(text)


@pytest.mark.parametrize("text", ["a", "nightly job #5", "ä/ö", "\U0001f600", "a" * 256])
def test_these_name_a_channel(text: str):
    assert is_channel_name(text)


@pytest.mark.parametrize("text", ["", "a\nb", "\x00", "a" * 257, "\ud800", "a\udfff", None, 5])
def test_these_name_no_channel(text: object):
    assert not is_channel_name(text)
