"""What contestants call instead of AWS; and boto3, whole but for the network."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

from cdk_streamer_runtime.streams.json_text import Json

ITEM = {name: {"S": "x" * 60} for name in ("pk", "progress", "trace", "owner", "action", "tenant")}
CREDENTIALS = {
    "region_name": "us-east-1",
    "aws_access_key_id": "A" * 20,
    "aws_secret_access_key": "s" * 40,
    "aws_session_token": "t" * 800,
}


class Calls:
    """Answers at once, and counts."""

    def __init__(self) -> None:
        self.calls = 0
        self.items = 0

    def update(self, request: Mapping[str, Any]) -> object:
        """Take an update."""
        del request
        self.calls += 1
        self.items += 1
        return {"Attributes": {}}

    def put_events(self, entries: list[dict[str, Any]]) -> object:
        """Take events."""
        self.calls += 1
        self.items += len(entries)
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "x"} for _ in entries]}


class Boto3Calls(Calls):
    """Sends by boto3."""

    def __init__(self, update: Callable[..., object], put_events: Callable[..., object]) -> None:
        super().__init__()
        self._update = update
        self._put_events = put_events

    def update(self, request: Mapping[str, Any]) -> object:
        """Encode the values, as boto3's client wants them, and send."""
        super().update(request)
        values = request["ExpressionAttributeValues"]
        return self._update(
            **{
                **request,
                "Key": {name: attribute(value) for name, value in request["Key"].items()},
                "ExpressionAttributeValues": {
                    name: attribute(value) for name, value in values.items()
                },
            }
        )

    def put_events(self, entries: list[dict[str, Any]]) -> object:
        """Send."""
        super().put_events(entries)
        return self._put_events(Entries=entries)


def boto3_calls() -> Boto3Calls:
    """Give calls by boto3, answered below its HTTP session."""
    dynamodb = _client("dynamodb", {"Attributes": ITEM})
    entries = [{"EventId": "x"} for _ in range(10)]
    events = _client("events", {"FailedEntryCount": 0, "Entries": entries})
    return Boto3Calls(dynamodb.update_item, events.put_events)


def attribute(value: Json) -> dict[str, Any]:
    """Encode a value for DynamoDB."""
    kind = type(value)
    if kind is str:
        return {"S": value}
    if kind is bool:
        return {"BOOL": value}
    if kind is int or kind is float:
        return {"N": repr(value)}
    if kind is dict:
        return {"M": {name: attribute(each) for name, each in value.items()}}
    if kind is list:
        return {"L": [attribute(each) for each in value]}
    return {"NULL": True}


def _client(service: str, answer: dict[str, Any]) -> Json:
    import boto3
    from botocore.awsrequest import AWSResponse

    body = json.dumps(answer).encode()
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "Content-Length": str(len(body)),
        "x-amzn-RequestId": "R" * 52,
    }

    def respond(request: Json, **_: object) -> AWSResponse:
        raw = BytesIO(body)
        raw.stream = lambda *_, **__: iter([body])  # type: ignore[attr-defined]
        return AWSResponse(request.url, 200, headers, raw)

    client = boto3.client(service, **CREDENTIALS)
    client.meta.events.register(f"before-send.{service}", respond)
    return client
