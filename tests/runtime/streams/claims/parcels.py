"""An event that is too large, and how it arrives."""

from __future__ import annotations

import json

from cdk_streamer_runtime.streams.claims.packing import packed
from cdk_streamer_runtime.streams.event import Event

EVENT = Event(
    id="1",
    type="thing-created",
    timestamp=1_700_000_000_000,
    partitionKey="k",
    tags={"region": "us-east-1"},
    thing={"text": "x" * 2_000},
)
LIMIT = 1_000


def carried(event, here, limit=LIMIT, compress=None):
    """Give what arrives where a packed event is sent."""
    parcel = packed(event, limit, here.world, compress=compress)
    parcel.put(here.world)
    return Event(json.loads(parcel.text))
