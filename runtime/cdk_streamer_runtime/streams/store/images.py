"""What the table's stream tells of the event store's rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_runtime.contract.streams import EventRow
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.json_text import Json, is_object
from cdk_streamer_runtime.streams.pipelines.steps import Each
from cdk_streamer_runtime.streams.routing.patterns import EventTypes
from cdk_streamer_runtime.streams.store import keys
from cdk_streamer_runtime.streams.uow import UnitOfWork

Accepts = Callable[[UnitOfWork], bool]
CREATED = "created"
DELETED = "deleted"


def stream_types(action: str, *kinds: EventRow) -> EventTypes:
    """Give the types that changes of rows of these kinds have in the table's stream."""
    return EventTypes(exact=tuple(f"{kind.lower()}-{action}" for kind in kinds))


def image_of(uow: UnitOfWork, name: str, kind: EventRow) -> Mapping[str, Any] | None:
    """Give the image, `new` or `old`, of a row of this kind; None if it is another item's.

    A user's own entity may be called `event` too.
    """
    images: Json = uow.event.raw
    image: Json = images.get(name) if is_object(images) else None
    if not is_object(image) or "event" not in image:
        return None
    place: Json = image.get(keys.SK)
    if not isinstance(place, str) or place.partition("#")[0] != kind:
        return None
    return image


def inserted(kind: EventRow, types: EventTypes) -> Accepts:
    """Give the test of whether the event of a new row is of one of these types."""

    def accepts(uow: UnitOfWork) -> bool:
        row = image_of(uow, "new", kind)
        return row is not None and (types.any or types.match(row["event"]["type"]))

    return accepts


def opening(kind: EventRow, content: Callable[[UnitOfWork], object] | None) -> Each:
    """Give the step that puts the event that was stored in the place of the record's.

    The row is `uow.row`, its correlation key `uow.key`. What `content` is not true for is done.
    """

    def apply(uow: UnitOfWork) -> UnitOfWork | None:
        opened = opened_by(uow, image_of(uow, "new", kind) or {})
        return opened if content is None or content(opened) else None

    return Each(name="open", apply=apply)


def opened_by(uow: UnitOfWork, row: Mapping[str, Any]) -> UnitOfWork:
    """Give the unit of work of the event that a row holds."""
    return uow.extend(event=Event(row["event"]), row=row, key=row.get("data"))
