"""The table and the queues of a PeriodicTimer."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy, aws_dynamodb as dynamodb, aws_kms as kms
from constructs import Construct

from cdk_streamer._resources import tables
from cdk_streamer._resources.queue import RedrivenQueue
from cdk_streamer._resources.tables import Index
from cdk_streamer_runtime.contract import VISIBILITY_MARGIN_SECONDS
from cdk_streamer_runtime.contract.timers import (
    TIMER_DISPATCH_SECONDS,
    TIMER_OWNER_INDEX,
    TIMER_OWNER_INDEX_PARTITION_KEY,
    TIMER_OWNER_INDEX_PROJECTION,
    TIMER_OWNER_INDEX_SORT_KEY,
)

OWNERS = Index(
    name=TIMER_OWNER_INDEX,
    partition_key=TIMER_OWNER_INDEX_PARTITION_KEY,
    sort_key=TIMER_OWNER_INDEX_SORT_KEY,
    projection=TIMER_OWNER_INDEX_PROJECTION,
)

_RECEIVES = 5
# Until there is a callback, whose timeout decides.
_VISIBILITY = Duration.seconds(30)
# Ticks of an hour ago are of no use; a message that fails is given up before.
_TICKS = Duration.hours(1)


def new_table(
    scope: Construct, key: kms.IKey | None, removal_policy: RemovalPolicy
) -> dynamodb.Table:
    """Create the table; nothing reads a stream of it."""
    return tables.new_table(scope, removal_policy, key, index=OWNERS, stream=None)


def new_dispatch_queue(scope: Construct, key: kms.IKey | None) -> RedrivenQueue:
    """Create the queue of shards to look at."""
    return RedrivenQueue(
        scope,
        "Dispatch",
        visibility_timeout=Duration.seconds(TIMER_DISPATCH_SECONDS + VISIBILITY_MARGIN_SECONDS),
        max_receive_count=_RECEIVES,
        encryption_key=key,
        retention=_TICKS,
    )


def new_fan_out_queue(scope: Construct, key: kms.IKey | None) -> RedrivenQueue:
    """Create the queue of firings, each delayed until it is due."""
    return RedrivenQueue(
        scope,
        "FanOut",
        visibility_timeout=_VISIBILITY,
        max_receive_count=_RECEIVES,
        encryption_key=key,
    )
