"""Handshakes, by a real client on a real socket: who gets in, and what the others are told."""

from __future__ import annotations

import json
import ssl
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.local.gateway.engine import Event, api
from tests.local.gateway.running import Running

CUSTOM = {"authorizationType": "CUSTOM", "authorizerId": "guard"}


def refusal(gateway: Running, name: str, query: str = "", **settings: Any) -> tuple[int, Any]:
    """Give the status and the body that a client is refused with."""
    with pytest.raises(InvalidStatus) as refused, gateway.connect(name, query, **settings):
        pass
    response = refused.value.response
    assert response.headers["Content-Type"] == "application/json"
    return response.status_code, json.loads(response.body)


def policy(effect: str, **answer: object) -> Any:
    """An authorizer that always says the same."""

    def guard(event: Event) -> object:
        statement = {"Action": "*", "Effect": effect, "Resource": event["methodArn"]}
        return {"principalId": "me", "policyDocument": {"Statement": [statement]}, **answer}

    return guard


@pytest.fixture(autouse=True)
def guarded(gateway: Running) -> None:
    gateway.engine.apis["guarded"] = api({"$connect": "talk"}, connect=CUSTOM)
    gateway.engine.functions["guard"] = policy("Allow")


def test_a_client_connects_without_tls(gateway: Running):
    with gateway.connect() as socket:
        assert socket.protocol.state.name == "OPEN"


def test_a_client_connects_with_tls_on_the_same_port(gateway: Running):
    with connect(gateway.url(scheme="wss"), ssl=gateway.tls, proxy=None) as socket:
        assert socket.protocol.state.name == "OPEN"


def test_a_client_that_does_not_trust_the_certificate_leaves_the_gateway_unharmed(gateway: Running):
    with (
        pytest.raises(ssl.SSLError),
        connect(gateway.url(scheme="wss"), ssl=ssl.create_default_context(), proxy=None),
    ):
        pass
    with gateway.connect():
        pass


def test_connect_is_told_names_as_the_client_wrote_them(gateway: Running):
    with gateway.connect(query="?a=1&a=2", additional_headers=[("X-oDD", "1"), ("X-oDD", "2")]):
        pass
    event = gateway.engine.events("talk", "CONNECT")[-1]

    assert event["headers"]["X-oDD"] == "2"
    assert event["multiValueHeaders"]["X-oDD"] == ["1", "2"]
    assert event["queryStringParameters"] == {"a": "2"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}


def test_the_subprotocol_is_the_one_that_connect_answered(gateway: Running):
    gateway.engine.apis["proto"] = api({"$connect": "proto"})
    gateway.engine.functions["proto"] = lambda _: {
        "statusCode": 200,
        "headers": {"sec-webSocket-protocol": "b"},
    }
    offered = [Subprotocol("a"), Subprotocol("b")]
    with gateway.connect("proto", subprotocols=offered) as socket:
        assert socket.subprotocol == "b"


def test_no_subprotocol_is_answered_when_connect_names_none(gateway: Running):
    with gateway.connect(subprotocols=[Subprotocol("a")]) as socket:
        assert socket.subprotocol is None


def test_compression_is_not_agreed_upon(gateway: Running):
    with connect(gateway.url(), compression="deflate", proxy=None) as socket:
        assert socket.protocol.extensions == []


@pytest.mark.parametrize(("name", "stage"), [("nobody", "live"), ("chat", "other"), ("chat", "")])
def test_an_unknown_api_or_stage_is_forbidden(gateway: Running, name: str, stage: str):
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(gateway.url(name, stage), proxy=None),
    ):
        pass

    assert refused.value.response.status_code == 403
    assert json.loads(refused.value.response.body) == {"message": "Forbidden"}
    assert refused.value.response.headers["x-amzn-ErrorType"] == "ForbiddenException"


def test_a_path_of_no_api_is_forbidden(gateway: Running):
    url = gateway.url().replace("/_aws/execute-api/", "/")
    with pytest.raises(InvalidStatus) as refused, connect(url, proxy=None):
        pass

    assert refused.value.response.status_code == 403


def test_an_api_without_a_connect_route_lets_everybody_in(gateway: Running):
    gateway.engine.apis["open"] = api({"$default": "talk"})
    with gateway.connect("open") as socket:
        assert socket.protocol.state.name == "OPEN"


@pytest.mark.parametrize("status", [201, "200"])
def test_every_success_of_connect_opens(gateway: Running, status: object):
    gateway.engine.apis["status"] = api({"$connect": "status"})
    gateway.engine.functions["status"] = lambda _: {"statusCode": status}
    with gateway.connect("status") as socket:
        assert socket.protocol.state.name == "OPEN"


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 302])
def test_what_connect_answers_otherwise_is_the_status_of_the_refusal(gateway: Running, status: int):
    gateway.engine.apis["status"] = api({"$connect": "status"})
    gateway.engine.functions["status"] = lambda _: {"statusCode": status, "body": "a secret"}

    found, body = refusal(gateway, "status")

    assert found == status
    assert "secret" not in str(body)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "ok",
        [],
        {"status": 200},
        {"statusCode": "no"},
        {"statusCode": True},
        {"statusCode": 100},
        {"statusCode": 1000},
        {"statusCode": "9" * 5_000},
        {"statusCode": 200, "headers": ["Sec-WebSocket-Protocol"]},
        {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "a\r\nX: b"}},
        {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "\ud800"}},
    ],
)
def test_a_connect_that_answers_nonsense_is_a_bad_gateway(gateway: Running, answer: object):
    gateway.engine.apis["nonsense"] = api({"$connect": "nonsense"})
    gateway.engine.functions["nonsense"] = lambda _: answer

    status, body = refusal(gateway, "nonsense")

    assert status == 502
    assert body["message"] == "Internal server error"
    assert body.keys() == {"message", "connectionId", "requestId"}


def test_a_connect_that_raises_is_a_bad_gateway(gateway: Running):
    gateway.engine.apis["broken"] = api({"$connect": "nobody has this"})

    assert refusal(gateway, "broken")[0] == 502


def test_a_connect_that_takes_too_long_is_a_timeout(gateway: Running):
    gateway.engine.apis["slow"] = api({"$connect": "forever"}, seconds=0.05)
    gateway.engine.functions["forever"] = lambda _: gateway.engine.released.wait(10)
    try:
        status, body = refusal(gateway, "slow")
    finally:
        gateway.engine.released.set()

    assert (status, body["message"]) == (504, "Endpoint request timed out")


def test_whom_the_authorizer_denies_is_forbidden(gateway: Running):
    gateway.engine.functions["guard"] = policy("Deny")

    status, body = refusal(gateway, "guarded")

    assert status == 403
    assert body["message"] == "User is not authorized to access this resource with an explicit deny"
    assert body.keys() == {"message", "connectionId", "requestId"}


def test_whom_the_authorizer_does_not_mention_is_forbidden(gateway: Running):
    gateway.engine.functions["guard"] = lambda _: {"policyDocument": {"Statement": []}}

    status, body = refusal(gateway, "guarded")

    assert (status, body["message"]) == (403, "User is not authorized to access this resource")


@pytest.mark.parametrize("answer", [None, {}, "yes", {"isAuthorized": True}])
def test_an_authorizer_that_answers_nonsense_is_an_error_of_the_server(
    gateway: Running, answer: object
):
    gateway.engine.functions["guard"] = lambda _: answer

    status, body = refusal(gateway, "guarded")

    assert (status, body["message"]) == (500, None)


def test_an_authorizer_that_raises_is_an_error_of_the_server(gateway: Running):
    del gateway.engine.functions["guard"]

    assert refusal(gateway, "guarded")[0] == 500


def test_a_context_with_a_list_in_it_is_an_error_of_the_server(gateway: Running):
    gateway.engine.functions["guard"] = policy("Allow", context={"roles": ["admin"]})

    assert refusal(gateway, "guarded")[0] == 500


def test_what_identifies_a_client_must_be_there_before_the_authorizer_is_asked(gateway: Running):
    sources = ("route.request.header.Auth", "route.request.querystring.t")
    gateway.engine.apis["sources"] = api({"$connect": "talk"}, connect=CUSTOM, identity=sources)

    status, body = refusal(gateway, "sources", "?t=1")

    assert (status, body["message"]) == (401, "Unauthorized")
    with gateway.connect("sources", "?t=1", additional_headers={"auth": "x"}):
        pass


def test_the_authorizers_context_reaches_connect_as_text(gateway: Running):
    gateway.engine.functions["guard"] = policy("Allow", context={"n": 1, "b": True, "s": "x"})
    with gateway.connect("guarded"):
        pass
    event = gateway.engine.events("talk", "CONNECT")[-1]

    told = event["requestContext"]["authorizer"]
    assert told == {"n": "1", "b": "true", "s": "x", "principalId": "me"}


def test_a_bad_signature_is_refused_in_the_engines_words(gateway: Running):
    gateway.engine.apis["signed"] = api(
        {"$connect": "talk"}, connect={"authorizationType": "AWS_IAM"}
    )
    gateway.engine.signed = lambda _: {"refusal": [403, "Missing Authentication Token"]}

    status, body = refusal(gateway, "signed")

    assert (status, body["message"]) == (403, "Missing Authentication Token")


def test_who_signed_is_told_to_connect(gateway: Running):
    gateway.engine.apis["signed"] = api(
        {"$connect": "talk"}, connect={"authorizationType": "AWS_IAM"}
    )
    gateway.engine.signed = lambda _: {"identity": {"userArn": "arn:me"}}
    with gateway.connect("signed"):
        pass
    event = gateway.engine.events("talk", "CONNECT")[-1]

    assert event["requestContext"]["identity"]["userArn"] == "arn:me"
