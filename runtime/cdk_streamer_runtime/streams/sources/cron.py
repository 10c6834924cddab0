"""Schedules: rules and schedules of EventBridge that call the function at their times.

The id is the schedule's ARN and the time: the same if EventBridge calls twice for one time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.json_text import Json, Malformed, is_object, text_of
from cdk_streamer_runtime.streams.moments import iso, milliseconds
from cdk_streamer_runtime.streams.outcome import Outcome, outcomes
from cdk_streamer_runtime.streams.place import Place
from cdk_streamer_runtime.streams.sources.eventbridge import tags_of
from cdk_streamer_runtime.streams.uow import UnitOfWork, unit_of_work

SCHEDULED = "Scheduled Event"


def from_cron(event: Json, *, event_type: str = "cron-fired") -> Iterator[Outcome]:
    """Give the one outcome; the entity is `cron`, with the schedule's ARN and its time.

    A schedule must have no input of its own: with one EventBridge says neither who nor when.
    """

    def read(envelope: Json, place: Place) -> UnitOfWork:
        schedule, time = envelope["resources"][0], envelope["time"]
        event = Event(
            id=place.id,
            type=event_type,
            timestamp=milliseconds(time),
            partitionKey=schedule,
            tags=tags_of(envelope),
            cron={"schedule": schedule, "time": time},
        )
        return unit_of_work(envelope, event, place)

    return outcomes([event], _place, read)


def _place(envelope: Json) -> Place:
    if not is_object(envelope) or envelope.get("detail-type") != SCHEDULED:
        raise Malformed("it is no scheduled event; leave the schedule without an input")
    schedule, time = envelope["resources"][0], text_of(envelope, "time")
    if not isinstance(schedule, str):
        raise Malformed("`resources` must have the ARN of the schedule")
    return Place(f"{schedule}/{time}", None, None, None)


def to_cron_event(event: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Give what Lambda would be called with, for tests."""
    event = event or {}
    tags: Mapping[str, Any] = event.get("tags") or {}
    cron: Mapping[str, Any] = event.get("cron") or {}
    schedule = "arn:aws:events:us-east-1:123456789012:rule/schedule"
    return {
        "version": "0",
        "id": "00000000-0000-4000-b000-000000000000",
        "detail-type": SCHEDULED,
        "source": tags.get("source", "aws.events"),
        "account": tags.get("account", "123456789012"),
        "time": cron.get("time", iso(event.get("timestamp", 0))),
        "region": tags.get("region", "us-east-1"),
        "resources": [cron.get("schedule", schedule)],
        "detail": {},
    }
