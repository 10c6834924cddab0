"""SQS: events as JSON in the bodies of messages.

The event's own `id` is its id; one without gets the message's, which stays when it comes again,
but differs when a sender has sent the same twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.streams.event import Defaults, completed, event_of
from cdk_streamer_runtime.streams.json_text import (
    Decode,
    Json,
    Malformed,
    decode_json,
    optional_text,
)
from cdk_streamer_runtime.streams.outcome import Outcome, outcomes, records_of
from cdk_streamer_runtime.streams.place import Place
from cdk_streamer_runtime.streams.uow import UnitOfWork, unit_of_work


def from_sqs(event: Json, *, decode: Decode = decode_json) -> Iterator[Outcome]:
    """Give the outcome of each message, also of one that SNS delivered raw."""

    def read(record: Json, place: Place) -> UnitOfWork:
        document = decode(record["body"])
        event = event_of(document) or completed(document, _defaults(record, place))
        return unit_of_work(record, event, place)

    return outcomes(records_of(event), message_place, read)


def message_place(record: Json) -> Place:
    """Give the place of a message; in a standard queue it has no order and so no group."""
    name, attributes = record["messageId"], record["attributes"]
    if type(name) is not str or not name:
        raise Malformed("`messageId` must be a text")
    return Place(
        name,
        name,
        optional_text(attributes, "SequenceNumber"),
        optional_text(attributes, "MessageGroupId"),
    )


def _defaults(record: Mapping[str, Any], place: Place) -> Defaults:
    sent = record["attributes"].get("SentTimestamp")
    return Defaults(
        id=place.id,
        timestamp=None if sent is None else int(sent),
        partitionKey=place.group,
    )


def to_sqs_records(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Give what Lambda would be called with, for tests."""
    return to_messages(encode(event) for event in events)


def to_messages(bodies: Iterable[str]) -> dict[str, Any]:
    """Give what Lambda would be called with for messages with these bodies, for tests."""
    return {"Records": [_message(number, body) for number, body in enumerate(bodies)]}


def _message(number: int, body: str) -> dict[str, Any]:
    return {
        "messageId": f"00000000-0000-4000-8000-{number:012}",
        "receiptHandle": f"receipt-{number}",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "0",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "0",
        },
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:events",
        "awsRegion": "us-east-1",
    }
