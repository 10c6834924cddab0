"""EventBridge: events of ours in `detail`, and those of AWS services as they are.

The id of an event of ours is its own; any other's is the envelope's `id`, which is the same for
each target and each attempt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.streams.event import Defaults, Event, completed, event_of
from cdk_streamer_runtime.streams.json_text import (
    Decode,
    Json,
    decode_json,
    is_object,
    text_of,
)
from cdk_streamer_runtime.streams.moments import iso, milliseconds
from cdk_streamer_runtime.streams.outcome import Outcome, outcomes, records_of
from cdk_streamer_runtime.streams.place import Place
from cdk_streamer_runtime.streams.sources.sqs import message_place, to_messages
from cdk_streamer_runtime.streams.uow import UnitOfWork, unit_of_work


def from_eventbridge(event: Json) -> Iterator[Outcome]:
    """Give the one outcome of what a rule sends.

    It is an event of ours if its `type` is the `detail-type`. Of others the `detail-type` is the
    type and `detail` the entity.
    """
    return outcomes([event], envelope_place, read_envelope)


def from_sqs_eventbridge(event: Json, *, decode: Decode = decode_json) -> Iterator[Outcome]:
    """Give the outcome of each message of a queue that is the target of a rule."""

    def read(record: Json, place: Place) -> UnitOfWork:
        return unit_of_work(record, enveloped(decode(record["body"])), place)

    return outcomes(records_of(event), message_place, read)


def envelope_place(envelope: Json) -> Place:
    """Give the place of what a rule sends: there is no order, and no partial response."""
    return Place(text_of(envelope, "id"), None, None, None)


def read_envelope(envelope: Json, place: Place) -> UnitOfWork:
    """Give the unit of work of what a rule sends."""
    return unit_of_work(envelope, enveloped(envelope), place)


def enveloped(envelope: Json) -> Event:
    """Give the event that is in the envelope, or is the envelope."""
    detail, kind = envelope["detail"], text_of(envelope, "detail-type")
    if is_object(detail) and detail.get("type") == kind:
        return event_of(detail) or completed(detail, _defaults(envelope))
    name, resources = text_of(envelope, "id"), envelope.get("resources") or [None]
    key = resources[0] if isinstance(resources[0], str) else name
    return Event(
        id=name,
        type=kind,
        timestamp=milliseconds(text_of(envelope, "time")),
        partitionKey=key,
        tags=tags_of(envelope),
        detail=detail,
    )


def tags_of(envelope: Mapping[str, Any]) -> dict[str, str]:
    """Give the tags that an envelope says."""
    return {name: text_of(envelope, name) for name in ("account", "region", "source")}


def _defaults(envelope: Mapping[str, Any]) -> Defaults:
    return Defaults(
        id=envelope.get("id"), timestamp=milliseconds(text_of(envelope, "time")), partitionKey=None
    )


def to_eventbridge_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """Give what Lambda would be called with, for tests."""
    tags: Mapping[str, Any] = event.get("tags") or {}
    is_of_service = "detail" in event
    return {
        "version": "0",
        "id": event.get("id", "00000000-0000-4000-a000-000000000000"),
        "detail-type": event["type"],
        "source": tags.get("source", "custom"),
        "account": tags.get("account", "123456789012"),
        "time": iso(event.get("timestamp", 0)),
        "region": tags.get("region", "us-east-1"),
        "resources": [event["partitionKey"]] if is_of_service and "partitionKey" in event else [],
        "detail": event["detail"] if is_of_service else dict(event),
    }


def to_sqs_eventbridge_records(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Give what Lambda would be called with for a queue behind the rule, for tests."""
    return to_messages(encode(to_eventbridge_event(event)) for event in events)
