"""What functions are told."""

from __future__ import annotations

import dataclasses
import re

from cdk_streamer_local.gateway.apis import Api
from cdk_streamer_local.gateway.client import Client, Farewell
from cdk_streamer_local.gateway.events import (
    Moment,
    authorizer_event,
    connect_event,
    disconnect_event,
    message_event,
    new_id,
)

MOMENT = Moment(request_id="XfGLwFTktjMFsLg=", seconds=1607854667.186)
CLIENT = Client(
    api_id="chat",
    stage="live",
    id="XfGLwdF1NjMCJQA=",
    connected_at=1607854667.185,
    source_ip="127.0.0.1",
    user_agent="me/1",
    host="127.0.0.1:4000",
    authorizer={"tenant": "acme"},
)
API = Api(id="chat", account="123456789012", region="eu-west-1", selection="", stages={"live": {}})
CONTEXT = {
    "routeKey": "$connect",
    "eventType": "CONNECT",
    "extendedRequestId": "XfGLwFTktjMFsLg=",
    "requestTime": "13/Dec/2020:10:17:47 +0000",
    "messageDirection": "IN",
    "stage": "live",
    "connectedAt": 1607854667185,
    "requestTimeEpoch": 1607854667186,
    "identity": {"userAgent": "me/1", "sourceIp": "127.0.0.1"},
    "requestId": "XfGLwFTktjMFsLg=",
    "domainName": "127.0.0.1:4000/_aws/execute-api/chat",
    "connectionId": "XfGLwdF1NjMCJQA=",
    "apiId": "chat",
    "authorizer": {"tenant": "acme"},
}


def test_connect_is_told_who_comes():
    event = connect_event(CLIENT, MOMENT, (("Host", "h"), ("uPgrade", "websocket")), "", {})

    assert event.keys() == {"headers", "multiValueHeaders", "requestContext", "isBase64Encoded"}
    assert event["requestContext"] == CONTEXT
    assert event["headers"].keys() == {
        *("Host", "X-Amzn-Trace-Id"),
        *("X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto"),
    }


def test_a_proxy_before_the_gateway_is_kept_in_the_list_of_addresses():
    event = connect_event(CLIENT, MOMENT, (("x-forwarded-for", "10.0.0.1"),), "", {})

    assert event["headers"]["X-Forwarded-For"] == "10.0.0.1, 127.0.0.1"


def test_parameters_are_decoded_and_may_be_empty():
    event = connect_event(CLIENT, MOMENT, (), "a=%C3%BC+1&b=&a=2", {})

    assert event["queryStringParameters"] == {"a": "2", "b": ""}
    assert event["multiValueQueryStringParameters"] == {"a": ["ü 1", "2"], "b": [""]}


def test_an_authorizer_is_told_what_it_decides_about():
    event = authorizer_event(API, CLIENT, MOMENT, (("Upgrade", "websocket"),), "t=1")

    assert event["type"] == "REQUEST"
    assert event["methodArn"] == "arn:aws:execute-api:eu-west-1:123456789012:chat/live/$connect"
    assert event["headers"]["Upgrade"] == "websocket"
    assert event["queryStringParameters"] == {"t": "1"}
    assert event["stageVariables"] == {}


def test_a_route_is_told_the_message():
    event = message_event(CLIENT, MOMENT, "join", "hello", {"color": "red"})
    context = event.pop("requestContext")

    assert event == {
        "body": "hello",
        "isBase64Encoded": False,
        "stageVariables": {"color": "red"},
    }
    assert re.fullmatch(r"[\w-]{15}=", context.pop("messageId"))
    assert context == {**CONTEXT, "routeKey": "join", "eventType": "MESSAGE"}


def test_disconnect_is_told_why():
    event = disconnect_event(CLIENT, MOMENT, Farewell(code=1001, reason="Going away"), {})

    assert event["headers"]["Host"] == "127.0.0.1:4000"
    assert event["requestContext"] == {
        **CONTEXT,
        "routeKey": "$disconnect",
        "eventType": "DISCONNECT",
        "disconnectStatusCode": 1001,
        "disconnectReason": "Going away",
    }


def test_ids_look_like_the_services():
    assert re.fullmatch(r"[\w-]{15}=", new_id())
    assert len({new_id() for _ in range(1_000)}) == 1_000


def test_the_port_is_that_of_https_unless_the_client_names_one():
    for host, port in {"localhost": "443", "[::1]:4000": "4000", "[::1]": "443", "": "443"}.items():
        client = dataclasses.replace(CLIENT, host=host)
        event = connect_event(client, MOMENT, (), "", {})
        assert event["headers"]["X-Forwarded-Port"] == port
