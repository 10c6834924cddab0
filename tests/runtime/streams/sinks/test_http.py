"""Sink for HTTP, against a server on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from cdk_streamer_runtime.errors import Fatal, Retryable
from cdk_streamer_runtime.streams.sinks.http import HttpBusy, HttpRefused, Network, call_http
from tests.runtime.aws.service import Service, answer, closing, drop, echo, silence
from tests.runtime.streams.sinks.sending import unit


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.close()


@pytest.fixture
def network() -> Iterator[Network]:
    network = Network(timeout=5.0)
    yield network
    network.close()


@pytest.fixture
def step(service, network):
    return call_http(url=f"{service.url}/v1", headers={"X-App": "shop"}, network=network)


def asked(**request):
    return unit("event-1", http_request=request)


def test_a_request_is_sent_below_the_url(surroundings, service, step):
    service.answers(echo)
    request = {"path": "/orders/1", "query": {"q": "ü"}, "body": {"a": 1}, "headers": {"x-b": "2"}}
    (passed,) = surroundings.send(step, asked(method="put", **request))
    (sent,) = service.requests
    assert (sent.method, sent.target) == ("PUT", "/v1/orders/1?q=%C3%BC")
    assert json.loads(sent.body) == {"a": 1}
    assert {"x-app": "shop", "x-b": "2", "content-type": "application/json"}.items() <= (
        sent.headers.items()
    )
    assert passed.http_response["status"] == 200
    assert passed.http_response["body"] == b'{"a":1}'


def test_the_same_event_has_the_same_idempotency_key(surroundings, service, step):
    surroundings.send(step, asked(body="x"), asked(body="x"), asked(body="y"))
    first, again, other = (each.headers["idempotency-key"] for each in service.requests)
    assert first == again
    assert first.startswith("event-1-")
    assert other != first


def test_connections_are_kept(surroundings, service, step):
    surroundings.send(step, asked(), asked())
    assert service.connections == 1


def test_a_connection_that_ended_while_idle_is_replaced(surroundings, service, step):
    service.answers(closing(answer(200, {})), answer(200, {}))
    surroundings.send(step, asked(), asked())
    assert service.connections == 2


def test_authorization_is_a_secret_that_is_read_once_an_invocation(surroundings, service, network):
    step = call_http(url=service.url, authorization="crm", network=network)
    surroundings.send(step, asked(), asked())
    assert [each.headers["authorization"] for each in service.requests] == ["Bearer token"] * 2
    assert surroundings.aws.count("GetSecretValue") == 1
    assert [use.actions for use in step.uses] == [("secretsmanager:GetSecretValue",)]


@pytest.mark.parametrize("status", [408, 409, 423, 425, 429, 500, 503])
def test_what_may_pass_later_is_retryable(surroundings, service, step, status):
    service.answers(answer(status, {}, retry_after="7"))
    with pytest.raises(HttpBusy) as failure:
        surroundings.send(step, asked())
    assert isinstance(failure.value, Retryable)
    assert (failure.value.status, failure.value.after) == (status, 7)


@pytest.mark.parametrize("status", [301, 400, 401, 404, 422])
def test_what_is_refused_for_good_is_fatal(surroundings, service, step, status):
    service.answers(answer(status, {}))
    with pytest.raises(HttpRefused) as failure:
        surroundings.send(step, asked())
    assert isinstance(failure.value, Fatal)


@pytest.mark.parametrize("script", [drop, silence])
def test_a_server_that_does_not_answer_is_retryable(surroundings, service, script):
    service.answers(script)
    step = call_http(url=service.url, timeout=0.05)
    with pytest.raises(HttpBusy, match="the server did not answer"):
        surroundings.send(step, asked())


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"method": "TRACE"}, "method must be one of"),
        ({"path": "@evil.example"}, "path must start with a slash"),
        ({"headers": {"Host": "evil.example"}}, r"headers must not have \['host'\]"),
        ({"headers": {"x": "a\r\nb: c"}}, "line break"),
        ({"path": "/a b"}, "percent-encode"),
        ({"path": "/orders/../../admin"}, "path must stay below the URL"),
        ({"path": "/orders/%2e%2E/admin"}, "path must stay below the URL"),
        ({"path": "/orders/1?as=admin"}, "path must stay below the URL"),
    ],
)
def test_an_event_cannot_choose_the_server(surroundings, step, service, request_, text):
    with pytest.raises(ValueError, match=text):
        surroundings.send(step, asked(**request_))
    assert service.requests == []


@pytest.mark.parametrize("url", ["http://api.example.com", "ftp://x", "https://x.example/?a=1"])
def test_a_url_is_https_and_has_no_query(url):
    with pytest.raises(ValueError, match=r"must be|must have"):
        call_http(url=url)
