"""Who is connected, until when, and what is remembered of it."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_streamer_runtime.contract import CONNECTION_RETENTION_SECONDS
from cdk_streamer_runtime.dynamodb import Table, unmarshal_item
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import TABLE
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.sockets.connections import (
    Caller,
    Connection,
    ConnectionStore,
    subprotocol,
)

CONTEXT = {"tenant": "acme", "owner": "ann", "expires": "1700003600", "scopes": "read write"}
ANN = Caller.from_context(CONTEXT)
LIFETIME = 7_200


@pytest.fixture
def aws() -> MemoryAws:
    return MemoryAws(tables=[TABLE])


@pytest.fixture
def store(aws: MemoryAws) -> ConnectionStore:
    return ConnectionStore(Table(aws, TABLE.name))


def connection(expires: int = 10**12) -> Connection:
    caller = Caller(tenant="acme", owner="ann", expires=expires)
    return Connection(id="a", caller=caller, connected_at=START)


# --- the time that is left ------------------------------------------------------------------------


def test_a_connection_ends_by_its_age():
    assert connection().time_left(START + 7_000_000, LIFETIME) == ("lifetime", 200)


def test_a_connection_ends_by_its_token_if_that_is_sooner():
    assert connection(START // 1000 + 60).time_left(START, LIFETIME) == ("token", 60)


def test_when_both_end_together_a_new_connection_is_enough():
    assert connection(START // 1000 + LIFETIME).time_left(START, LIFETIME) == ("lifetime", LIFETIME)


def test_what_has_ended_has_less_than_no_time():
    assert connection().time_left(START + 7_300_000, LIFETIME)[1] == -100


# --- the item -------------------------------------------------------------------------------------


def test_a_connection_is_remembered_for_an_hour_longer_than_it_can_live(
    store: ConnectionStore, aws: MemoryAws
):
    store.add("a", ANN, START)
    (item,) = map(unmarshal_item, aws.items(TABLE.name))

    assert item == {
        "pk": "conn#a",
        "sk": "connection",
        "tenant": "acme",
        "owner": "ann",
        "expires": 1_700_003_600,
        "scopes": "read write",
        "connected_at": START,
        "ttl": START // 1000 + CONNECTION_RETENTION_SECONDS,
    }


def test_who_opened_a_connection_can_be_asked_later(store: ConnectionStore):
    store.add("a", ANN, START)

    assert store.caller_of("a") == ANN
    assert store.caller_of("b") is None


def test_a_connection_that_ended_is_forgotten(store: ConnectionStore, aws: MemoryAws):
    store.add("a", ANN, START)
    store.remove("a")

    assert aws.items(TABLE.name) == []


def test_both_events_may_be_delivered_twice(store: ConnectionStore, aws: MemoryAws):
    store.add("a", ANN, START)
    store.add("a", ANN, START)
    store.remove("a")
    store.remove("a")

    assert aws.items(TABLE.name) == []


def test_a_connection_starts_no_work(store: ConnectionStore, aws: MemoryAws):
    store.add("a", ANN, START)
    (record,) = aws.stream_records(TABLE.name)

    assert record["dynamodb"]["Keys"]["sk"] == {"S": "connection"}


# --- the subprotocol ------------------------------------------------------------------------------

HEADER = "Sec-WebSocket-Protocol"


@pytest.mark.parametrize(
    "headers",
    [
        {HEADER: "streamer.v1"},
        {HEADER: "streamer.v1, bearer.aaa.bbb.ccc"},
        {HEADER: "bearer.aaa.bbb.ccc,streamer.v1"},
        {HEADER.lower(): " streamer.v1 , other"},
        {HEADER.upper(): "streamer.v1"},
    ],
)
def test_the_marker_is_echoed_and_never_the_token(headers: dict[str, str]):
    assert subprotocol({"headers": headers}) == {HEADER: "streamer.v1"}


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"headers": None},
        {"headers": {}},
        {"headers": {HEADER: ""}},
        {"headers": {HEADER: "bearer.aaa.bbb.ccc"}},
        {"headers": {HEADER: "streamer.v2"}},
        {"headers": {"X-Protocol": "streamer.v1"}},
    ],
)
def test_what_was_not_offered_is_not_echoed(event: dict[str, Any]):
    assert subprotocol(event) == {}
