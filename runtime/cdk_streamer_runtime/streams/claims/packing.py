"""Packing: how an event travels that is larger than a service takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cdk_streamer_runtime.contract.streams import CLAIM_PREFIX, CLAIMS_RESOURCE, ResourceKind
from cdk_streamer_runtime.documents import size
from cdk_streamer_runtime.streams.claims.claim import CLAIM, ClaimCheck, head_of
from cdk_streamer_runtime.streams.claims.compression import COMPRESSED, compressed, is_marker
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.steps import Use

PACKING_USES = (Use(kind=ResourceKind.BUCKET, name=CLAIMS_RESOURCE, actions=("s3:PutObject",)),)


class TooLarge(ValueError):
    """An event that no service would take, and there is no bucket to leave it in."""


class Packed(NamedTuple):
    """The JSON text of an event, the bytes that it takes, and what must be in a bucket first."""

    text: str
    size: int
    claim: ClaimCheck | None = None
    body: bytes = b""

    def put(self, world: World) -> None:
        """Leave in the bucket what the text is a claim check for, if it is one."""
        if self.claim is not None:
            keep(self.claim, self.body, world)


def packed(
    event: Mapping[str, Any], limit: int, world: World, *, compress: int | None = None
) -> Packed:
    """Give the text of an event within `limit` bytes, without asking anybody.

    It is the event as it is, or compressed if it is over `compress` bytes, or a claim check for
    what `put` leaves in the bucket: call it before you send. The same event gives the same text.
    """
    _check_members(event)
    whole = world.encode(event)
    taken = len(whole) if isinstance(whole, bytes) else size(whole)
    if taken <= limit and (compress is None or taken <= compress):
        return Packed(whole.decode() if isinstance(whole, bytes) else whole, taken)
    body = whole if isinstance(whole, bytes) else whole.encode()
    if compress is not None:
        short = _packed(event, COMPRESSED, compressed(body), world)
        if short.size <= min(limit, taken):
            return short
    if taken <= limit:
        return Packed(body.decode(), taken)
    return _checked(event, body, limit, world)


def claim_of(body: bytes, prefix: str, world: World) -> ClaimCheck | None:
    """Give the claim check for a content; None if the processor has no bucket for it."""
    try:
        bucket = world.resources.address(ResourceKind.BUCKET, CLAIMS_RESOURCE)
    except ValueError:
        return None
    return ClaimCheck.of(body, bucket=bucket, prefix=prefix)


def keep(claim: ClaimCheck, body: bytes, world: World) -> None:
    """Leave a content in the bucket, also if it is there: its age counts from the last write."""
    headers = {"content-type": "application/json"}
    world.aws.rest("s3", "PUT", claim.path, body=body, headers=headers)


def _checked(event: Mapping[str, Any], body: bytes, limit: int, world: World) -> Packed:
    claim, kind = claim_of(body, CLAIM_PREFIX, world), event.get("type")
    if claim is None:
        raise TooLarge(
            f"event {kind!r} takes {len(body):,} bytes, but {limit:,} is the limit and there is "
            "no bucket for claim checks; make the event smaller, or give the construct one"
        )
    short = _packed(event, CLAIM, claim.document(), world)
    if short.size > limit:
        raise TooLarge(f"the tags of event {kind!r} alone are over {limit:,} bytes; leave some out")
    return short._replace(claim=claim, body=body)


def _packed(event: Mapping[str, Any], name: str, value: dict[str, Any], world: World) -> Packed:
    text = world.encode({**head_of(event), name: value})
    text = text.decode() if isinstance(text, bytes) else text
    return Packed(text, size(text))


def _check_members(event: Mapping[str, Any]) -> None:
    # Who receives it would take them for ours.
    if CLAIM in event or (COMPRESSED in event and is_marker(event[COMPRESSED])):
        name = CLAIM if CLAIM in event else COMPRESSED
        raise ValueError(f"an event must not have a member {name!r} of its own; give it another")
