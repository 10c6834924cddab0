"""Rows of the event store, as they are written."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cdk_streamer_runtime.contract.streams import DISCRIMINATOR, EventRow
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.store import keys

Row = dict[str, Any]
KEEP = timedelta(days=33)
_SECOND = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What rows say of where they come from; what is not known is left out."""

    region: str | None = None
    sequence: str | None = None
    rule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """Until when an event counts, and what is published then.

    `ttl` is in seconds, as DynamoDB wants it; `expire` is True, or the type of the event that
    tells of it.
    """

    ttl: int
    expire: bool | str = False


def event_row(event: Event, key: str | None, expiry: Expiry, origin: Origin) -> Row:
    """Give the row of an event, and under which key it is correlated, if it is."""
    place = keys.event_key(event.id)
    return _row(place, EventRow.EVENT, event.timestamp, key, expiry=expiry, origin=origin) | {
        "event": event
    }


def correlation_row(
    event: Event, key: str, suffix: str | None, expiry: Expiry, origin: Origin
) -> Row:
    """Give the row of an event among those of a correlation key."""
    place = keys.correlation_key(key, suffix, event.timestamp, event.id)
    row = _row(place, EventRow.CORRELATION, event.timestamp, key, expiry=expiry, origin=origin)
    return row | {"event": event} | ({"suffix": suffix} if suffix else {})


def emission_row(
    events: Sequence[Mapping[str, Any]],
    place: Mapping[str, str],
    key: str,
    ttl: int,
    origin: Origin,
) -> Row:
    """Give the row of what a rule emits: one event, or a list of them."""
    timestamp = max(event["timestamp"] for event in events)
    row = _row(place, EventRow.EMISSION, timestamp, key, expiry=Expiry(ttl=ttl), origin=origin)
    return row | {"event": events[0] if len(events) == 1 else list(events)}


def without_raw(event: Event) -> Event:
    """Give the event without what it was made of."""
    if "raw" not in event:
        return event
    return Event({name: value for name, value in event.items() if name != "raw"})


# --- time ---------------------------------------------------------------------------------------


def ttl_of(timestamp: int, keep: timedelta) -> int:
    """Give the second at which what happened then has been kept so long."""
    return timestamp // _SECOND + math.ceil(keep.total_seconds())


def expires_at(row: Mapping[str, Any]) -> int | None:
    """Give the last millisecond at which a row counts; None: it counts always."""
    ttl = row.get("ttl")
    # A row's ttl is whole seconds after its event, whose milliseconds it has lost.
    return None if ttl is None else int(ttl * _SECOND + row["timestamp"] % _SECOND)


def _row(
    place: Mapping[str, str],
    kind: EventRow,
    timestamp: int,
    key: str | None,
    *,
    expiry: Expiry,
    origin: Origin,
) -> Row:
    members = {
        **place,
        DISCRIMINATOR: kind.value,
        "timestamp": timestamp,
        "data": key,
        "ttl": expiry.ttl,
        "expire": expiry.expire or None,
        "awsregion": origin.region,
        "sequence": origin.sequence,
        "rule": origin.rule,
    }
    return {name: value for name, value in members.items() if value is not None}
