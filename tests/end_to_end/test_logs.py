"""What the functions write down, and what they must not."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

import pytest
from websockets.exceptions import InvalidStatus

from tests.end_to_end.deployment import Deployment


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What was secret, and every line of every function."""

    credentials: list[str]
    lines: list[str]


@pytest.fixture(scope="module")
def traces(deployment) -> Traces:
    """Use both APIs once with recognizable secrets."""
    token, over_http = deployment.token(sub="logged"), deployment.token(sub="logged-http")
    ticket = deployment.web(over_http).ask("POST", "/tickets").document["ticket"]
    ended = [_talk(deployment, token), _call(deployment, over_http), _nap(deployment, over_http)]
    _knock(deployment, ticket)
    functions = ("Api/Worker", "Api/Worker", "Api/Durable")
    for function, request_id in zip(functions, ended, strict=True):
        deployment.stack.wait_for_log(function, request_id)
    deployed = deployment.stack.client("lambda").list_functions()["Functions"]
    names = [function["FunctionName"] for function in deployed]
    return Traces(
        credentials=[token.rpartition(".")[2], over_http.rpartition(".")[2], ticket],
        lines=[line for name in names for line in deployment.stack.logs(name)],
    )


def _talk(deployment: Deployment, token: str) -> str:
    with deployment.open(token) as wire:
        wire.ask("echo", {"secret": "payload-secret"}, metadata={"secret": "metadata-secret"})
        wire.say_text('{"action": "echo", "payload": "payload-secret"')
        wire.receive()
        request_id = uuid.uuid4().hex
        return wire.run("greet_later", {"name": "payload-secret"}, id=request_id)["request_id"]


def _call(deployment: Deployment, token: str) -> str:
    web = deployment.web(token)
    web.post("echo", {"secret": "payload-secret"})
    web.say("POST", "/requests", b'{"action": "echo", "payload": "payload-secret"')
    web.post("greet", {"name": {"a": "payload-secret"}})
    web.ask("GET", "/requests", state="query-secret")
    web.ask("POST", "/uploads", {"size": 3, "type": "text/plain"})
    request_id = web.submit("recite", {"chunks": 3, "text": "payload-secret"})
    web.finish(request_id)
    web.ask("GET", f"/requests/{request_id}/chunks")
    return request_id


def _nap(deployment: Deployment, token: str) -> str:
    web = deployment.web(token)
    request_id = web.submit("nap", {"secret": "payload-secret"})
    web.finish(request_id)
    return request_id


def _knock(deployment: Deployment, ticket: str) -> None:
    """Use a ticket, and try to use it again, which is told to whoever looks after the API."""
    with deployment.open(None, offered=f"ticket.{ticket}"):
        pass
    with (
        pytest.raises(InvalidStatus),
        deployment.open(None, query=f"?ticket={ticket}"),
    ):
        pass


def test_no_credential_is_written_down(traces):
    found = [line for line in traces.lines for secret in traces.credentials if secret in line]

    assert found == []


def test_nothing_of_what_callers_said_is_written_down(traces):
    assert [line for line in traces.lines if "-secret" in line] == []


def test_no_address_that_opens_an_object_is_written_down(traces):
    assert [line for line in traces.lines if "X-Amz-Signature" in line] == []


def test_every_line_is_json(traces):
    objects = [line for line in traces.lines if line.startswith("{")]

    assert all(isinstance(json.loads(line), dict) for line in objects)


@pytest.mark.parametrize("action", ["greet_later", "recite", "nap"])
def test_the_end_of_a_request_is_written_down_with_its_action(traces, action):
    assert any('"request ended"' in line and f'"{action}"' in line for line in traces.lines)
