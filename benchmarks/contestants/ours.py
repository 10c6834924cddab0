"""Ours: a StreamApp's handler, as Lambda calls it, with its metrics and its eight lanes."""

from __future__ import annotations

import json
import os
import socket
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from benchmarks.aws_client import ITEM, VARIABLES, Loopback
from benchmarks.contestants.plain import KEPT_BACK, REGION
from benchmarks.contestants.records import kinds_of
from benchmarks.contestants.worker import Counted, Handler, Task
from cdk_streamer_runtime.aws import LeanClient
from cdk_streamer_runtime.contract.streams import StreamEnvironment
from cdk_streamer_runtime.streams import StreamApp, rules
from cdk_streamer_runtime.streams.json_text import Decode, Encode
from cdk_streamer_runtime.streams.rules.rule import Rule
from cdk_streamer_runtime.streams.uow import UnitOfWork

SETTINGS = StreamEnvironment(
    stream_name="bench-service",
    source_kind="kinesis",
    resources='{"table": "t", "bus": "bus"}',
)


def contestant(task: Task) -> tuple[Handler, Counted]:
    """Give our app."""
    return app_handler(task)


def app_handler(
    task: Task, decode: Decode | None = None, encode: Encode | None = None
) -> tuple[Handler, Counted]:
    """Give the handler of an app that reads and writes JSON so."""
    os.environ.update(VARIABLES | SETTINGS.to_variables())
    rule = materialize if task.name == "listener" else cdc
    made = [rule(f"p{number}", kind) for number, kind in enumerate(kinds_of(task.rules))]
    app = StreamApp(made, decode=decode, encode=encode)
    calls = Counts()
    if task.mode == "client":
        remove_network()
        whole = LeanClient.call
    else:
        whole = answer

    def call(
        client: LeanClient, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        calls.count(len(parameters["Entries"]) if operation == "PutEvents" else 1)
        return whole(client, service, operation, parameters)

    LeanClient.call = call  # type: ignore[method-assign] - what this process is for
    return lambda event: app.handler(event, None), calls


class Counts:
    """Counts what lanes send at the same time, at the cost of the others' counting."""

    def __init__(self) -> None:
        self._sent: list[int] = []
        self.count = self._sent.append  # in one go, for all threads

    @property
    def calls(self) -> int:
        """How many calls there were."""
        return len(self._sent)

    @property
    def items(self) -> int:
        """How many items were in them."""
        return sum(self._sent)


def answer(
    _client: LeanClient, _service: str, operation: str, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Answer at once; with no item, as the peer's calls are answered."""
    if operation == "UpdateItem":
        return {"Attributes": {}}
    return published(len(parameters["Entries"]))


def published(count: int) -> dict[str, Any]:
    """Give the bus's answer to so many entries."""
    return {"FailedEntryCount": 0, "Entries": [{"EventId": "x"}] * count}


def remove_network() -> None:
    """Let connections lead to what answers by itself."""
    os.environ["AWS_ENDPOINT_URL"] = "http://aws.memory"
    socket.create_connection = lambda *_, **__: Answering()  # type: ignore[assignment]


class Answering(Loopback):
    """A socket that answers what it is asked: a bus with as many entries as it gets."""

    def sendall(self, data: bytes) -> None:
        """Take everything."""
        entries = data.count(b'"DetailType"')
        if entries:
            self._answer = PUBLISHED(entries)
        elif b'"UpdateExpression"' in data:
            self._answer = UPDATED


def response(document: Mapping[str, Any]) -> bytes:
    """Give an HTTP response, as DynamoDB and EventBridge write it."""
    body = json.dumps(document).encode()
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "Content-Length": str(len(body)),
        "x-amzn-RequestId": "R" * 52,
        "x-amz-crc32": str(zlib.crc32(body)),
    }
    lines = ["HTTP/1.1 200 OK", *(f"{name}: {text}" for name, text in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body


# Made once: what a server does costs its client nothing.
UPDATED = response({"Attributes": ITEM})
PUBLISHED = lru_cache(lambda entries: response(published(entries)))


def materialize(id: str, kind: str) -> Rule:
    """Give the rule of a listener."""

    def to_update(uow: UnitOfWork) -> dict[str, Any]:
        entity = uow.event[kind]
        return {
            **entity,
            "pk": entity["id"],
            "sk": kind,
            "lastModifiedBy": "system",
            "awsregion": REGION,
        }

    types = [f"{kind}-created", f"{kind}-updated"]
    return rules.Materialize(id=id, event_type=types, to_update=to_update, discriminator=kind)


def cdc(id: str, kind: str) -> Rule:
    """Give the rule of a trigger."""

    def to_event(uow: UnitOfWork) -> dict[str, Any]:
        new = uow.event["raw"]["new"]
        return {
            "timestamp": new["timestamp"],
            "raw": uow.event["raw"],
            kind: {name: value for name, value in new.items() if name not in KEPT_BACK},
        }

    types = [f"{kind}-created", f"{kind}-updated"]
    return rules.Cdc(id=id, event_type=types, to_event=to_event)
