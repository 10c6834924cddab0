"""A firing by hand: sent as a dispatcher sends, beside all that the schedule fires."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.timers.firing import Firing
from cdk_streamer_runtime.timers.sending import message
from cdk_streamer_runtime.timers.timer import Timer

BY_HAND = "fired_by"
_HAND = "cdk-streamer console"
_SOUGHT = 3_600  # seconds back in which a moment is looked for


def by_hand(timer: Timer, now: int) -> Firing:
    """Give a firing at a second, the latest one, at which the schedule has none of its own.

    With the fire key of one that the schedule has, a callback that remembers would do only one of
    the two.
    """
    definition = timer.definition
    moment = free_moment(timer, now)
    return Firing(definition.id, moment, timer.rev, definition.data, definition.plain)


def free_moment(timer: Timer, now: int) -> int:
    """Give that second; before the timer's time if it fires every second."""
    definition = timer.definition
    taken = {
        occurrence.fire_at
        for occurrence in definition.occurrences(now - _SOUGHT - definition.longest_delay, now + 1)
    }
    free = (moment for moment in range(now, now - _SOUGHT, -1) if moment not in taken)
    return next(free, timer.created_at // 1000 - 1)


def send(aws: Aws, queue_url: str, firing: Firing) -> None:
    """Send it to be received at once; raises AwsError.

    One attribute more than a dispatcher's messages have says who did it.
    """
    attributes: dict[str, Any] = {
        **message.attributes(firing),
        BY_HAND: {"DataType": "String", "StringValue": _HAND},
    }
    parameters = {
        "QueueUrl": queue_url,
        "MessageBody": message.body(firing),
        "DelaySeconds": 0,
        "MessageAttributes": attributes,
    }
    aws.call("sqs", "SendMessage", parameters)
