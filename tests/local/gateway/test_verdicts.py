"""Who may manage connections: the engine judges, and is not asked about every post."""

from __future__ import annotations

import base64
import http.client
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from websockets.sync.client import ClientConnection

from cdk_streamer_local.engine.port import HOST
from tests.local.gateway.calls import Caller, signing_key, told
from tests.local.gateway.engine import StandIn
from tests.local.gateway.running import Running

REFUSED = {"allowed": False, "status": 403, "body": '{"message": "no"}', "error": "AccessDenied"}
HOLDS_SECONDS = 2


class Judge:
    """The engine's judgement as a test wants it, and what it was asked."""

    def __init__(self, engine: StandIn) -> None:
        self._engine = engine
        self._answer = engine.answer
        self.verdict: Mapping[str, Any] = {"allowed": True, "key": signing_key()}
        self.asked: list[Mapping[str, Any]] = []

    def answer(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        if question["kind"] != "verdict":
            return self._answer(question)
        self.asked.append(question)
        return self.verdict


@pytest.fixture
def judge(gateway: Running) -> Iterator[Judge]:
    judge = Judge(gateway.engine)
    gateway.engine.answer = judge.answer
    yield judge
    del gateway.engine.answer


@pytest.fixture
def client(gateway: Running) -> Iterator[ClientConnection]:
    # Not all that is posted is read, and a client that is full does not hear the end.
    with gateway.connect(max_queue=None) as client:
        yield client


@pytest.fixture
def connection(gateway: Running, client: ClientConnection) -> str:
    return gateway.engine.events("talk", "CONNECT")[-1]["requestContext"]["connectionId"]


@pytest.fixture
def caller(gateway: Running, request: pytest.FixtureRequest) -> Caller:
    """Somebody whom the gateway does not know from another test."""
    return Caller(gateway=gateway, access_key=f"AK{abs(hash(request.node.name))}")


def test_the_engine_is_asked_with_the_very_request(
    judge: Judge, caller: Caller, connection: str, gateway: Running
):
    caller.post(connection, "hällo".encode())
    (asked,) = judge.asked
    headers = dict(asked["headers"])

    assert (asked["method"], asked["path"]) == ("POST", caller.path(connection))
    assert base64.b64decode(asked["body"]).decode() == "hällo"
    assert headers["host"] == f"127.0.0.1:{gateway.port}"
    assert caller.access_key in headers["authorization"]


def test_a_refusal_is_told_in_the_engines_words(judge: Judge, caller: Caller, connection: str):
    judge.verdict = REFUSED
    answer = caller.post(connection)

    assert (answer.status, answer.error) == (403, "AccessDenied")
    assert answer.document == {"message": "no"}


def test_who_may_not_post_is_not_heard(
    judge: Judge, caller: Caller, connection: str, client: ClientConnection
):
    judge.verdict = REFUSED
    caller.post(connection, b"refused")
    judge.verdict = {"allowed": True, "key": None}
    caller.post(connection, b"allowed")

    assert client.recv(10) == "allowed"


def test_posts_of_one_key_within_a_second_are_one_question(
    judge: Judge, caller: Caller, connection: str
):
    answers = {caller.post(connection, str(number).encode()).status for number in range(20)}

    # More than one if the machine took longer than a verdict holds.
    assert answers == {200}
    assert len(judge.asked) < 20


def test_a_verdict_is_about_all_connections_of_a_stage(
    judge: Judge, caller: Caller, connection: str, gateway: Running
):
    caller.post(connection)
    asked = len(judge.asked)
    with gateway.connect():
        other = gateway.engine.events("talk", "CONNECT")[-1]["requestContext"]["connectionId"]
        assert caller.post(other).status == 200

    assert len(judge.asked) == asked


@pytest.mark.parametrize(
    "other",
    [
        {"access_key": "ANOTHER"},
        {"token": "another"},
        {"stage": "another"},
        {"name": "another"},
        {"headers": {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}},
    ],
)
def test_of_whom_and_what_nothing_is_known_the_engine_is_asked(
    judge: Judge, caller: Caller, connection: str, other: dict[str, Any]
):
    caller.post(connection)
    judge.verdict = REFUSED

    assert replace(caller, **other).post(connection).status == 403


def test_the_right_to_post_is_not_the_right_to_close(judge: Judge, caller: Caller, connection: str):
    caller.post(connection)
    judge.verdict = REFUSED

    assert caller.delete(connection).status == 403


def test_a_wrong_signature_is_never_taken_for_a_right_one(
    judge: Judge, caller: Caller, connection: str
):
    caller.post(connection)
    judge.verdict = REFUSED

    assert replace(caller, secret_key="guessed").post(connection).status == 403


def test_an_old_signature_is_for_the_engine_to_judge(judge: Judge, caller: Caller, connection: str):
    caller.post(connection)
    judge.verdict = REFUSED

    assert replace(caller, age=299).post(connection).status == 403


@pytest.mark.parametrize("changed", [b"another", b""])
def test_a_signature_is_of_one_body(
    judge: Judge, caller: Caller, connection: str, changed: bytes, gateway: Running
):
    caller.post(connection)
    judge.verdict = REFUSED
    path = caller.path(connection)
    headers = caller.signed("POST", path, b"signed")

    with closing(http.client.HTTPConnection(HOST, gateway.port, timeout=10)) as wire:
        wire.request("POST", path, changed, headers)
        assert told(wire.getresponse()).status == 403


def test_who_need_not_sign_is_believed(judge: Judge, caller: Caller, connection: str):
    judge.verdict = {"allowed": True, "key": None}
    caller.post(connection)
    asked = len(judge.asked)

    assert replace(caller, secret_key="anything").post(connection).status == 200
    assert len(judge.asked) == asked


def test_an_unsigned_call_is_for_the_engine_to_judge(
    judge: Judge, caller: Caller, connection: str, gateway: Running
):
    caller.post(connection)
    judge.verdict = REFUSED

    with closing(http.client.HTTPConnection(HOST, gateway.port, timeout=10)) as wire:
        wire.request("POST", caller.path(connection), b"hello")
        assert told(wire.getresponse()).status == 403


def test_a_permission_that_was_taken_away_ends_within_seconds(
    judge: Judge, caller: Caller, connection: str
):
    caller.post(connection)
    judge.verdict = REFUSED
    began = time.monotonic()
    while caller.post(connection).status == 200:
        assert time.monotonic() - began < 10
    ended = time.monotonic() - began

    # The machine may be slow, but the verdict does not hold longer.
    assert ended < HOLDS_SECONDS + 5
    assert caller.post(connection).status == 403


def test_who_posts_all_the_time_is_asked_about_again_meanwhile(
    judge: Judge, caller: Caller, connection: str
):
    caller.post(connection)
    asked = len(judge.asked)
    began = time.monotonic()
    while len(judge.asked) == asked:
        assert caller.post(connection).status == 200
        assert time.monotonic() - began < 10


def test_a_call_that_the_engine_cannot_judge_is_an_error_of_the_server(
    gateway: Running, caller: Caller, connection: str
):
    def broken(question: Mapping[str, Any]) -> Mapping[str, Any]:
        gateway.engine.hang_up()
        return question

    gateway.engine.answer = broken
    try:
        answer = caller.post(connection)
    finally:
        del gateway.engine.answer

    assert answer.status == 500
    assert caller.post(connection).status == 200
