"""Who says something on a connection that stands."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from cdk_streamer_runtime.callers import NOBODY, Caller
from cdk_streamer_runtime.contract import CONNECTION_SECONDS
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import TABLE
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.sockets.connections import ConnectionStore
from cdk_streamer_runtime.sockets.speakers import KNOWN, Speakers
from tests.runtime.observed_aws import ObservedAws

ANN = Caller(tenant="123456789012", owner="AROA1", expires=10**10, scopes=frozenset({"read"}))


@pytest.fixture
def aws() -> ObservedAws:
    return ObservedAws(MemoryAws(tables=[TABLE]))


@pytest.fixture
def store(aws: ObservedAws) -> ConnectionStore:
    return ConnectionStore(Table(aws, TABLE.name))


def message(connection: str = "a", **changes: Any) -> dict[str, Any]:
    return {"requestContext": {"connectionId": connection, "connectedAt": START, **changes}}


def test_a_message_brings_along_what_an_authorizer_said(store: ConnectionStore, aws: ObservedAws):
    context = {"tenant": "acme", "owner": "ann", "expires": "1700003600"}

    assert Speakers(store).of(message(authorizer=context)).owner == "ann"
    assert aws.calls == []


def test_an_authorizer_of_the_users_own_may_name_no_end(store: ConnectionStore):
    speaker = Speakers(store).of(message(authorizer={"tenant": "acme", "owner": "ann"}))

    assert speaker.expires == START // 1000 + CONNECTION_SECONDS


@pytest.mark.parametrize("context", [None, {}, {"principalId": "AROA1:session"}])
def test_who_signed_at_connect_is_read_once(
    store: ConnectionStore, aws: ObservedAws, context: dict[str, Any] | None
):
    store.add("a", ANN, START)
    speakers = Speakers(store)

    spoken = [speakers.of(message(authorizer=context)) for _ in range(3)]
    assert spoken == [ANN] * 3
    assert aws.calls == ["PutItem", "GetItem"]


def test_each_connection_has_its_own_speaker(store: ConnectionStore):
    bob = Caller(tenant="123456789012", owner="AROA2", expires=10**10)
    store.add("a", ANN, START)
    store.add("b", bob, START)
    speakers = Speakers(store)

    assert [speakers.of(message(name)) for name in ("a", "b", "a")] == [ANN, bob, ANN]


def test_nobody_speaks_on_a_connection_that_is_not_remembered(
    store: ConnectionStore, caplog: pytest.LogCaptureFixture
):
    assert Speakers(store).of(message()) is NOBODY
    assert caplog.records[0].__dict__["reason"] == "no item of the connection"


def test_nobody_is_looked_for_again(store: ConnectionStore):
    speakers = Speakers(store)
    speakers.of(message())
    store.add("a", ANN, START)

    assert speakers.of(message()) == ANN


def test_only_so_many_are_known_at_once(store: ConnectionStore, aws: ObservedAws):
    names = [str(number) for number in range(KNOWN + 1)]
    for name in names:
        store.add(name, ANN, START)
    speakers = Speakers(store)
    for name in names:
        speakers.of(message(name))
    before = len(aws.calls)

    speakers.of(message(names[-1]))
    speakers.of(message(names[0]))
    assert len(aws.calls) == before + 1


def test_no_message_names_its_own_speaker(store: ConnectionStore, caplog: Any):
    caplog.set_level(logging.CRITICAL)
    event = message() | {"body": '{"tenant":"acme"}', "headers": {"tenant": "acme"}}

    assert Speakers(store).of(event) is NOBODY
