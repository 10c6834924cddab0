"""Requests that need more than one attempt."""

from __future__ import annotations

import pytest


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_a_flaky_request_succeeds_in_its_third_attempt(wire):
    assert wire.run("flaky")["result"] == {"attempt": 3}


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_every_new_attempt_is_announced_and_no_error_is(wire):
    messages = wire.follow(wire.submit("flaky"))

    attempts = [message["attempt"] for message in messages if message["type"] == "retrying"]
    assert attempts == [2, 3]
    assert "error" not in [message["type"] for message in messages]


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_reports_tell_their_attempt_and_numbers_go_on(wire):
    messages = wire.follow(wire.submit("flaky"))

    reports = [message["attempt"] for message in messages if message["type"] == "progress"]
    assert reports == [1, 2, 3]
    assert sorted(message["seq"] for message in messages) == list(range(len(messages)))


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_a_fatal_failure_is_not_tried_again(wire, tmp_path):
    executions = tmp_path / "executions"

    last = wire.run("give_up", {"executions": str(executions)})

    assert last["type"] == "error"
    assert executions.read_text() == "executed\n"


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_between_two_attempts_a_request_tells_when_the_next_one_is_due(
    wire, paused_worker, tmp_path
):
    release = tmp_path / "release"
    request_id = wire.submit("stumble", {"release": str(release)})
    wire.progress_of(request_id)

    with paused_worker:
        release.touch()
        told = wire.wait_for(lambda message: message["type"] == "retrying")
        snapshot = wire.ask("get", {"request_id": request_id})["data"]

    assert (snapshot["state"], snapshot["attempt"]) == ("RETRY_WAIT", 2)
    assert snapshot["next_at"] == told["next_at"]
    assert wire.follow(request_id)[-1]["result"] == "arrived"
