"""Moving dead letters back to where they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from cdk_streamer_local.console.panel import Body, Refused
from cdk_streamer_runtime.aws import Aws

_LISTED = 5
_MOST_A_SECOND = 500  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A task. `handle` is what it is cancelled by, empty unless it is running."""

    handle: str
    status: str
    moved: int
    of: int
    rate: int | None
    started: float
    reason: str

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        """Read what SQS tells of it."""
        return cls(
            handle=told.get("TaskHandle") or "",
            status=told["Status"],
            moved=int(told.get("ApproximateNumberOfMessagesMoved") or 0),
            of=int(told.get("ApproximateNumberOfMessagesToMove") or 0),
            rate=told.get("MaxNumberOfMessagesPerSecond"),
            started=int(told.get("StartedTimestamp") or 0) / 1000,
            reason=told.get("FailureReason") or "",
        )


def latest(aws: Aws, arn: str) -> Sequence[Move]:
    """Give the latest tasks of a dead-letter queue, the newest first; raises AwsError."""
    asked = {"SourceArn": arn, "MaxResults": _LISTED}
    told = aws.call("sqs", "ListMessageMoveTasks", asked)
    return [Move.read(each) for each in told.get("Results") or ()]


def start(aws: Aws, arn: str, sources: Sequence[str], body: Body) -> object:
    """Start one, at the `rate` that is asked for; raises AwsError and Refused.

    Of several `sources` each message goes back to its own; to the only one goes also what somebody
    has sent to the dead-letter queue itself.
    """
    rate = body.get("rate")
    if rate is not None and not (isinstance(rate, int) and 1 <= rate <= _MOST_A_SECOND):
        raise Refused(
            f"the rate must be a whole number from 1 to {_MOST_A_SECOND}, got {rate!r}; "
            "leave it out for as fast as it goes"
        )
    asked: dict[str, object] = {"SourceArn": arn}
    asked |= {"DestinationArn": sources[0]} if len(sources) == 1 else {}
    asked |= {"MaxNumberOfMessagesPerSecond": rate} if rate else {}
    return {"handle": aws.call("sqs", "StartMessageMoveTask", asked)["TaskHandle"]}


def cancel(aws: Aws, body: Body) -> object:
    """End one; what was moved stays where it is. Raises AwsError."""
    asked = {"TaskHandle": str(body.get("handle", ""))}
    told = aws.call("sqs", "CancelMessageMoveTask", asked)
    return {"moved": int(told.get("ApproximateNumberOfMessagesMoved") or 0)}
