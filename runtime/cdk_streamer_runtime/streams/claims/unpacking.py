"""Unpacking: the whole of an event that came compressed or as a claim check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract.streams import CLAIM_PREFIX, CLAIMS_RESOURCE, ResourceKind
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.streams.claims.claim import (
    CLAIM,
    HEAD,
    ClaimCheck,
    ClaimRefused,
)
from cdk_streamer_runtime.streams.claims.compression import COMPRESSED, inflated, is_marker
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.event import Defaults, Event, completed, event_of
from cdk_streamer_runtime.streams.json_text import Decode, Malformed, decode_json, is_object
from cdk_streamer_runtime.streams.pipelines.steps import Use
from cdk_streamer_runtime.streams.uow import UnitOfWork

LARGEST = 4 * 1024 * 1024


def packed_size(event: Mapping[str, Any]) -> int:
    """Give the bytes that unpacking takes at most: what is larger than it says is refused."""
    document = event.get(CLAIM, event.get(COMPRESSED))
    size = document.get("size") if is_object(document) else None
    return size if type(size) is int and size > 0 else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacking:
    """What an app takes: events of so many bytes, from its own bucket and those it names.

    `buckets` are names of resources. A claim check for any other place is refused, so nobody
    who can write into the stream can make the function read where he likes.
    """

    buckets: tuple[str, ...] = ()
    largest: int = LARGEST
    decode: Decode = decode_json

    @property
    def uses(self) -> tuple[Use, ...]:
        """What redeeming needs: without ListBucket S3 does not tell what is not there."""
        actions = ("s3:GetObject", "s3:ListBucket")
        return tuple(
            Use(kind=ResourceKind.BUCKET, name=name, actions=actions)
            for name in (CLAIMS_RESOURCE, *self.buckets)
        )

    def is_claim(self, event: Event) -> bool:
        """Tell whether an event has to be unpacked first."""
        return CLAIM in event or COMPRESSED in event

    def redeem(self, uow: UnitOfWork, world: World) -> UnitOfWork:
        """Give the unit of work with the whole event; raises as `unpacked` does."""
        return uow.extend(event=self.unpacked(uow.event, world))

    def unpacked(self, event: Event, world: World) -> Event:
        """Give the whole event; raises Malformed for what is none, and AwsError."""
        if CLAIM in event:
            body = self._redeemed(ClaimCheck.read(event[CLAIM]), world)
        elif is_marker(event.get(COMPRESSED)):
            body = inflated(event[COMPRESSED], self.largest)
        else:
            return event
        return self._event(body, event)

    def _redeemed(self, claim: ClaimCheck, world: World) -> bytes:
        if claim.bucket not in self._known(world) or not claim.key.startswith(CLAIM_PREFIX):
            raise ClaimRefused("the claim check is for a place that this app does not read")
        if claim.size > self.largest:
            raise ClaimRefused(
                f"the claim check is for {claim.size:,} bytes; the limit is {self.largest:,}"
            )
        return redeem(claim, world.aws)

    def _known(self, world: World) -> set[str]:
        known = set[str]()
        for name in (CLAIMS_RESOURCE, *self.buckets):
            try:
                known.add(world.resources.address(ResourceKind.BUCKET, name))
            except ValueError:
                if name != CLAIMS_RESOURCE:  # a processor may have no bucket of its own
                    raise
        return known

    def _event(self, body: bytes, packed: Event) -> Event:
        try:
            document = self.decode(body)
        except Exception:  # noqa: BLE001 - the decoder is the user's; its texts may quote the event
            raise Malformed("what was packed is no JSON") from None
        # What its record says of an event that says less was said of the packed one already.
        whole = event_of(document) or completed(
            document,
            Defaults(id=packed.id, timestamp=packed.timestamp, partitionKey=packed.partition_key),
        )
        if any(whole.get(name) != packed.get(name) for name in HEAD):
            raise ClaimRefused("what was packed is not the event that it was packed for")
        if CLAIM in whole or is_marker(whole.get(COMPRESSED)):
            raise ClaimRefused("what was packed is packed again")
        return whole


def redeem(claim: ClaimCheck, aws: Aws) -> bytes:
    """Give the content; raises ClaimRefused when it is not there or is another, and AwsError."""
    try:
        # A byte more than it says: what is larger is another then.
        part = aws.read_object(claim.path, 0, claim.size)
    except AwsError as error:
        if error.code != "NoSuchKey":
            raise
        raise ClaimRefused(
            f"nothing is under {claim.key!r} any more; claim checks must outlive their events"
        ) from None
    if not claim.is_of(part.data):
        raise ClaimRefused(f"what is under {claim.key!r} is not what was left there")
    return part.data
