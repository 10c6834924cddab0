"""Who may connect, and what a connection is told first."""

from __future__ import annotations

import json

import pytest

from tests.end_to_end.forgery import FORGERIES
from tests.end_to_end.wire import PROTOCOL


def test_hello_tells_protocol_heartbeat_and_limits(wire):
    hello = wire.ask("hello")

    assert hello["protocol"] == PROTOCOL
    assert hello["heartbeat_seconds"] < 600
    assert hello["limits"]["frame_bytes"] == 32_768


def test_hello_lists_the_actions_with_their_inputs_when_asked(wire):
    actions = {action["name"]: action for action in wire.ask("hello", {"actions": True})["actions"]}

    assert actions["greet"]["mode"] == "sync"
    assert actions["greet_later"]["mode"] == "async"
    assert actions["greet"]["input"]["required"] == ["name"]


def test_ping_is_answered_by_pong(wire):
    assert wire.ask("ping", id="p-1")["id"] == "p-1"


def test_a_token_near_its_end_is_told_to_reconnect(connect):
    wire = connect(lifetime=60)
    wire.send("ping")

    message = wire.wait_for(lambda message: message["type"] == "reconnect_soon")

    assert (message["reason"], message["seconds"] <= 60) == ("token", True)


def test_the_marker_of_the_protocol_is_echoed_and_the_token_is_not(wire):
    assert wire.socket.subprotocol == PROTOCOL


def test_a_token_may_come_in_the_authorization_header(deployment):
    token = deployment.token(sub="header")
    with deployment.open(None, Authorization=f"Bearer {token}") as wire:
        assert wire.ask("whoami")["data"]["owner"] == "header"


@pytest.mark.parametrize("name", FORGERIES)
def test_a_bad_token_is_refused_at_the_handshake(deployment, name):
    assert deployment.refusal(FORGERIES[name](deployment)).status_code in {401, 403}


def test_no_token_is_refused_at_the_handshake(deployment):
    assert deployment.refusal(None).status_code in {401, 403}


def test_a_token_in_the_address_is_refused(deployment):
    refusal = deployment.refusal(None, query=f"?token={deployment.token()}")

    assert refusal.status_code in {401, 403}


def test_all_refusals_look_the_same(deployment):
    refusals = [deployment.refusal(forge(deployment)) for forge in FORGERIES.values()]

    said = {(refusal.status_code, _without_ids(refusal)) for refusal in refusals}
    assert len(said) == 1


def _without_ids(refusal) -> str:
    """Leave out the ids of connection and request, which differ whatever the reason."""
    return json.loads(refusal.body)["message"]
