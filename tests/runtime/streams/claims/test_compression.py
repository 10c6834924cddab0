"""Compression: an explicit marker, inflated within bounds, or refused."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import tracemalloc

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.streams.claims.compression import (
    NotInflatable,
    compressed,
    inflated,
    is_marker,
)
from cdk_streamer_runtime.streams.claims.packing import packed
from cdk_streamer_runtime.streams.claims.unpacking import Unpacking, packed_size
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.sources.kinesis import from_kinesis, to_kinesis_records
from tests.runtime.streams.claims.parcels import EVENT, LIMIT, carried
from tests.runtime.streams.records import events, few
from tests.runtime.streams.surroundings import Surroundings

MEGABYTE = 1024 * 1024


@pytest.fixture
def here() -> Surroundings:
    return Surroundings()


def marker(body: bytes, **members):
    data = base64.b64encode(gzip.compress(body, mtime=0)).decode()
    return {"codec": "gzip", "size": len(body), "data": data, **members}


def test_a_large_event_is_compressed_when_that_is_asked_for_and_comes_back(here):
    arrived = carried(EVENT, here, LIMIT, compress=500)
    assert is_marker(arrived["compressed"])
    assert arrived["compressed"]["codec"] == "gzip"
    assert packed_size(arrived) == arrived["compressed"]["size"]
    assert Unpacking().unpacked(arrived, here.world) == EVENT
    assert here.aws.asked == []


def test_an_event_below_the_threshold_is_not_compressed(here):
    assert carried(EVENT, here, 10_000, compress=5_000) == EVENT


def test_what_does_not_shrink_travels_as_it_is(here):
    event = Event(id="1", type="a-b", timestamp=0, partitionKey="k", x="!")
    assert carried(event, here, LIMIT, compress=0) == event


def test_what_is_too_large_even_compressed_goes_by_claim_check(here):
    noise = base64.b64encode(bytes((i * i * 7919) % 251 for i in range(9_000))).decode()
    event = Event({**EVENT, "noise": noise})
    arrived = carried(event, here, 400, compress=100)
    assert "claimCheck" in arrived
    assert Unpacking().unpacked(arrived, here.world) == event


def test_the_same_event_is_compressed_to_the_same_text(here):
    texts = {packed(EVENT, LIMIT, here.world, compress=0).text for _ in range(3)}
    assert len(texts) == 1


def test_a_text_that_begins_with_compressed_is_a_text(here):
    # The peer takes it for its own and makes a fault of the event.
    event = Event({**EVENT, "thing": "COMPRESSEDnot at all", "compressed": "COMPRESSED"})
    (read,) = events(from_kinesis(to_kinesis_records([event])))
    assert Unpacking().unpacked(read, here.world) == event


def test_a_bomb_is_refused_before_it_is_inflated():
    bomb = marker(b" " * (52 * MEGABYTE))
    assert len(bomb["data"]) < 72_000
    with pytest.raises(NotInflatable, match=r"takes 54,525,952 bytes; the limit is 4,194,304"):
        inflated(bomb, 4 * MEGABYTE)


def test_a_bomb_that_says_it_is_small_is_inflated_no_further_than_it_says():
    bomb = marker(b" " * (52 * MEGABYTE), size=1000)
    tracemalloc.start()
    with pytest.raises(NotInflatable, match="more than the 1,000 bytes that it says"):
        inflated(bomb, 4 * MEGABYTE)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MEGABYTE


def test_a_bomb_within_a_bomb_is_inflated_once(here):
    inner = json.dumps({**EVENT, "compressed": marker(b" " * MEGABYTE)}).encode()
    event = Event({**EVENT, "compressed": marker(inner)})
    with pytest.raises(ValueError, match="packed again"):
        Unpacking().unpacked(event, here.world)


GOOD = marker(b'{"a":1}')
BAD = {
    "unknown codec": {"codec": "lzma"},
    "no codec": {"codec": None},
    "a codec that is a list": {"codec": ["gzip"]},
    "cut off": {"data": GOOD["data"][:-8]},
    "cut within base64": {"data": GOOD["data"][:-3]},
    "no base64": {"data": "!" + GOOD["data"]},
    "not ASCII": {"data": "é" + GOOD["data"]},
    "no text": {"data": 7},
    "empty": {"data": ""},
    "not gzip": {"data": base64.b64encode(b"plain").decode()},
    "a second member": {
        "data": base64.b64encode(gzip.compress(b'{"a":1}') * 2).decode(),
    },
    "something after it": {
        "data": base64.b64encode(gzip.compress(b'{"a":1}') + b"more").decode(),
    },
    "larger than it is": {"size": 8},
    "smaller than it is": {"size": 6},
    "of no size": {"size": 0},
    "of a size that is true": {"size": True},
    "of a size that is a text": {"size": "7"},
    "a wrong checksum": {
        "data": base64.b64encode(gzip.compress(b'{"a":1}')[:-8] + b"\0" * 8).decode(),
    },
}


@pytest.mark.parametrize("members", BAD.values(), ids=BAD.keys())
def test_a_marker_that_is_not_what_it_says_is_refused(members):
    with pytest.raises(NotInflatable):
        inflated({**GOOD, **members}, MEGABYTE)


@few
@given(body=st.binary(min_size=1, max_size=3_000))
def test_whatever_is_compressed_comes_back(body):
    assert inflated(compressed(body), 3_000) == body


@few
@given(body=st.binary(min_size=1, max_size=300), at=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_bit_that_flips_is_found_or_does_not_matter(body, at, bit):
    mark = compressed(body)
    data = bytearray(base64.b64decode(mark["data"]))
    data[at % len(data)] ^= 1 << bit
    damaged = {**mark, "data": base64.b64encode(bytes(data)).decode()}
    with contextlib.suppress(NotInflatable):
        assert inflated(damaged, 300) == body  # a bit of the header that says nothing
