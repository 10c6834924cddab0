"""Connections and channels in the console: seen, spoken to, closed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

PATIENCE = 60


def heard(socket, kind):
    """Give the next message of a kind."""
    while True:
        message = json.loads(socket.recv(PATIENCE))
        if message["type"] == kind:
            return message


@pytest.fixture(scope="module")
def guest(office) -> Iterator[ClientConnection]:
    """Connect as `guest` of acme, who listens to a channel."""
    token = office.token(sub="guest", tenant="acme")
    with connect(
        office.socket_url(),
        ssl=office.tls,
        additional_headers={"Authorization": f"Bearer {token}"},
        subprotocols=[Subprotocol("streamer.v1")],
        open_timeout=PATIENCE,
    ) as socket:
        socket.send(json.dumps({"action": "hello", "id": "~1"}))
        heard(socket, "hello")
        subscribe = {"action": "subscribe", "id": "~2", "payload": {"channel": "nightly-import"}}
        socket.send(json.dumps(subscribe))
        heard(socket, "response")
        yield socket


@pytest.fixture
def connections(office, guest, page):
    """Show the guest's connection."""
    page.open(f"{office.console_url}/#/connections")
    page.click("[aria-label=connections] tbody tr", "guest")
    page.wait("document.querySelector('.drawer .facts')")
    return page


def test_a_connection_tells_who_it_is_and_what_it_hears_of(connections):
    connections.see("guest of acme")
    connections.wait("document.querySelector('.drawer ul a')?.innerText === 'nightly-import'")


def test_a_channel_tells_who_listens(connections):
    connections.click("[aria-label=channels] tbody tr", "nightly-import")

    connections.see("1 LISTENER")


def test_a_message_is_sent_to_one(connections, guest):
    connections.run(
        "(() => { const field = document.querySelector('.drawer textarea');"
        "field.value = JSON.stringify({ type: 'note', words: 'hello' });"
        "field.dispatchEvent(new Event('input')); })()"
    )
    connections.click(".drawer form button", "Send")

    assert heard(guest, "note")["words"] == "hello"


def test_one_is_closed(connections, guest):
    connections.click(".drawer .danger", "Close")
    connections.click("dialog .danger", "Close it")

    with pytest.raises(ConnectionClosed) as ended:
        guest.recv(PATIENCE)
    assert ended.value.rcvd is not None
    assert (ended.value.rcvd.code, ended.value.rcvd.reason) == (1000, "Closed by the console")
