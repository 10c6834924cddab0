"""Every error code that a client can read, provoked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cdk_streamer_runtime.contract import ErrorCode

Provocation = Callable[[pytest.FixtureRequest], dict[str, Any]]


def _asking(action: str, payload: object = None) -> Provocation:
    return lambda request: request.getfixturevalue("wire").ask_anyway(action, payload)["error"]


def _running(action: str, payload: object = None) -> Provocation:
    return lambda request: request.getfixturevalue("wire").run(action, payload)["error"]


def _saying(text: str) -> Provocation:
    def provoke(request: pytest.FixtureRequest) -> dict[str, Any]:
        wire = request.getfixturevalue("wire")
        wire.say_text(text)
        return wire.receive()["error"]

    return provoke


def _conflict(request: pytest.FixtureRequest) -> dict[str, Any]:
    wire = request.getfixturevalue("wire")
    wire.run("count", {"steps": 1}, id="taken")
    return wire.ask("count", {"steps": 2}, id="taken")["error"]


def _expired(request: pytest.FixtureRequest) -> dict[str, Any]:
    wire = request.getfixturevalue("connect")(lifetime=4)
    while (answer := wire.ask("ping"))["type"] == "pong":
        pass
    return answer["error"]


def _without_table(request: pytest.FixtureRequest) -> dict[str, Any]:
    wire = request.getfixturevalue("wire")
    with request.getfixturevalue("locked_table")("Api/Socket/Message"):
        return wire.ask("get", {"request_id": "any"})["error"]


def _hurried(request: pytest.FixtureRequest) -> dict[str, Any]:
    wire = request.getfixturevalue("wire")
    answers = (wire.ask("hurry") for _ in range(20))
    return next(answer["error"] for answer in answers if "error" in answer)


def _forbidden_channel(request: pytest.FixtureRequest) -> dict[str, Any]:
    wire = request.getfixturevalue("wire")
    return wire.ask("subscribe", {"channel": "confidential-1"})["error"]


PROVOCATIONS: dict[str, tuple[ErrorCode, Provocation]] = {
    "no JSON": (ErrorCode.VALIDATION_ERROR, _saying("{")),
    "no object": (ErrorCode.VALIDATION_ERROR, _saying("[]")),
    "no action": (ErrorCode.VALIDATION_ERROR, _saying('{"id": "a"}')),
    "an id that is none": (ErrorCode.VALIDATION_ERROR, _saying('{"action": "echo", "id": "a b"}')),
    "metadata that is no object": (
        ErrorCode.VALIDATION_ERROR,
        _saying('{"action": "echo", "metadata": 1}'),
    ),
    "an input that lacks a member": (ErrorCode.VALIDATION_ERROR, _asking("greet", {})),
    "an async input of a wrong type": (
        ErrorCode.VALIDATION_ERROR,
        _asking("greet_later", {"name": 1}),
    ),
    "a state that is none": (ErrorCode.VALIDATION_ERROR, _asking("list", {"state": "LOST"})),
    "a cursor that is none": (ErrorCode.VALIDATION_ERROR, _asking("list", {"cursor": "{}"})),
    "an unknown action": (ErrorCode.INVALID_ACTION, _asking("fly")),
    "a token that has expired": (ErrorCode.UNAUTHORIZED, _expired),
    "a scope that is missing": (ErrorCode.FORBIDDEN, _asking("administer")),
    "a channel that is not for everybody": (ErrorCode.FORBIDDEN, _forbidden_channel),
    "an unknown request": (ErrorCode.NOT_FOUND, _asking("get", {"request_id": "never-used"})),
    "an id with another body": (ErrorCode.CONFLICT, _conflict),
    "a rate that is exceeded": (ErrorCode.RATE_LIMITED, _hurried),
    "a message above the limit": (ErrorCode.PAYLOAD_TOO_LARGE, _asking("echo", "x" * 21_000)),
    "an upload above the limit": (
        ErrorCode.PAYLOAD_TOO_LARGE,
        _asking("upload", {"size": 6_000_001, "type": "text/plain"}),
    ),
    "a sync action above its timeout": (ErrorCode.TIMEOUT, _asking("dawdle")),
    "an async action above its timeout": (ErrorCode.TIMEOUT, _running("dawdle_later")),
    "a sync action that somebody cancels": (ErrorCode.CANCELLED, _asking("abandon")),
    "an exception of a sync handler": (ErrorCode.PROCESSING_FAILED, _asking("break")),
    "an exception of an async handler": (ErrorCode.PROCESSING_FAILED, _running("break_later")),
    "a table out of reach": (ErrorCode.INTERNAL_ERROR, _without_table),
}


def test_every_error_code_is_provoked():
    provoked = {code for code, _ in PROVOCATIONS.values()}

    assert provoked == set(ErrorCode)


@pytest.mark.parametrize("name", PROVOCATIONS)
def test_an_error_has_its_code(request, name):
    code, provoke = PROVOCATIONS[name]

    assert provoke(request)["code"] == code


def test_an_error_that_answers_a_message_carries_its_id(wire):
    assert wire.ask("fly", id="my-id")["request_id"] == "my-id"


def test_a_bad_input_is_told_member_by_member(wire):
    details = wire.ask("greet", {"name": 1, "times": "often"})["error"]["details"]

    assert {fault["path"] for fault in details} == {"/name", "/times"}


def test_nothing_is_queued_for_a_bad_input(wire):
    wire.ask("greet_later", {}, id="bad-input")

    assert wire.ask("get", {"request_id": "bad-input"})["error"]["code"] == ErrorCode.NOT_FOUND


def test_a_connection_lives_on_after_an_error(wire):
    wire.ask("fly")

    assert wire.ask("echo", 1)["data"] == 1


def test_an_expired_connection_is_closed(connect):
    wire = connect(lifetime=4)
    while wire.ask("ping")["type"] == "pong":
        pass

    assert wire.is_closed_by_server()


def test_a_message_beyond_the_platforms_limit_ends_the_connection(wire):
    wire.say_text("x" * 140_000)

    assert wire.is_closed_by_server()


def test_a_scope_opens_what_needs_it(connect):
    wire = connect(scopes=("admin", "other"))

    assert wire.ask("administer")["data"] == "done"
