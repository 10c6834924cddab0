"""JSON as the library writes and reads it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.documents import (
    DEPTH,
    decode,
    decode_strictly,
    encode,
    fingerprint,
    is_deep,
    size,
)

# Halves of surrogate pairs too: Python has them, JSON can escape them, UTF-8 cannot hold them.
TEXTS = st.text(st.characters())
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**30), max_value=10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)


@given(JSON)
def test_what_is_written_reads_as_it_was(document: Any):
    assert decode(encode(document)) == document


@given(JSON)
def test_what_is_written_is_utf_8(document: Any):
    assert decode(encode(document).encode()) == document


@given(JSON)
def test_any_reader_of_json_reads_it(document: Any):
    assert json.loads(encode(document)) == document


@given(JSON)
def test_the_size_is_that_of_the_bytes_on_the_wire(document: Any):
    text = encode(document)

    assert size(text) == len(text.encode())


def test_text_travels_unescaped():
    assert encode({"a": "Ä"}) == '{"a":"Ä"}'


def test_half_a_surrogate_pair_travels_escaped():
    assert encode(["\ud83d"]) == '["\\ud83d"]'


def test_both_halves_of_a_pair_become_one_character():
    assert decode('["\\ud83d\\ude00"]') == ["\U0001f600"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_lacks_are_not_written(value: float):
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode({"value": value})


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", object(), 1j, {(1, 2): 3}])
def test_values_that_json_lacks_are_not_written(value: object):
    with pytest.raises(TypeError):
        encode([value])


def test_a_document_that_contains_itself_is_not_written():
    circle: list[Any] = []
    circle.append(circle)

    with pytest.raises(ValueError, match="Circular"):
        encode(circle)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "[1e400]"])
def test_numbers_that_json_lacks_are_not_read(text: str):
    with pytest.raises(ValueError, match=r"is not JSON|is too large"):
        decode(text)


@pytest.mark.parametrize("text", ["", "{", "nul", "'a'", "[1,]", '{"a":1,}', '"\n"', "01", "+1"])
def test_what_is_no_json_is_not_read(text: str):
    with pytest.raises(ValueError, match=r"Expecting|Invalid|Extra|Illegal"):
        decode(text)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000])
def test_depth_is_an_error_of_its_own_and_no_crash(text: str):
    with pytest.raises(ValueError, match="nested too deeply"):
        decode(text)


def test_of_members_with_the_same_name_the_last_one_counts():
    assert decode('{"a":1,"a":2}') == {"a": 2}


def test_bytes_are_read_like_text():
    assert decode('["Ä"]'.encode()) == ["Ä"]


@given(st.dictionaries(TEXTS, JSON))
def test_the_order_of_members_changes_no_fingerprint(document: dict[str, Any]):
    reordered = dict(reversed(document.items()))

    assert fingerprint(reordered) == fingerprint(document)


@given(JSON, JSON)
def test_documents_with_the_same_fingerprint_are_equal(one: Any, other: Any):
    assert (fingerprint(one) == fingerprint(other)) <= (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, "1"), (1, True), (0, False), (None, "null"), ([], {}), ([1, 2], [2, 1]), ("a", ["a"])],
)
def test_what_json_tells_apart_has_fingerprints_of_its_own(one: object, other: object):
    assert fingerprint(one) != fingerprint(other)


def test_half_a_surrogate_pair_has_a_fingerprint():
    assert fingerprint("\ud800") != fingerprint("\ud801")


@given(JSON, st.integers(min_value=0, max_value=2 * DEPTH))
def test_a_document_is_deep_by_its_nesting_alone(document: Any, levels: int):
    text = "[" * levels + encode(document) + "]" * levels

    assert is_deep(text) == (levels + depth(document) > DEPTH)


@pytest.mark.parametrize(
    "document", [["[" * 999], {"{" * 999: "]"}, [[{}]] * 999, ['"[' * 999], ["\\[" * 999]]
)
def test_many_brackets_are_not_deep(document: object):
    assert not is_deep(encode(document))


def depth(document: Any) -> int:
    match document:
        case dict():
            return 1 + max(map(depth, document.values()), default=0)
        case list():
            return 1 + max(map(depth, document), default=0)
        case _:
            return 0


def test_a_string_that_never_ends_is_looked_at_once():
    # Each of its quotes could begin a string, and looking from all of them would take an hour.
    assert not is_deep("[]" * DEPTH + '"' + '\\"' * 200_000)


@given(JSON)
def test_what_is_text_throughout_is_read_strictly_too(document: Any):
    text = encode(document)
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        with pytest.raises(ValueError, match="surrogate"):
            decode_strictly(text)
    else:
        assert decode_strictly(text) == document


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1}',
        '[{"b": {"a": 1, "\\u0061": 2}}]',
        '["\\ud83d"]',
        '{"\\udc00": 1}',
        "NaN",
        "[-Infinity]",
        "1e999",
        "9" * 5_000,
        "[" * (DEPTH + 1) + "]" * (DEPTH + 1),
        "",
        "{}x",
        "[1,]",
        "\ufeff{}",
    ],
)
def test_what_two_readers_could_understand_differently_is_refused(text: str):
    with pytest.raises(ValueError, match=r"."):
        decode_strictly(text)
