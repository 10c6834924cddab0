"""What Lambda would be called with for changes of items, for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cdk_streamer_runtime.attributes import marshal, marshal_item

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/entities/stream/2026-01-01T00:00:00.000"


def to_dynamodb_records(
    events: Iterable[Mapping[str, Any]], *, pk: str = "pk", sk: str | None = "sk"
) -> dict[str, Any]:
    """Give the records of events with `raw` images; their keys are those of the images.

    An image that is not there decides what happened: no `old` is an INSERT, no `new` a REMOVE.
    """
    names = [name for name in (pk, sk) if name]
    return {"Records": [_record(number, event, names) for number, event in enumerate(events)]}


def _record(number: int, event: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    new, old = event["raw"].get("new"), event["raw"].get("old")
    image = old if new is None else new
    change = {
        "ApproximateCreationDateTime": event.get("timestamp", 0) / 1_000,
        "Keys": {name: marshal(image[name]) for name in names if name in image},
        **({} if new is None else {"NewImage": marshal_item(new)}),
        **({} if old is None else {"OldImage": marshal_item(old)}),
        "SequenceNumber": str(100_000_000_000_000_000_000 + number),
        "SizeBytes": 100,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    return {
        "eventID": event.get("id", f"{number:032x}"),
        "eventName": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": event.get("tags", {}).get("region", "us-east-1"),
        "dynamodb": change,
        "eventSourceARN": TABLE,
    }
