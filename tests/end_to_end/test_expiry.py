"""Requests that nobody starts in time."""

from __future__ import annotations

from tests.end_to_end.wire import PATIENCE


def test_a_request_that_is_never_started_expires(wire, paused_worker):
    with paused_worker:
        last = wire.follow(wire.submit("fleeting"), patience=2 * PATIENCE)[-1]

    assert (last["type"], last["error"]["code"]) == ("error", "TIMEOUT")
    assert wire.ask("get", {"request_id": last["request_id"]})["data"]["state"] == "EXPIRED"
