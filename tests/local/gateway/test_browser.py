"""A browser: it trusts no certificate of ours, and has one word for a handshake, a subprotocol."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.console.browser import Browser
from tests.local.gateway.calls import Caller
from tests.local.gateway.engine import Event, api
from tests.local.gateway.running import Running

TOKEN = "bearer.eyJhbGciOiJFUzI1NiJ9.e30.c2ln"
TALK = """
new Promise((done) => {{
  const socket = new WebSocket({url}, {offered});
  const heard = [];
  socket.onopen = () => socket.send({message});
  socket.onmessage = (event) => heard.push(event.data);
  socket.onclose = (event) => done({{
    protocol: socket.protocol, heard, code: event.code, reason: event.reason,
  }});
}})
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as browser:
        yield browser


@pytest.fixture
def guarded(gateway: Running) -> Running:
    """An API that lets in who has the token, repeats what is said, and ends."""

    def guard(event: Event) -> object:
        offered = event["headers"].get("Sec-WebSocket-Protocol", "").split(", ")
        statement = {
            "Action": "execute-api:Invoke",
            "Effect": "Allow" if TOKEN in offered else "Deny",
            "Resource": event["methodArn"],
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        return {"principalId": "ann", "policyDocument": policy}

    def repeat(event: Event) -> object:
        if event["requestContext"]["eventType"] == "MESSAGE":
            caller = Caller(gateway=gateway, name="guarded")
            connection = event["requestContext"]["connectionId"]
            caller.post(connection, event["body"].encode())
            caller.delete(connection)
        return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "streamer.v1"}}

    connect = {"authorizationType": "CUSTOM", "authorizerId": "guard"}
    gateway.engine.functions |= {"guard": guard, "repeat": repeat}
    routes = {"$connect": "repeat", "$default": "repeat"}
    gateway.engine.apis["guarded"] = api(routes, connect=connect)
    return gateway


def talk(browser: Browser, url: str, offered: list[str]) -> dict[str, Any]:
    words = {"url": url, "offered": offered, "message": "hällo"}
    return browser.run(TALK.format(**{name: json.dumps(word) for name, word in words.items()}))


def test_a_page_connects_without_tls_with_its_token_as_a_subprotocol(
    guarded: Running, browser: Browser
):
    told = talk(browser, guarded.url("guarded"), ["streamer.v1", TOKEN])

    assert told["protocol"] == "streamer.v1"
    assert told["heard"] == ["hällo"]
    assert told["code"] == 1000


def test_a_page_without_a_token_does_not_connect(guarded: Running, browser: Browser):
    told = talk(browser, guarded.url("guarded"), ["streamer.v1"])

    assert (told["heard"], told["code"]) == ([], 1006)


def test_a_page_does_not_trust_the_certificate(guarded: Running, browser: Browser):
    told = talk(browser, guarded.url("guarded", scheme="wss"), ["streamer.v1", TOKEN])

    assert (told["heard"], told["code"]) == ([], 1006)
