"""The deployed application as the tests reach it: both APIs, its functions, its services."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response

from cdk_streamer_local import LocalStack
from cdk_streamer_local.events import Spoke
from cdk_streamer_local.functions.reports import ReportKind
from tests.end_to_end.web import Document, Web
from tests.end_to_end.wire import PATIENCE, Wire


class Deployment:
    """One running LocalStack; `folder` is where its app is."""

    def __init__(self, stack: LocalStack, folder: Path, *, loses_posts: bool) -> None:
        self.stack = stack
        self._folder = folder
        self._loses_posts = loses_posts

    @property
    def assembly(self) -> Path:
        """What was synthesized."""
        (assembly,) = self._folder.glob(".cdk-streamer/runs/*/cdk.out")
        return assembly

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
        self, token: str | None, *, query: str = "", offered: str | None = None, **headers: str
    ) -> AbstractContextManager[Wire]:
        """Connect, offering one more subprotocol; raises websockets' InvalidStatus if refused.

        Where posts get lost the test is skipped: a `Wire` asks for nothing twice, as clients do.
        """
        if self._loses_posts:
            pytest.skip("presumes calm: hears posts alone")
        if token is not None:
            offered = f"bearer.{token}"
        return Wire.open(self.url + query, offered, tls=self.tls, headers=headers)

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

    # --- HTTP

    @cached_property
    def http_url(self) -> str:
        """What the paths of the HTTP API begin with."""
        return self.stack.http_url()

    @cached_property
    def openapi(self) -> Document:
        """What the HTTP API says of itself."""
        return self.web(self.token(sub="reader")).ask("GET", "/openapi.json").document

    def web(self, token: str | None) -> Web:
        """Call over HTTP."""
        return Web(self.http_url, token, tls=self.tls, describe=lambda: self.openapi)

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
        """Give the record that the table's stream has of a new request."""
        return self._find_record(request_id)[1]

    def stream_pointer(self, request_id: str) -> dict[str, Any]:
        """Give what Lambda leaves behind of a batch of this one record when it gives up."""
        shard, record = self._find_record(request_id)
        sequence = record["dynamodb"]["SequenceNumber"]
        return {
            "streamArn": self._stream_arn,
            "shardId": shard,
            "startSequenceNumber": sequence,
            "endSequenceNumber": sequence,
            "batchSize": 1,
        }

    def drop_connections_of(self, owner: str) -> int:
        """End an owner's connections from the server's side; gives how many were open."""
        client = boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=self.url.replace("wss://", "https://"),
            verify=self.stack.ca_bundle,
            region_name="us-east-1",
            aws_access_key_id="000000000000",  # the engine's root user
            aws_secret_access_key="local",
        )
        dropped = 0
        for item in self.items("connection", owner):
            # Of one whose end nobody heard of the item is still there.
            with suppress(client.exceptions.GoneException):
                client.delete_connection(ConnectionId=item["pk"]["S"].removeprefix("conn#"))
                dropped += 1
        return dropped

    def items(self, kind: str, owner: str) -> list[dict[str, Any]]:
        """Give the table's items of one kind that are an owner's."""
        return self.stack.client("dynamodb").scan(
            TableName=self.table,
            FilterExpression="sk = :kind AND #owner = :owner",
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues={":kind": {"S": kind}, ":owner": {"S": owner}},
        )["Items"]

    @property
    def _stream_arn(self) -> str:
        client = self.stack.client("dynamodbstreams")
        (stream,) = client.list_streams(TableName=self.table)["Streams"]
        return stream["StreamArn"]

    @property
    def table(self) -> str:
        """The table's name."""
        return self.stack.physical_id("Api/Socket/Table/Resource")

    def _find_record(self, request_id: str) -> tuple[str, dict[str, Any]]:
        client = self.stack.client("dynamodbstreams")
        found = [
            (shard, record)
            for shard, record in _records(client, self._stream_arn)
            if record["eventName"] == "INSERT" and _request_id(record) == request_id
        ]
        assert len(found) == 1
        return found[0]

    def peek(self, queue: str) -> dict[str, Any]:
        """Give a queue's next message, which stays in it; nobody may be taking any."""
        queue_url = self.stack.physical_id(queue)
        (message,) = self.stack.client("sqs").receive_message(
            QueueUrl=queue_url,
            VisibilityTimeout=0,
            WaitTimeSeconds=20,
            MessageSystemAttributeNames=["All"],
        )["Messages"]
        return message

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
    def paused(self, function: str) -> Iterator[None]:
        """Let a function get nothing from its queue or stream meanwhile."""
        client = self.stack.client("lambda")
        (mapping,) = client.list_event_source_mappings(
            FunctionName=self.stack.function_name(function)
        )["EventSourceMappings"]
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        try:
            yield
        finally:
            client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    @contextmanager
    def statement(self, role: str, effect: str, action: str) -> Iterator[None]:
        """Let a role have one more statement meanwhile, about every resource."""
        client = self.stack.client("iam")
        name = self.stack.physical_id(role)
        statement = {"Effect": effect, "Action": action, "Resource": "*"}
        client.put_role_policy(
            RoleName=name,
            PolicyName="Meanwhile",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        try:
            yield
        finally:
            client.delete_role_policy(RoleName=name, PolicyName="Meanwhile")


def _records(client: Any, stream: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for shard in client.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]:
        iterator = client.get_shard_iterator(
            StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            answer = client.get_records(ShardIterator=iterator)
            for record in answer["Records"]:
                yield shard["ShardId"], record
            iterator = answer.get("NextShardIterator") if answer["Records"] else None


def _request_id(record: dict[str, Any]) -> str | None:
    return record["dynamodb"].get("NewImage", {}).get("request_id", {}).get("S")
