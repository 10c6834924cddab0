"""Expiry: what it means that DynamoDB has removed a row whose time was up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk_streamer_runtime.contract.streams import EventRow
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.outcome import digest
from cdk_streamer_runtime.streams.sources.dynamodb import is_expiry
from cdk_streamer_runtime.streams.store.images import image_of
from cdk_streamer_runtime.streams.store.keys import PK, SK
from cdk_streamer_runtime.streams.store.rows import expires_at
from cdk_streamer_runtime.streams.uow import UnitOfWork


def expired_row(uow: UnitOfWork) -> Mapping[str, Any] | None:
    """Give the row that was removed for its age and wants that told; None for any other removal.

    Who removes a row by hand does not mean that its time is up.
    """
    if not is_expiry(uow.record):
        return None
    for kind in (EventRow.EVENT, EventRow.CORRELATION):
        row = image_of(uow, "old", kind)
        if row is not None and row.get("expire") and "ttl" in row:
            return row
    return None


def expired_event(uow: UnitOfWork, rule: str, world: World) -> dict[str, Any]:
    """Give the event that tells of it, with the entity of the event that expired.

    It happened when the time was up, not when DynamoDB came to it. Its id is the row's, so that a
    row that is collected and removed again is told of by the same event.
    """
    row, event = uow.row, uow.event
    expire = row["expire"]
    id = digest(world.tags.get("source", ""), row[PK], row[SK], rule)
    return {
        **{name: value for name, value in event.items() if name not in ("raw", "tags")},
        "id": f"{id}.{rule}",
        "type": expire if isinstance(expire, str) else _expired(event),
        "timestamp": expires_at(row),
        "partitionKey": row.get("data") or event.partition_key,
        "tags": {"pipeline": rule},
        "triggers": [{"id": event.id, "type": event.type, "timestamp": event.timestamp}],
    }


def _expired(event: Event) -> str:
    return f"{event.type}{'.' if '.' in event.type else '-'}expired"
