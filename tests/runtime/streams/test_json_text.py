"""The JSON text of a record."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.streams.json_text import decode_json
from tests.runtime.streams.records import JSON


@given(JSON, st.sampled_from(["", " ", "\n\t"]), st.booleans())
def test_what_the_standard_library_writes_is_read(document, space, is_ascii):
    text = f"{space}{json.dumps(document, ensure_ascii=is_ascii)}{space}"
    assert decode_json(text) == decode_json(text.encode()) == document


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "{", '{"a":', "{'a': 1}", "[1,]", "{} {}", "nul", "01", '"\n"'),
        *("NaN", "[Infinity]", '{"a": -Infinity}', "1e400", "-1e400", "1" * 5000),
        *("[" * 201 + "]" * 201, "[" * 200_000, '{"a":' * 100_000),
        *(b"\xff\xfe", b"\x80", b'"\xed\xa0\x80"', "\ufeff{}".encode()),
    ],
)
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        decode_json(text)


def test_nesting_that_others_can_write_again_is_read():
    text = "[" * 200 + "]" * 200
    assert json.dumps(decode_json(text)) == text


def test_of_a_member_that_is_there_twice_the_last_counts():
    assert decode_json('{"a": 1, "a": 2}') == {"a": 2}


def test_a_large_whole_number_keeps_its_digits():
    assert decode_json("9" * 400) == int("9" * 400)
