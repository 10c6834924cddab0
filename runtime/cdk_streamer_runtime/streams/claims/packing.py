"""Packing: how an event travels that is larger than a service takes."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from cdk_streamer_runtime.contract.streams import CLAIMS_RESOURCE, ResourceKind
from cdk_streamer_runtime.documents import encode, size
from cdk_streamer_runtime.streams.claims.claim import CLAIM, EVENTS, ClaimCheck, head_of
from cdk_streamer_runtime.streams.claims.compression import COMPRESSED, compressed, is_marker
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.steps import Use

PACKING_USES = (Use(kind=ResourceKind.BUCKET, name=CLAIMS_RESOURCE, actions=("s3:PutObject",)),)


class TooLarge(ValueError):
    """An event that no service would take, and there is no bucket to leave it in."""


def packed(
    event: Mapping[str, Any], limit: int, world: World, *, compress: int | None = None
) -> str:
    """Give the JSON text of an event within `limit` bytes.

    It is the event as it is, or compressed if it is over `compress` bytes, or a claim check for
    what is in the bucket by then. The same event gives the same text each time.
    """
    _check_members(event)
    whole = encode(event)
    smallest, taken = whole, size(whole)
    if compress is not None and taken > compress:
        marked = encode({**head_of(event), COMPRESSED: compressed(whole.encode())})
        smallest, taken = min((smallest, taken), (marked, size(marked)), key=itemgetter(1))
    if taken <= limit:
        return smallest
    claim = check_in(whole.encode(), EVENTS, world)
    if claim is None:
        raise TooLarge(
            f"event {event.get('type')!r} takes {taken:,} bytes, but {limit:,} is the limit and "
            "there is no bucket for claim checks; make the event smaller, or give the construct one"
        )
    checked = encode({**head_of(event), CLAIM: claim.document()})
    if size(checked) > limit:
        raise TooLarge(f"the tags of event {event.get('type')!r} alone are over {limit:,} bytes")
    return checked


def check_in(body: bytes, prefix: str, world: World) -> ClaimCheck | None:
    """Leave a content in the processor's bucket; None if it has no bucket."""
    try:
        bucket = world.resources.address(ResourceKind.BUCKET, CLAIMS_RESOURCE)
    except ValueError:
        return None
    claim = ClaimCheck.of(body, bucket=bucket, prefix=prefix)
    # Also when it is there already: the bucket counts its age from the last write.
    headers = {"content-type": "application/json"}
    world.aws.rest("s3", "PUT", claim.path, body=body, headers=headers)
    return claim


def _check_members(event: Mapping[str, Any]) -> None:
    # Who receives it would take them for ours.
    if CLAIM in event or is_marker(event.get(COMPRESSED)):
        name = CLAIM if CLAIM in event else COMPRESSED
        raise ValueError(f"an event must not have a member {name!r} of its own; give it another")
