"""Moves dead letters back into the queue, at a bounded pace, while the downstream is well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.sinks.control.backlog import counts_of
from cdk_streamer_runtime.sinks.standing import Standing

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
MOST_PER_SECOND = 500
_LISTED = 10
_RUNNING = frozenset({"RUNNING", "CANCELLING"})
_REFUSED = ("InvalidParameterValue", "UnsupportedOperation")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """Where they are, and where they came from."""

    url: str
    arn: str
    queue_arn: str


class Redrive:
    """Message move tasks of one queue of dead letters; raises AwsError."""

    def __init__(self, aws: Aws, dead_letters: DeadLetters, per_second: int) -> None:
        """Take the queues, and how many messages a second are moved where nobody says it."""
        self._aws = aws
        self._dead_letters = dead_letters
        self._per_second = per_second

    def waiting(self) -> dict[str, int]:
        """Tell how many dead letters there are."""
        return counts_of(self._aws, self._dead_letters.url)

    def tasks(self) -> list[dict[str, Any]]:
        """Give the latest tasks, the newest first."""
        asked = {"SourceArn": self._dead_letters.arn, "MaxResults": _LISTED}
        answer = self._aws.call("sqs", "ListMessageMoveTasks", asked)
        return [_task(entry) for entry in answer.get("Results") or ()]

    def start(self, standing: Standing, per_second: int | None = None) -> dict[str, Any]:
        """Start a task, or tell why not; raises ValueError for a pace that cannot be."""
        pace = self._per_second if per_second is None else per_second
        if isinstance(pace, bool) or not isinstance(pace, int) or not 1 <= pace <= MOST_PER_SECOND:  # pyright: ignore[reportUnnecessaryIsInstance] - an operator's JSON
            raise ValueError(
                f"perSecond must be a whole number from 1 to {MOST_PER_SECOND}, got {pace!r}"
            )
        reason = self._reason_against(standing)
        if reason is not None:
            return {"started": False, "reason": reason}
        waiting = self.waiting()["visible"]
        parameters = {
            "SourceArn": self._dead_letters.arn,
            "DestinationArn": self._dead_letters.queue_arn,
            "MaxNumberOfMessagesPerSecond": pace,
        }
        try:
            self._aws.call("sqs", "StartMessageMoveTask", parameters)
        except AwsError as error:
            if not error.code.endswith(_REFUSED):
                raise
            return {"started": False, "reason": f"the queue refuses it: {error.message}"}
        return {"started": True, "perSecond": pace, "waiting": waiting}

    def _reason_against(self, standing: Standing) -> str | None:
        if not standing.is_closed:
            return (
                "the circuit is not closed: what is moved now would wait or fail again; "
                "wait until it is"
            )
        if standing.held:
            return "the sink is paused by an operator; resume it first"
        if any(task["status"] in _RUNNING for task in self.tasks()):
            return "a redrive is under way"
        if not any(self.waiting().values()):
            return "there are no dead letters"
        return None


def _task(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "status": entry.get("Status"),
        "moved": int(entry.get("ApproximateNumberOfMessagesMoved") or 0),
        "toMove": entry.get("ApproximateNumberOfMessagesToMove"),
        "perSecond": entry.get("MaxNumberOfMessagesPerSecond"),
        "startedAt": int(entry.get("StartedTimestamp") or 0),
        "reason": entry.get("FailureReason"),
    }
