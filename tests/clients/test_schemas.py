"""The published schemas: valid, complete, in step with the contract of constructs and runtime."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cdk_streamer_client import wire
from cdk_streamer_client.errors import RequestFailed, request_failed
from cdk_streamer_client.schemas import closed, schema
from cdk_streamer_runtime import contract

ROOT = Path(__file__).parents[2]
SIDES = ("client", "server")
MESSAGES = [(side, name) for side in SIDES for name in schema(side)["x-messages"]]


def examples(side: Any, name: str) -> list[dict[str, Any]]:
    return schema(side)["$defs"][name]["examples"]


@pytest.mark.parametrize("side", SIDES)
def test_a_schema_is_one(side: Any):
    Draft202012Validator.check_schema(schema(side))


@pytest.mark.parametrize(("side", "name"), MESSAGES)
def test_every_message_has_examples_that_fit(side: Any, name: str):
    validators = [
        Draft202012Validator(document)
        for document in (schema(side), closed(schema(side)), schema(side, name))
    ]
    faults = [
        error.message
        for validator in validators
        for example in examples(side, name)
        for error in validator.iter_errors(example)
    ]
    assert examples(side, name)
    assert faults == []


@pytest.mark.parametrize(("side", "name"), MESSAGES)
def test_every_member_is_described(side: Any, name: str):
    plain = {"type", "action", "payload", "status"}
    described = {
        member
        for member, rule in schema(side)["$defs"][name]["properties"].items()
        if "description" in {**schema(side)["$defs"].get(_target(rule), {}), **rule}
    }
    assert set(schema(side)["$defs"][name]["properties"]) - described <= plain


def test_an_unknown_message_is_named():
    with pytest.raises(ValueError, match="a server says no 'shout'; it says hello, pong"):
        schema("server", "shout")


@pytest.mark.parametrize(
    "message",
    [
        {"type": "shout", "timestamp": "2026-11-21T09:00:00.000Z"},
        {"type": "pong"},
        {"type": "pong", "timestamp": "yesterday"},
        {"type": "pong", "timestamp": "2026-11-21T09:00:00.000Z", "idd": "~1"},
        {**examples("server", "progress")[0], "seq": 0},
        {**examples("server", "progress")[0], "percentage": 101},
        {**examples("server", "progress")[0], "channel": "both"},
        {**examples("server", "complete")[0], "error": {}},
        {**examples("server", "complete")[0], "result_url": "https://example.com/"},
        {**examples("server", "complete")[1], "result": 7},
        {**examples("server", "complete")[1], "result_url": "file:///etc/passwd"},
        {**examples("server", "snapshot")[0], "state": "SUCCEEDED"},
        {**examples("server", "snapshot")[0], "state": "INPUT_REQUIRED"},
        {**examples("server", "snapshot")[1], "chunk_page": {"attempt": 1, "chunks": []}},
        {**examples("server", "chunk")[0], "chunk_index": -1},
        {**examples("server", "chunk")[0], "chunk_index": 2**53},
        {**examples("server", "input_required")[0], "schema": None},
        {**examples("server", "response")[2], "data": {"state": "RUNNING"}},
        {**examples("server", "response")[3], "data": {"upload_id": "u1"}},
        {**examples("server", "response")[0], "success": False},
        {**examples("server", "response")[0], "action": "list"},
        {**examples("server", "error")[0], "request_id": None},
        {**examples("server", "error")[0], "error": {"code": "low", "message": ""}},
    ],
)
def test_what_a_server_must_not_say_is_refused(message: dict[str, Any]):
    assert not Draft202012Validator(closed(schema("server"))).is_valid(message)


@pytest.mark.parametrize(
    "frame",
    [
        {"action": "input"},
        {"action": "input", "payload": {"request_id": "r1"}},
        {"action": "upload"},
        {"action": "upload", "payload": {"size": -1, "type": "text/csv"}},
        {"action": "get", "payload": {"request_id": "r1", "chunks_from": -1}},
        {"action": "report", "webhook": "http://example.com/"},
        {"action": "a b"},
        {"action": "echo", "id": "a b"},
        {"action": "echo", "mood": "good"},
        {"action": "get", "payload": {}},
        {"action": "subscribe", "payload": {"request_id": "r1", "channel": "c1"}},
        {"action": "list", "payload": {"limit": 0}},
        {"id": "r1"},
    ],
)
def test_what_a_client_must_not_say_is_refused(frame: dict[str, Any]):
    assert not Draft202012Validator(schema("client")).is_valid(frame)


def test_readers_ignore_members_that_they_do_not_know():
    message = {**examples("server", "pong")[0], "mood": "good"}
    assert Draft202012Validator(schema("server")).is_valid(message)


# --- the contract ---------------------------------------------------------------------------------


def test_builtin_actions_are_those_of_the_contract():
    messages = set(schema("client")["x-messages"]) - {"request"}
    assert messages == contract.RESERVED_ACTIONS
    assert messages >= set(contract.BuiltinAction)


def test_states_are_those_of_the_contract():
    assert schema("server")["$defs"]["state"]["enum"] == list(contract.State)


def test_codes_are_those_of_the_contract_and_have_a_class_each():
    codes = schema("server")["$defs"]["code"]["examples"]
    classes = {type(request_failed({"code": code})) for code in codes}
    assert codes == list(contract.ErrorCode)
    assert len(classes) == len(codes)
    assert RequestFailed not in classes


def test_limits_are_those_of_the_contract():
    pattern = f"^{contract.REQUEST_ID_PATTERN}$"
    assert wire.FRAME_BYTES == contract.FRAME_BYTES
    assert wire.PROTOCOL == contract.PROTOCOL
    assert wire.REQUEST_ID.pattern == contract.REQUEST_ID_PATTERN
    assert schema("client")["$defs"]["id"]["pattern"] == pattern
    assert schema("server")["$defs"]["request_id"]["pattern"] == pattern


# --- the page -------------------------------------------------------------------------------------


def test_the_page_of_the_protocol_is_what_the_schemas_say():
    page = subprocess.run(
        [sys.executable, ROOT / "clients" / "protocol_page.py"],
        capture_output=True,
        check=True,
    )
    assert (ROOT / "docs" / "protocol.md").read_bytes() == page.stdout, (
        "run: python clients/protocol_page.py > docs/protocol.md"
    )


def _target(rule: dict[str, Any]) -> str:
    return rule.get("$ref", "").removeprefix("#/$defs/")
