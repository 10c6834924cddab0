"""Kinesis: events as JSON in the records of a data stream.

The event's own `id` is its id; one without gets the record's `eventID`: shard and sequence number.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.streams.event import Defaults, completed, event_of
from cdk_streamer_runtime.streams.json_text import Decode, Json, Malformed, decode_json
from cdk_streamer_runtime.streams.moments import from_seconds
from cdk_streamer_runtime.streams.outcome import Outcome, outcomes, records_of
from cdk_streamer_runtime.streams.place import Place, place_of
from cdk_streamer_runtime.streams.uow import UnitOfWork, unit_of_work

SHARD = "shardId-000000000000"


def from_kinesis(event: Json, *, decode: Decode = decode_json) -> Iterator[Outcome]:
    """Give the outcome of each record."""

    def read(record: Json, place: Place) -> UnitOfWork:
        kinesis = record["kinesis"]
        document = decode(a2b_base64(kinesis["data"]))
        event = event_of(document) or completed(document, _defaults(kinesis, place))
        return unit_of_work(record, event, place)

    return outcomes(records_of(event), _place, read)


def _place(record: Json) -> Place:
    sequence, name = record["kinesis"]["sequenceNumber"], record["eventID"]
    if type(sequence) is not str or type(name) is not str:
        raise Malformed("`sequenceNumber` and `eventID` must be texts")
    return place_of(name, sequence, sequence, name.partition(":")[0])


def _defaults(kinesis: Mapping[str, Any], place: Place) -> Defaults:
    arrival = kinesis.get("approximateArrivalTimestamp")
    return Defaults(
        id=place.id,
        timestamp=None if arrival is None else from_seconds(arrival),
        partitionKey=kinesis.get("partitionKey"),
    )


def to_kinesis_records(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Give what Lambda would be called with, for tests."""
    return {"Records": [_record(number, event) for number, event in enumerate(events)]}


def _record(number: int, event: Mapping[str, Any]) -> dict[str, Any]:
    sequence = (
        f"{49_545_115_243_490_985_018_280_067_714_973_144_582_180_062_593_244_200_961 + number}"
    )
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": str(event.get("partitionKey", number)),
            "sequenceNumber": sequence,
            "data": b2a_base64(encode(event).encode(), newline=False).decode(),
            "approximateArrivalTimestamp": event.get("timestamp", 0) / 1_000,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{SHARD}:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/events",
    }
