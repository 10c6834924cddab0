"""A test event for what a processor reads."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, cast

from cdk_streamer_local.console.panel import Body, Refused
from cdk_streamer_local.console.panels.streams.processors import Source
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract.streams import ResourceKind
from cdk_streamer_runtime.dynamodb import Table

Put = Callable[[Aws, Source, str, Mapping[str, Any]], object]


def put(aws: Aws, source: Source, body: Body) -> object:
    """Send `body`, a JSON object, as such a source takes it; raises AwsError and Refused."""
    puts = _PUTS.get(source.kind)
    if puts is None:
        raise Refused(f"nothing can be put into a {source.kind.replace('_', ' ')} from here")
    text = str(body.get("body") or "")
    try:
        document = json.loads(text, parse_float=Decimal)
    except ValueError as fault:
        raise Refused(f"the event must be JSON: {fault}") from None
    if not isinstance(document, dict):
        raise Refused(f"the event must be a JSON object, got a {type(document).__name__}")
    return puts(aws, source, text, cast("Mapping[str, Any]", document))


def _to_bus(aws: Aws, source: Source, text: str, document: Mapping[str, Any]) -> object:
    entry = {
        "EventBusName": source.name,
        "Source": "console",
        "DetailType": str(document.get("type") or "test"),
        "Detail": text,
    }
    told = aws.call("events", "PutEvents", {"Entries": [entry]})
    refused = [each for each in told.get("Entries", ()) if each.get("ErrorMessage")]
    if refused:
        raise Refused(refused[0]["ErrorMessage"])
    return {"id": told["Entries"][0]["EventId"]}


def _to_queue(aws: Aws, source: Source, text: str, _document: Mapping[str, Any]) -> object:
    return aws.call("sqs", "SendMessage", {"QueueUrl": source.name, "MessageBody": text})


def _to_stream(aws: Aws, source: Source, text: str, document: Mapping[str, Any]) -> object:
    key = str(document.get("partitionKey") or document.get("id") or "console")
    data = base64.b64encode(text.encode()).decode()
    asked = {"StreamName": source.name, "PartitionKey": key, "Data": data}
    return aws.call("kinesis", "PutRecord", asked)


def _to_table(aws: Aws, source: Source, _text: str, document: Mapping[str, Any]) -> object:
    Table(aws, source.name).put(document)
    return {}


_PUTS: Mapping[str, Put] = {
    ResourceKind.EVENT_BUS: _to_bus,
    ResourceKind.QUEUE: _to_queue,
    ResourceKind.STREAM: _to_stream,
    ResourceKind.TABLE: _to_table,
}
