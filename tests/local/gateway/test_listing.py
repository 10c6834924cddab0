"""The gateway's own list of connections, which the console reads."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from cdk_streamer_local.engine.port import HOST
from tests.local.gateway.calls import Told, told
from tests.local.gateway.engine import Event, api, ok
from tests.local.gateway.running import SECRET, Running

PATH = "/_cdk-streamer/connections"


def ask(gateway: Running, method: str, path: str, secret: str | None = SECRET) -> Told:
    with closing(http.client.HTTPConnection(HOST, gateway.port, timeout=10)) as wire:
        headers = {} if secret is None else {"x-cdk-streamer-secret": secret}
        wire.request(method, path, headers=headers)
        return told(wire.getresponse())


def rows(gateway: Running) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in ask(gateway, "GET", PATH).document["connections"]}


def own_id(gateway: Running, function: str = "talk") -> str:
    return gateway.engine.events(function, "CONNECT")[-1]["requestContext"]["connectionId"]


def test_a_connection_is_listed_while_it_is_open(gateway: Running):
    with gateway.connect(user_agent_header="a test") as client:
        name = own_id(gateway)
        client.send("hello")
        client.ping().wait(10)
        row = rows(gateway)[name]
    gateway.engine.wait_for(lambda: bool(gateway.engine.events("talk", "DISCONNECT")))

    assert (row["api"], row["stage"]) == ("chat", "live")
    assert (row["source_ip"], row["user_agent"]) == (HOST, "a test")
    assert (row["received"], row["sent"], row["buffered"]) == (1, 0, 0)
    assert row["connected_at"] <= row["last_active_at"]
    assert name not in rows(gateway)


def test_what_the_authorizer_said_is_listed(gateway: Running):
    def guard(event: Event) -> object:
        statement = {"Action": "*", "Effect": "Allow", "Resource": event["methodArn"]}
        return {
            "principalId": "ann",
            "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "context": {"tenant": "acme"},
        }

    connect = {"authorizationType": "CUSTOM", "authorizerId": "guard"}
    gateway.engine.functions |= {"guard": guard, "talk": ok}
    gateway.engine.apis["guarded"] = api({"$connect": "talk"}, connect=connect)
    with gateway.connect("guarded"):
        row = rows(gateway)[own_id(gateway)]

    assert row["authorizer"]["tenant"] == "acme"
    assert row["authorizer"]["principalId"] == "ann"


def test_a_long_list_is_cut_and_the_total_told(gateway: Running):
    with gateway.connect(), gateway.connect(), gateway.connect():
        listed = ask(gateway, "GET", f"{PATH}?limit=2").document

    assert len(listed["connections"]) == 2
    assert listed["total"] >= 3


def test_a_connection_is_closed_from_the_list(gateway: Running):
    with gateway.connect() as client:
        name = own_id(gateway)
        answer = ask(gateway, "DELETE", f"{PATH}/{name}")
        with pytest.raises(ConnectionClosed):
            client.recv(10)

    assert answer.status == 204


def test_an_unknown_connection_cannot_be_closed(gateway: Running):
    assert ask(gateway, "DELETE", f"{PATH}/nobody").status == 404


@pytest.mark.parametrize("secret", [None, "", "guessed"])
@pytest.mark.parametrize(("method", "path"), [("GET", PATH), ("DELETE", f"{PATH}/x")])
def test_the_list_is_for_those_who_know_the_secret(
    gateway: Running, method: str, path: str, secret: str | None
):
    assert ask(gateway, method, path, secret).status == 403


@pytest.mark.parametrize("path", [f"{PATH}/x", "/_cdk-streamer/", "/_cdk-streamer/others"])
def test_there_is_nothing_else_to_read(gateway: Running, path: str):
    answer = ask(gateway, "GET", path)

    assert (answer.status, json.loads(answer.body)) == (404, {"message": "Not Found"})
