"""DynamoDB streams: what happened to an item, told by its images.

The id is the record's `eventID`, which DynamoDB gives each change of an item. The type is
`<discriminator>-<created | updated | deleted | undeleted>`, in lower case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.attributes import unmarshal_item
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.json_text import Json, Malformed, optional_text
from cdk_streamer_runtime.streams.moments import from_seconds
from cdk_streamer_runtime.streams.outcome import Ignored, Outcome, Reason, outcomes, records_of
from cdk_streamer_runtime.streams.place import Place, place_of
from cdk_streamer_runtime.streams.uow import UnitOfWork, unit_of_work

_ACTIONS = {"INSERT": "created", "MODIFY": "updated", "REMOVE": "deleted"}
_TRUE = {"BOOL": True}
# The first version of global tables writes its own attribute; for the second one it is our custom.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/globaltables.V1.html
_REGIONS = ("aws:rep:updateregion", "awsregion")
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
_TTL = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """How items tell what they are.

    `discriminator` holds the kind of entity; an item without one has it in its sort key.
    `deleted` is true in an item that is deleted and still there. With `expired=False` what
    DynamoDB removed for its time to live is ignored; with a `region`, what other regions wrote.
    """

    pk: str = "pk"
    sk: str = "sk"
    discriminator: str = "discriminator"
    deleted: str = "deleted"
    entity: str | None = None
    expired: bool = True
    region: str | None = None


_AS_USUAL = Images()


def from_dynamodb(event: Json, *, images: Images = _AS_USUAL) -> Iterator[Outcome]:
    """Give the outcome of each record; `raw` has the images, `new` and `old`, as plain values.

    In a stream of keys alone an item's kind is its sort key, and `raw` is empty.
    """

    def read(record: Json, place: Place) -> UnitOfWork | Ignored:
        change = record["dynamodb"]
        old, new = change.get("OldImage"), change.get("NewImage")
        if reason := _ignorable(record, old, new, images):
            return Ignored(record=record, place=place, reason=reason)
        keys = change["Keys"]
        entity = images.entity or _entity(new or old or keys, images)
        event = Event(
            id=place.id,
            type=f"{entity}-{_action(record['eventName'], old, new, images.deleted)}",
            timestamp=from_seconds(change["ApproximateCreationDateTime"]),
            partitionKey=_partition_key(keys[images.pk]),
            tags={"region": record["awsRegion"]},
            raw=_plain(old, new),
        )
        return unit_of_work(record, event, place)

    return outcomes(records_of(event), _place, read)


def _place(record: Json) -> Place:
    # Of its shard a record says nothing; but a batch is never of two.
    sequence, name = record["dynamodb"]["SequenceNumber"], record["eventID"]
    if type(sequence) is not str or type(name) is not str or not name:
        raise Malformed("`SequenceNumber` and `eventID` must be texts")
    return place_of(name, sequence, sequence, optional_text(record, "eventSourceARN"))


def _plain(old: Json, new: Json) -> dict[str, Json]:
    raw: dict[str, Any] = {}
    try:
        if new is not None:
            raw["new"] = unmarshal_item(new)
        if old is not None:
            raw["old"] = unmarshal_item(old)
    except KeyError:
        raise Malformed("an attribute has a type that DynamoDB does not know") from None
    return raw


def _entity(image: Json, images: Images) -> str:
    attribute = image.get(images.discriminator) or image.get(images.sk)
    if not attribute or type(entity := attribute.get("S")) is not str or not entity:
        raise Malformed(
            f"an item tells its kind by a text in `{images.discriminator}` or `{images.sk}`, "
            "this one has neither"
        )
    return entity.lower()


def _action(name: str, old: Json, new: Json, deleted: str) -> str:
    if name not in _ACTIONS:
        raise Malformed("`eventName` must be INSERT, MODIFY or REMOVE")
    action = _ACTIONS[name]
    if action == "deleted":
        return action
    if new and new.get(deleted) == _TRUE:
        return "deleted"
    return "undeleted" if old and old.get(deleted) == _TRUE else action


def _partition_key(attribute: Json) -> str:
    ((kind, content),) = attribute.items()
    if kind not in {"S", "N", "B"} or type(content) is not str:
        raise Malformed("a key must be a text, a number or binary")
    return content


def _ignorable(record: Json, old: Json, new: Json, images: Images) -> Reason | None:
    if not images.expired and is_expiry(record):
        return Reason.EXPIRED
    return Reason.REPLICA if images.region and _is_replica(old, new, images.region) else None


def is_expiry(record: Json) -> bool:
    """Tell whether DynamoDB has removed the item because its time was up."""
    identity = record.get("userIdentity")
    return bool(identity) and {name: identity.get(name) for name in _TTL} == _TTL


def _is_replica(old: Json, new: Json, region: str) -> bool:
    image: Json = new or old or {}
    for name in _REGIONS:
        if name in image:
            # A second write that only notes where the first was made is no change of its own.
            is_note = bool(new) and bool(old) and name in new and name not in old
            return is_note or image[name].get("S") != region
    return False
