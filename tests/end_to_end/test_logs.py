"""What the functions write down, and what they must not."""

from __future__ import annotations

import json
import uuid

import pytest


@pytest.fixture(scope="module")
def traces(deployment) -> tuple[str, list[str]]:
    """Use the application once with recognizable secrets; gives the token and all lines."""
    token = deployment.token(sub="logged")
    payload = {"secret": "payload-secret"}
    with deployment.open(token) as wire:
        wire.ask("echo", payload, metadata={"secret": "metadata-secret"})
        wire.say_text('{"action": "echo", "payload": "payload-secret"')
        wire.receive()
        request_id = wire.run("greet_later", {"name": "payload-secret"}, id=uuid.uuid4().hex)[
            "request_id"
        ]
    deployment.stack.wait_for_log("Api/Worker", request_id)
    functions = deployment.stack.client("lambda").list_functions()["Functions"]
    names = [function["FunctionName"] for function in functions]
    return token, [line for name in names for line in deployment.stack.logs(name)]


def test_no_token_is_written_down(traces):
    token, lines = traces

    assert [line for line in lines if token.rpartition(".")[2] in line] == []


def test_no_payload_is_written_down(traces):
    _, lines = traces

    assert [line for line in lines if "-secret" in line] == []


def test_every_line_is_json(traces):
    _, lines = traces

    assert all(isinstance(json.loads(line), dict) for line in lines if line.startswith("{"))


def test_the_end_of_a_request_is_written_down_with_its_action(traces):
    _, lines = traces

    assert any('"request ended"' in line and '"greet_later"' in line for line in lines)
