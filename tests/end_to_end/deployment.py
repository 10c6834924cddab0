"""The deployed application as the tests reach it: its socket, its functions, its services."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response

from cdk_streamer_local import LocalStack
from cdk_streamer_local.events import Spoke
from cdk_streamer_local.functions.reports import ReportKind
from tests.end_to_end.wire import PATIENCE, Wire


class Deployment:
    """One running LocalStack; `folder` is where its app is."""

    def __init__(self, stack: LocalStack, folder: Path) -> None:
        self.stack = stack
        self._folder = folder

    # --- the socket

    @cached_property
    def url(self) -> str:
        """Where clients connect to."""
        return self.stack.socket_url()

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """What clients trust."""
        return self.stack.tls

    def open(
        self, token: str | None, *, query: str = "", **headers: str
    ) -> AbstractContextManager[Wire]:
        """Connect; raises websockets' InvalidStatus when refused."""
        return Wire.open(self.url + query, token, tls=self.tls, headers=headers)

    def refusal(self, token: str | None, *, query: str = "") -> Response:
        """Try to connect and give the answer of a handshake that failed."""
        with pytest.raises(InvalidStatus) as refused, self.open(token, query=query):
            pass
        return refused.value.response

    def token(self, **claims: Any) -> str:
        """Mint a good token."""
        return self.stack.token(**claims)

    @cached_property
    def signing_key(self) -> Any:
        """The development issuer's own key, to make tokens that are bad in one respect only."""
        (file,) = (self._folder / ".cdk-streamer" / "keys").iterdir()
        return load_pem_private_key(file.read_bytes(), password=None)

    # --- functions and services

    def last_words(self) -> str:
        """Give the latest lines of all functions."""
        said = [
            f"{event.function}: {event.report.kind} {event.report.text}"
            for event in self.stack.events
            if isinstance(event, Spoke)
        ]
        return "\n".join(said[-40:])

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """Call a function directly and give its answer; raises AssertionError if it failed."""
        answer = self.stack.client("lambda").invoke(
            FunctionName=self.stack.function_name(function),
            Payload=json.dumps(event, default=str),
        )
        payload = answer["Payload"].read().decode()
        assert "FunctionError" not in answer, payload
        return json.loads(payload)

    def stream_record(self, request_id: str) -> dict[str, Any]:
        """Give the record that the table's stream had of a new request."""
        client = self.stack.client("dynamodbstreams")
        table = self.stack.physical_id("Api/Socket/Table/Resource")
        (stream,) = client.list_streams(TableName=table)["Streams"]
        found = [
            record
            for record in _records(client, stream["StreamArn"])
            if record["eventName"] == "INSERT" and _request_id(record) == request_id
        ]
        assert len(found) == 1
        return found[0]

    def wait_for_invocation(self, function: str, after: float) -> None:
        """Return when a function has ended an invocation that began after that moment."""
        end = time.monotonic() + PATIENCE
        while True:
            reports = [
                event.report
                for event in self.stack.events
                if isinstance(event, Spoke) and event.function == function
            ]
            begun = {
                report.request
                for report in reports
                if report.kind is ReportKind.START and report.time > after
            }
            if any(r.kind is ReportKind.END and r.request in begun for r in reports):
                return
            assert time.monotonic() < end, f"{function} was not invoked"
            time.sleep(0.02)

    @contextmanager
    def paused_worker(self) -> Iterator[None]:
        """Let no work message be taken meanwhile."""
        client = self.stack.client("lambda")
        (mapping,) = client.list_event_source_mappings(
            FunctionName=self.stack.function_name("Worker")
        )["EventSourceMappings"]
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        try:
            yield
        finally:
            client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    @contextmanager
    def locked_table(self) -> Iterator[None]:
        """Take from the message function what it may do with the table."""
        client = self.stack.client("iam")
        role = self.stack.physical_id("Api/Socket/Message/Role/Resource")
        denial = {"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}
        client.put_role_policy(
            RoleName=role,
            PolicyName="Denial",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [denial]}),
        )
        try:
            yield
        finally:
            client.delete_role_policy(RoleName=role, PolicyName="Denial")


def _records(client: Any, stream: str) -> Iterator[dict[str, Any]]:
    for shard in client.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]:
        iterator = client.get_shard_iterator(
            StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            answer = client.get_records(ShardIterator=iterator)
            yield from answer["Records"]
            iterator = answer.get("NextShardIterator") if answer["Records"] else None


def _request_id(record: dict[str, Any]) -> str | None:
    return record["dynamodb"].get("NewImage", {}).get("request_id", {}).get("S")
