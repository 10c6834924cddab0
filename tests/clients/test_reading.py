"""What is read with suspicion: addresses, typed answers, chunks in any order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_client.addresses import is_safe
from cdk_streamer_client.chunks import HELD, Chunk, Pieces, Stream
from cdk_streamer_client.printing import WIDTH, ChunkLines
from cdk_streamer_client.prompt import NotUnderstood, asked, value_of

# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://bucket.s3.eu-central-1.amazonaws.com/key?X-Amz-Signature=a%2Fb",
        "https://example.com:8443/",
        "http://127.0.0.1:4566/a",
        "http://[::1]/a",
        "http://localhost:4566/a",
        "http://bucket.s3.localhost:4566/a",
    ],
)
def test_an_address_that_nobody_else_reads_along_is_safe(url: str):
    assert is_safe(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "ftp://127.0.0.1/a",
        "data:application/json,1",
        "https://",
        "https:///a",
        "https://user:secret@example.com/",
        "https://example.com:99999/",
        "https://[::1/",
        "https://example.com/a b",
        "https://example.com/a\r\nHost: b",
        "",
    ],
)
def test_any_other_address_is_not(url: str):
    assert not is_safe(url)


# --- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("y", {"type": "boolean"}, True),
        ("No", {"type": "boolean"}, False),
        ("5", {"type": "integer"}, 5),
        ("1.5", {"type": "number"}, 1.5),
        ("5", {"type": "string"}, "5"),
        ("eu", {"enum": ["eu", 5]}, "eu"),
        ("5", {"enum": ["eu", 5]}, 5),
        ("[1]", {"type": "array"}, [1]),
        ("free text", {}, "free text"),
        ("null", {}, None),
    ],
)
def test_what_is_typed_is_read_as_the_schema_says(text: str, schema: dict[str, Any], value: Any):
    assert value_of(text, schema) == value


@pytest.mark.parametrize(
    ("text", "schema"),
    [("perhaps", {"type": "boolean"}), ("us", {"enum": ["eu", 5]}), ("five", {"type": "integer"})],
)
def test_what_cannot_be_meant_is_refused(text: str, schema: dict[str, Any]):
    with pytest.raises(NotUnderstood):
        value_of(text, schema)


def test_each_required_member_is_asked_for_until_it_is_understood():
    lines = iter(["perhaps", "y", "north"])
    labels: list[str] = []

    async def ask(label: str) -> str:
        labels.append(label)
        return next(lines)

    schema = {
        "type": "object",
        "required": ["approved", "region"],
        "properties": {
            "approved": {"type": "boolean", "title": "Approve?"},
            "region": {"enum": ["north", "south"]},
            "note": {"type": "string"},
        },
    }
    answer = asyncio.run(asked(schema, ask))
    assert answer == {"approved": True, "region": "north"}
    assert labels == [
        "Approve? (y/n): ",
        "'perhaps' is neither yes nor no\nApprove?: ",
        "region (north, south): ",
    ]


# --- chunks ---------------------------------------------------------------------------------------


@given(
    count=st.integers(1, 60),
    order=st.randoms(use_true_random=False),
    doubles=st.lists(st.integers(0, 59)),
)
def test_chunks_are_given_in_order_and_once_however_they_come(
    count: int, order: Any, doubles: list[int]
):
    indexes = [*range(count), *(double % count for double in doubles)]
    order.shuffle(indexes)
    stream = Stream()
    given_ = [chunk.index for index in indexes for chunk in stream.take(piece(index))]
    assert given_ == list(range(count))
    assert stream.is_whole


@given(pieces=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 6)), max_size=60))
def test_chunks_of_an_earlier_attempt_never_follow_those_of_a_later(pieces: list[tuple[int, int]]):
    stream = Stream()
    given_ = [
        (chunk.attempt, chunk.index)
        for attempt, index in pieces
        for chunk in stream.take(piece(index, attempt))
    ]
    assert given_ == sorted(set(given_))


def test_only_what_is_near_is_kept():
    stream = Stream()
    for index in range(1, 3 * HELD):
        stream.take(piece(index))
    assert len(stream.take(piece(0))) == HELD
    assert not stream.is_whole


def piece(index: int, attempt: int = 1) -> Pieces:
    chunk = Chunk(data=index, index=index, attempt=attempt)
    return Pieces(attempt=attempt, chunks=(chunk,))


# --- lines ----------------------------------------------------------------------------------------


@given(st.lists(st.text(alphabet="ab \n", max_size=120)))
def test_text_in_chunks_becomes_lines_and_loses_no_word(texts: list[str]):
    lines: list[str] = []
    shown = ChunkLines(lines.append)
    for index, text in enumerate(texts):
        shown.show(Chunk(data=text, index=index, attempt=1))
    shown.end()
    assert "".join("".join(lines).split()) == "".join("".join(texts).split())
    assert all(len(line) <= WIDTH for line in lines)
