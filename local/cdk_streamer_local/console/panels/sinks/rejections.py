"""What a sink rejected for good, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cdk_streamer_local.console.panels.queues.messages import look
from cdk_streamer_local.sinks_command.rejected import Rejected
from cdk_streamer_runtime.aws import Aws


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """One message: `message` is its id in the queue, `id` what it was to the sink."""

    message: str
    id: str
    key: str
    reason: str
    body: str
    group: str
    time: float


def rejections(aws: Aws, url: str) -> Sequence[Rejection]:
    """Look at the first of them; raises AwsError."""
    return [_rejection(Rejected.read(each)) for each in look(aws, url).messages]


def _rejection(rejected: Rejected) -> Rejection:
    return Rejection(
        message=rejected.message,
        id=rejected.id,
        key=rejected.key,
        reason=rejected.reason,
        body=rejected.body,
        group=rejected.group or "",
        time=rejected.rejected_at.timestamp(),
    )
