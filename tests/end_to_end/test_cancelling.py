"""Requests whose client changes its mind."""

from __future__ import annotations


def test_a_running_request_stops_and_hears_why(wire, tmp_path):
    noted = tmp_path / "noted"
    request_id = wire.submit("linger", {"noted": str(noted)})
    wire.progress_of(request_id)

    answer = wire.ask("cancel", {"request_id": request_id, "reason": "typo in the title"})
    last = wire.follow(request_id)[-1]

    assert answer["data"] == {"request_id": request_id, "state": "CANCELLING"}
    assert (last["type"], last["reason"]) == ("cancelled", "typo in the title")
    assert noted.read_text() == "typo in the title"


def test_a_queued_request_is_cancelled_at_once_and_never_runs(wire, paused_worker, tmp_path):
    executions = tmp_path / "executions"
    with paused_worker:
        request_id = wire.submit("count", {"executions": str(executions)})
        answer = wire.ask("cancel", {"request_id": request_id})
        last = wire.follow(request_id)[-1]
    wire.run("count", {"steps": 1})

    assert answer["data"]["state"] == "CANCELLED"
    assert last["type"] == "cancelled"
    assert not executions.exists()


def test_a_finished_request_stays_finished(wire):
    request_id = wire.run("count", {"steps": 1})["request_id"]

    answer = wire.ask("cancel", {"request_id": request_id})

    assert answer["data"]["state"] == "SUCCEEDED"


def test_cancelling_twice_is_harmless(wire):
    request_id = wire.submit("linger", {})
    wire.progress_of(request_id)

    for _ in range(2):
        wire.ask("cancel", {"request_id": request_id})
    endings = [message["type"] for message in wire.follow(request_id)].count("cancelled")

    assert endings == 1


def test_a_cancelled_request_is_read_as_cancelled(wire):
    request_id = wire.submit("linger", {})
    wire.progress_of(request_id)
    wire.ask("cancel", {"request_id": request_id})
    wire.follow(request_id)

    assert wire.ask("get", {"request_id": request_id})["data"]["state"] == "CANCELLED"
