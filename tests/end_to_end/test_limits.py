"""Who asks too much is told when to come back, and may then, over either API."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.end_to_end.web import Web
from tests.end_to_end.wire import PATIENCE, Wire

MANY = 20  # more calls than the limit grants on the slowest machine
LEASE_AND_LOOK = 2 * PATIENCE  # a lease of 6 s, the watcher's grace, and a busy machine


def refused_by(ask: Callable[[], dict[str, Any] | None]) -> dict[str, Any]:
    """Ask until it is too much, and give the refusal."""
    refusals = (ask() for _ in range(MANY))
    return next(refusal for refusal in refusals if refusal is not None)


def on_socket(wire: Wire, action: str, payload: object = None) -> dict[str, Any] | None:
    """Ask for an action and give the error that refuses it, if one does."""
    frame_id = wire.send(action, payload)
    answers = {"response", "acknowledgment", "error"}
    answer = wire.wait_for(
        lambda message: (
            message["type"] in answers
            and frame_id in {message.get("id"), message.get("request_id")}
        )
    )
    return answer.get("error")


def over_http(web: Web, action: str, payload: object = None) -> dict[str, Any] | None:
    """Ask for an action and give the problem that refuses it, if one does."""
    answer = web.post(action, payload)
    return answer.problem if answer.status == 429 else None


def accepted(ask: Callable[[], dict[str, Any] | None]) -> bool:
    """Come back when one is told to, until it is accepted; raises TimeoutError."""
    end = time.monotonic() + PATIENCE
    while refusal := ask():
        if time.monotonic() > end:
            raise TimeoutError(refusal)
        time.sleep(refusal["retry_after_ms"] / 1000)
    return True


@pytest.mark.parametrize("action", ["hurry", "hurry_later"])
def test_a_rate_refuses_and_tells_when_to_come_back(wire, action):
    refusal = refused_by(lambda: on_socket(wire, action))

    assert (refusal["code"], refusal["retryable"]) == ("RATE_LIMITED", True)
    assert 0 < refusal["retry_after_ms"] <= 2_000


def test_who_comes_back_when_told_is_answered(wire):
    refusal = refused_by(lambda: on_socket(wire, "hurry"))

    time.sleep(refusal["retry_after_ms"] / 1000)

    assert on_socket(wire, "hurry") is None


@pytest.mark.parametrize("action", ["hurry", "hurry_later"])
def test_over_http_the_same_is_told_in_the_headers_too(web, action):
    refused_by(lambda: over_http(web, action))
    answer = web.post(action)

    assert (answer.status, answer.problem["code"]) == (429, "RATE_LIMITED")
    assert int(answer.headers["retry-after"]) * 1000 >= answer.problem["retry_after_ms"] > 0


def test_one_rate_holds_for_both_apis(wire, web):
    refused_by(lambda: on_socket(wire, "hurry"))

    assert over_http(web, "hurry") is not None


def test_a_limit_of_one_owner_is_not_anothers(connect):
    refused_by(lambda: on_socket(connect(sub="ann"), "hurry"))

    assert on_socket(connect(sub="bob"), "hurry") is None


def test_a_refused_request_was_never_there(wire):
    payload = {"release": "/never"}
    wire.submit("alone", payload, id="first")

    wire.ask("alone", payload, id="second")

    assert wire.ask("get", {"request_id": "second"})["error"]["code"] == "NOT_FOUND"


def test_the_same_request_once_more_takes_nothing(wire):
    payload = {"release": "/never"}
    wire.submit("alone", payload, id="once")

    wire.send("alone", payload, id="once")

    assert wire.wait_for(lambda message: message["type"] == "snapshot")["request_id"] == "once"


def test_an_end_makes_room(wire, tmp_path):
    release = tmp_path / "release"
    payload = {"release": str(release)}
    request_id = wire.submit("alone", payload)
    refusal = on_socket(wire, "alone", payload)

    release.touch()
    wire.follow(request_id)

    assert refusal is not None
    assert accepted(lambda: on_socket(wire, "alone", payload))


def test_a_cancelled_request_makes_room_over_http(web):
    payload = {"release": "/never"}
    request_id = web.submit("alone", payload)
    refusal = over_http(web, "alone", payload)

    web.ask("DELETE", f"/requests/{request_id}")
    web.finish(request_id)

    assert refusal is not None
    assert accepted(lambda: over_http(web, "alone", payload))


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_a_killed_worker_keeps_no_room(wire):
    payload = {"release": "/never"}
    request_id = wire.submit("alone", payload)
    pid = wire.progress_of(request_id)["metadata"]["pid"]

    os.kill(pid, signal.SIGKILL)
    last = wire.follow(request_id, patience=LEASE_AND_LOOK)[-1]

    assert last["error"]["code"] == "PROCESSING_FAILED"
    assert accepted(lambda: on_socket(wire, "alone", payload))
