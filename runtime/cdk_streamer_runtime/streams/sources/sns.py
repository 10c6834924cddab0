"""SNS: events as JSON in notifications, straight from a topic or from a queue behind it.

The event's own `id` is its id; one without gets the notification's `MessageId`, which is the
same in each subscription.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.streams.event import Defaults, Event, completed, event_of
from cdk_streamer_runtime.streams.json_text import (
    Decode,
    Json,
    Malformed,
    decode_json,
    is_object,
    text_of,
)
from cdk_streamer_runtime.streams.moments import milliseconds
from cdk_streamer_runtime.streams.outcome import Outcome, outcomes, records_of
from cdk_streamer_runtime.streams.place import Place
from cdk_streamer_runtime.streams.sources.sqs import message_place, to_messages
from cdk_streamer_runtime.streams.uow import UnitOfWork, unit_of_work

TOPIC = "arn:aws:sns:us-east-1:123456789012:events"


def from_sns(event: Json, *, decode: Decode = decode_json) -> Iterator[Outcome]:
    """Give the outcome of each notification."""

    def read(record: Json, place: Place) -> UnitOfWork:
        return unit_of_work(record, _event(record["Sns"], decode), place)

    return outcomes(records_of(event), notification_place, read)


def from_sqs_sns(event: Json, *, decode: Decode = decode_json) -> Iterator[Outcome]:
    """Give the outcome of each notification that is a message of a queue."""

    def read(record: Json, place: Place) -> UnitOfWork:
        return unit_of_work(record, _event(decode(record["body"]), decode), place)

    return outcomes(records_of(event), message_place, read)


def notification_place(record: Json) -> Place:
    """Give the place of a notification: it has no order, and Lambda takes no partial response."""
    return Place(text_of(record["Sns"], "MessageId"), None, None, None)


def message_of(notification: Json) -> str:
    """Give what was published; raises Malformed for what is no notification."""
    if not is_object(notification) or "Message" not in notification:
        raise Malformed("it is no notification of SNS; was it delivered raw?")
    return text_of(notification, "Message")


def _event(notification: Json, decode: Decode) -> Event:
    document = decode(message_of(notification))
    return event_of(document) or completed(document, _defaults(notification))


def _defaults(notification: Mapping[str, Any]) -> Defaults:
    return Defaults(
        id=text_of(notification, "MessageId"),
        timestamp=milliseconds(text_of(notification, "Timestamp")),
        partitionKey=None,
    )


def to_sns_records(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Give what Lambda would be called with, for tests."""
    return to_notifications(encode(event) for event in events)


def to_sqs_sns_records(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Give what Lambda would be called with for a queue behind the topic, for tests."""
    return to_queued_notifications(encode(event) for event in events)


def to_notifications(messages: Iterable[str]) -> dict[str, Any]:
    """Give what Lambda would be called with for these messages, for tests."""
    envelope = {
        "EventVersion": "1.0",
        "EventSubscriptionArn": f"{TOPIC}:21be56ed-a058-49f5-8c98-aedd2564c486",
        "EventSource": "aws:sns",
    }
    return {
        "Records": [
            {**envelope, "Sns": _notification(number, message)}
            for number, message in enumerate(messages)
        ]
    }


def to_queued_notifications(messages: Iterable[str]) -> dict[str, Any]:
    """Give what Lambda would be called with for these messages in a queue, for tests."""
    return to_messages(
        encode(_notification(number, message)) for number, message in enumerate(messages)
    )


def _notification(number: int, message: str) -> dict[str, Any]:
    return {
        "Type": "Notification",
        "MessageId": f"00000000-0000-4000-9000-{number:012}",
        "TopicArn": TOPIC,
        "Message": message,
        "Timestamp": "1970-01-01T00:00:00.000Z",
        "MessageAttributes": {},
    }
