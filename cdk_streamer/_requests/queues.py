"""The queues behind async actions."""

from __future__ import annotations

from aws_cdk import Duration, aws_kms as kms
from constructs import Construct

from cdk_streamer._resources.queue import RedrivenQueue
from cdk_streamer_runtime.contract import (
    MESSAGE_RETENTION_SECONDS,
    VISIBILITY_MARGIN_SECONDS,
    WATCH_RECEIVES,
    WORK_RECEIVES,
)

DISPATCH_SECONDS = 30
WATCH_SECONDS = 60

# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
_VISIBILITY_FACTOR = 6
_RECEIVES = 5


def new_work_queue(scope: Construct, timeout_seconds: int, key: kms.IKey | None) -> RedrivenQueue:
    """Create the queue of attempts that are due."""
    visibility = Duration.seconds(timeout_seconds + VISIBILITY_MARGIN_SECONDS)
    return RedrivenQueue(
        scope,
        "Work",
        visibility_timeout=visibility,
        max_receive_count=WORK_RECEIVES,
        encryption_key=key,
    )


def new_watch_queue(scope: Construct, key: kms.IKey | None) -> RedrivenQueue:
    """Create the queue with one message for each request that has not ended."""
    return RedrivenQueue(
        scope,
        "Watch",
        visibility_timeout=Duration.seconds(WATCH_SECONDS * _VISIBILITY_FACTOR),
        max_receive_count=WATCH_RECEIVES,
        encryption_key=key,
        # The watcher sends a message again before it is too old.
        retention=Duration.seconds(MESSAGE_RETENTION_SECONDS),
    )


def new_failure_queue(scope: Construct, key: kms.IKey | None) -> RedrivenQueue:
    """Create the queue of pointers to stream records that could not be dispatched."""
    return RedrivenQueue(
        scope,
        "DispatchFailures",
        visibility_timeout=Duration.seconds(DISPATCH_SECONDS * _VISIBILITY_FACTOR),
        max_receive_count=_RECEIVES,
        encryption_key=key,
    )
