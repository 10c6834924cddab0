"""S3: what happened to objects, straight from a bucket or through SNS and SQS.

The id is a digest of bucket, key, version, sequencer, event name and time: the same however and
however often S3 tells it. The type is the event's name without its cause: `object-created`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.json_text import (
    Decode,
    Json,
    Malformed,
    decode_json,
    is_list,
    is_object,
    optional_text,
    text_of,
)
from cdk_streamer_runtime.streams.moments import iso, milliseconds
from cdk_streamer_runtime.streams.outcome import (
    Ignored,
    Outcome,
    Reason,
    outcomes,
    records_of,
    spread,
)
from cdk_streamer_runtime.streams.place import Place
from cdk_streamer_runtime.streams.sources.sns import (
    message_of,
    notification_place,
    to_notifications,
    to_queued_notifications,
)
from cdk_streamer_runtime.streams.sources.sqs import message_place, to_messages
from cdk_streamer_runtime.streams.uow import UnitOfWork, unit_of_work

_TEST = "s3:TestEvent"
_SEQUENCE_DIGITS = 32
_OPTIONAL = ("size", "eTag", "versionId", "sequencer")


def from_s3(event: Json) -> Iterator[Outcome]:
    """Give the outcome of each record; the event's entity is `object`, with its key as it is.

    Sequences of one object are hexadecimal, and padded so that they are compared as texts are.
    """
    return outcomes(records_of(event), _place, _unit)


def from_sqs_s3(event: Json, *, decode: Decode = decode_json) -> Iterator[Outcome]:
    """Give the outcomes of notifications that are messages of a queue."""
    return spread(
        records_of(event),
        message_place,
        lambda record, place: _nested(decode(record["body"]), record, place),
    )


def from_sns_s3(event: Json, *, decode: Decode = decode_json) -> Iterator[Outcome]:
    """Give the outcomes of notifications that a topic sends on."""
    return spread(
        records_of(event),
        notification_place,
        lambda record, place: _nested(decode(message_of(record["Sns"])), record, place),
    )


def from_sqs_sns_s3(event: Json, *, decode: Decode = decode_json) -> Iterator[Outcome]:
    """Give the outcomes of notifications that a topic sends on to a queue."""
    return spread(
        records_of(event),
        message_place,
        lambda record, place: _nested(decode(message_of(decode(record["body"]))), record, place),
    )


def _nested(notification: Json, carrier: Json, place: Place) -> Iterable[Outcome]:
    if is_object(notification) and notification.get("Event") == _TEST:
        return [Ignored(record=carrier, place=place, reason=Reason.TEST)]
    records = notification["Records"]
    if not is_list(records):
        raise Malformed("`Records` must be a list")

    def within(record: Json) -> Place:
        return _place(record)._replace(item=place.item)

    found = outcomes(records, within, _unit)
    return [_carried(each, carrier, place, number) for number, each in enumerate(found)]


def _carried(outcome: Outcome, carrier: Json, place: Place, number: int) -> Outcome:
    # What Lambda handed over is the carrier: that is what can be handed to it again.
    if isinstance(outcome, UnitOfWork):
        return unit_of_work(carrier, outcome.event, outcome.place)
    own = outcome.place.id or f"{place.id}/{number}"
    return replace(outcome, record=carrier, place=outcome.place._replace(id=own, item=place.item))


def _place(record: Json) -> Place:
    entity = record["s3"]["object"]
    bucket, key = text_of(record["s3"]["bucket"], "name"), text_of(entity, "key")
    version, sequencer = optional_text(entity, "versionId"), optional_text(entity, "sequencer")
    happened = (version or "", sequencer or "", record["eventName"], record["eventTime"])
    # None of them can have a line's end: S3 encodes it in keys.
    name = hashlib.sha256("\n".join((bucket, key, *happened)).encode()).hexdigest()[:32]
    # Of two of one object the shorter one is compared as if zeros were at its right:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    sequence = None if sequencer is None else sequencer.ljust(_SEQUENCE_DIGITS, "0")
    return Place(name, None, sequence, f"{bucket}/{key}")


def _unit(record: Json, place: Place) -> UnitOfWork:
    entity, name = record["s3"]["object"], text_of(record, "eventName")
    bucket, key = record["s3"]["bucket"]["name"], unquote_plus(entity["key"])
    event = Event(
        id=place.id,
        type=_type(name.partition(":")[0]),
        timestamp=milliseconds(text_of(record, "eventTime")),
        partitionKey=f"{bucket}/{key}",
        tags={"region": record["awsRegion"]},
        object={
            "bucket": bucket,
            "key": key,
            "event": name,
            **{each: entity[each] for each in _OPTIONAL if entity.get(each) is not None},
        },
    )
    return unit_of_work(record, event, place)


@lru_cache(maxsize=256)
def _type(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def to_s3_records(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Give what Lambda would be called with for events of objects, for tests."""
    return {"Records": [_record(event) for event in events]}


def to_sqs_s3_records(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Give what Lambda would be called with for a queue, a message an event, for tests."""
    return to_messages(encode(to_s3_records([event])) for event in events)


def to_sns_s3_records(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Give what Lambda would be called with for a topic, a notification an event, for tests."""
    return to_notifications(encode(to_s3_records([event])) for event in events)


def to_sqs_sns_s3_records(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Give what Lambda would be called with for a queue behind a topic, for tests."""
    return to_queued_notifications(encode(to_s3_records([event])) for event in events)


def _record(event: Mapping[str, Any]) -> dict[str, Any]:
    entity = event["object"]
    content = {each: entity[each] for each in _OPTIONAL if each in entity}
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": event.get("tags", {}).get("region", "us-east-1"),
        "eventTime": iso(event.get("timestamp", 0)),
        "eventName": entity.get("event", "ObjectCreated:Put"),
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "events",
            "bucket": {"name": entity["bucket"], "arn": f"arn:aws:s3:::{entity['bucket']}"},
            "object": {"key": quote_plus(entity["key"]), **content},
        },
    }
