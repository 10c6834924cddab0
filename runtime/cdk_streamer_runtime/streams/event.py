"""The event: what happened to an entity, under the names that it has on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, TypedDict

from cdk_streamer_runtime.streams.json_text import Json, Malformed, kind_of

# What a JavaScript producer can say with a Date; later ones are seconds mistaken for something.
LAST_TIMESTAMP = 8_640_000_000_000_000


class Tags(TypedDict, total=False):
    """Where an event comes from. There may be more of them."""

    account: str
    region: str
    stage: str
    source: str
    functionname: str
    pipeline: str


class Event(dict[str, Any]):
    """What happened: `id, type, timestamp, partitionKey, tags, <entity>, raw?`.

    A dict, so that it is JSON as it stands and costs one copy, but one that cannot be changed:
    all pipelines see the same. What is nested in it belongs to all of them as well: copy it
    before you change it. A changed event is `Event({**event, "type": "thing-checked"})`.
    """

    __slots__ = ()

    @property
    def id(self) -> str:
        """What it is known by: the same for every delivery of it."""
        return self["id"]

    @property
    def type(self) -> str:
        """Usually `<entity>-<action>`."""
        return self["type"]

    @property
    def timestamp(self) -> int:
        """When it happened, in milliseconds."""
        return self["timestamp"]

    @property
    def partition_key(self) -> str:
        """What it must stay in order with; `partitionKey` on the wire."""
        return self["partitionKey"]

    @property
    def tags(self) -> Tags:
        """Where it comes from; an event without tags has none."""
        return self.get("tags") or {}

    @property
    def raw(self) -> Json:
        """What it was made of; None when its source says no more than the event."""
        return self.get("raw")

    def __reduce__(self) -> tuple[type[Event], tuple[dict[str, Any]]]:
        return Event, (dict(self),)

    def _refuse(self, *_args: object, **_members: object) -> NoReturn:
        """Refuse: what one pipeline changes, all others would see."""
        raise TypeError('an event cannot be changed; make another: Event({**event, "name": value})')

    __setitem__ = __delitem__ = __ior__ = _refuse  # pyright: ignore[reportAssignmentType] - takes all
    clear = pop = popitem = setdefault = update = _refuse  # pyright: ignore[reportAssignmentType]


class Defaults(TypedDict):
    """What the record says of an event that does not say it itself."""

    id: str | None
    timestamp: int | None
    partitionKey: str | None


def event_of(document: Json) -> Event | None:
    """Give the event of a JSON document; None when its record has to say the rest.

    The members that every event has are checked, those of its entity are the rules' business.
    Raises Malformed when it is no object.
    """
    if document.__class__ is not dict:
        raise Malformed(f"an event is a JSON object, not {kind_of(document)}")
    event = Event(document)
    name, kind, timestamp = event.get("id"), event.get("type"), event.get("timestamp")
    if (
        type(name) is str and name
        and type(kind) is str and kind
        and type(timestamp) is int and 0 <= timestamp <= LAST_TIMESTAMP
        and type(event.get("partitionKey")) is str
        and type(event.get("tags", _NO_TAGS)) is dict
    ):  # fmt: skip
        return event
    return None


_NO_TAGS: dict[str, str] = {}


def completed(document: dict[str, Any], defaults: Defaults) -> Event:
    """Give the event of a document and what its record says; raises Malformed when it is none."""
    said = {name: value for name, value in document.items() if value is not None}
    members = {**{name: value for name, value in defaults.items() if value is not None}, **said}
    for name in ("id", "type"):
        if not (isinstance(members.get(name), str) and members[name]):
            raise Malformed(f"`{name}` must be a text, got {kind_of(members.get(name))}")
    members.setdefault("partitionKey", members["id"])
    if not isinstance(members["partitionKey"], str):
        raise Malformed(f"`partitionKey` must be a text, got {kind_of(members['partitionKey'])}")
    members["timestamp"] = _milliseconds(members.get("timestamp"))
    if not isinstance(members.get("tags", _NO_TAGS), Mapping):
        raise Malformed(f"`tags` must be an object, got {kind_of(members['tags'])}")
    return Event(members)


def _milliseconds(value: object) -> int:
    # Python's producers often write a float.
    if isinstance(value, int | float) and not isinstance(value, bool):
        if 0 <= value <= LAST_TIMESTAMP:
            return int(value)
        raise Malformed("`timestamp` must be in milliseconds since 1970, got a number beyond that")
    raise Malformed(f"`timestamp` must be in milliseconds since 1970, got {kind_of(value)}")
