"""The queue of items that were given up."""

from __future__ import annotations

from aws_cdk import Stack, aws_sqs as sqs
from constructs import Construct


def check_dead_letters(
    scope: Construct, queue: sqs.IQueue | None, target_address: str | None
) -> None:
    """Refuse a queue that does not fit."""
    if queue is None:
        return
    if not hasattr(queue, "queue_arn"):
        raise ValueError(f"dead_letter_queue must be a queue, got {queue!r}; pass a sqs.Queue")
    if queue.fifo:
        raise ValueError(
            f"dead_letter_queue must be a standard queue, and {queue.node.path!r} is a FIFO "
            "queue; leave it out to get one that fits"
        )
    if not is_same_region(scope, queue.env.region):
        raise ValueError(
            f"dead_letter_queue must be in the batch's own region, and {queue.node.path!r} is in "
            f"{queue.env.region!r}; leave it out to get one"
        )
    if queue.queue_url == target_address:
        raise ValueError(
            f"dead_letter_queue must be another queue than the target, got {queue.node.path!r} for "
            "both; leave it out to get one"
        )


def is_same_region(scope: Construct, region: str) -> bool:
    """Tell whether a region is that of a construct, also when its name is not known yet."""
    stack = Stack.of(scope)
    return bool(stack.resolve(region) == stack.resolve(stack.region))
