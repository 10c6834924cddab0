"""The session does what the vectors say, which every client of the protocol must pass."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cdk_streamer_client.schemas import closed, schema
from tests.clients.play import VECTORS, Player, load

CASES = load()
CLIENT = Draft202012Validator(schema("client"))
SERVER = Draft202012Validator(closed(schema("server")))
# Their messages are wrong on purpose.
DELIBERATE = (
    "frames: ",
    "a hello without an end of the token",
    "a look-up whose answer is no snapshot",
    "a poll whose answer is no snapshot",
    "a chunk with an index that cannot be one",
    "a result is neither fetched in the open nor from a file",
    "a question without a schema is no question",
)


@pytest.mark.parametrize("name", CASES)
def test_the_session_does_what_the_vector_says(name: str):
    vector = CASES[name]
    player = Player(vector)
    for number, step in enumerate(vector["steps"]):
        expected = {key: step[key] for key in ("raises", "out") if key in step}
        assert player.play(step) == expected, f"step {number} at {step['at']}: {step['do']}"


def test_what_the_vectors_send_is_of_the_protocol():
    frames = [
        output["frame"]
        for vector in CASES.values()
        for step in vector["steps"]
        for output in step["out"]
        if output["output"] == "send" and "bytes" not in output["frame"]
    ]
    assert {error.message for frame in frames for error in CLIENT.iter_errors(frame)} == set()


def test_what_the_vectors_receive_is_of_the_protocol():
    messages = [
        step["message"]
        for name, vector in CASES.items()
        for step in vector["steps"]
        if "message" in step and not any(part in name for part in DELIBERATE)
    ]
    assert {error.message for message in messages for error in SERVER.iter_errors(message)} == set()


def test_the_vectors_show_every_type_of_message():
    assert _values("received", lambda step: step.get("message", {}).get("type")) >= set(
        schema("server")["x-messages"]
    )


def test_the_vectors_show_every_input_and_output():
    assert _values(None, lambda step: step["do"]) == {
        *("start", "tick", "opened", "failed", "lost", "received", "fetched", "unfetched"),
        *("submit", "follow", "leave", "call", "forget", "close"),
    }
    outputs = {
        output["output"]
        for vector in CASES.values()
        for step in vector["steps"]
        for output in step["out"]
    }
    assert outputs == {
        *("open", "send", "close", "ready", "heard", "answered", "fetch", "warned", "ended"),
    }


def test_every_file_of_vectors_says_what_it_is_about():
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in VECTORS.glob("*.json")]
    assert all(document["about"] for document in documents)


def _values(kind: str | None, value: Any) -> set[Any]:
    return {
        value(step)
        for vector in CASES.values()
        for step in vector["steps"]
        if kind is None or step["do"] == kind
    }
