"""The sink's queue as its controller uses it: one message at a time, and how many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.aws import Aws

# A short poll asks some of a queue's servers, and may find nothing where there is something.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
_WAIT_SECONDS = 2
_COUNTS = {
    "visible": "ApproximateNumberOfMessages",
    "inFlight": "ApproximateNumberOfMessagesNotVisible",
    "delayed": "ApproximateNumberOfMessagesDelayed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hiding:
    """A message that was received, and the seconds for which nobody is to see it from now on."""

    receipt: str
    seconds: int


class Backlog:
    """Receives, hides and deletes messages of one queue; raises AwsError."""

    def __init__(self, aws: Aws, url: str, arn: str) -> None:
        """Take the queue's URL, and its ARN, which records carry."""
        self._aws = aws
        self._url = url
        self._arn = arn

    def receive(self, seconds: int, attempt: str) -> dict[str, Any] | None:
        """Take one message and hide it for so long; None: none can be received.

        It comes as Lambda gives it to functions. The same `attempt` gets the same message from a
        FIFO queue, which had else to wait for its end.
        """
        parameters: dict[str, object] = {
            "QueueUrl": self._url,
            "MaxNumberOfMessages": 1,
            "VisibilityTimeout": seconds,
            "WaitTimeSeconds": _WAIT_SECONDS,
            "MessageAttributeNames": ["All"],
            "MessageSystemAttributeNames": ["All"],
        }
        if self._url.endswith(".fifo"):
            parameters["ReceiveRequestAttemptId"] = attempt
        found = self._aws.call("sqs", "ReceiveMessage", parameters).get("Messages")
        return _record(found[0], self._arn) if found else None

    def hide(self, hidings: Sequence[Hiding]) -> list[str | None]:
        """Hide messages, ten at most; give of each None, or why that could not be done."""
        if not hidings:
            return []
        entries = [
            {"Id": str(n), "ReceiptHandle": each.receipt, "VisibilityTimeout": each.seconds}
            for n, each in enumerate(hidings)
        ]
        parameters = {"QueueUrl": self._url, "Entries": entries}
        answer = self._aws.call("sqs", "ChangeMessageVisibilityBatch", parameters)
        failed = {entry["Id"]: str(entry["Code"]) for entry in answer.get("Failed") or ()}
        return [failed.get(str(n)) for n in range(len(hidings))]

    def delete(self, receipt: str) -> None:
        """Delete a message."""
        parameters = {"QueueUrl": self._url, "ReceiptHandle": receipt}
        self._aws.call("sqs", "DeleteMessage", parameters)

    def counts(self) -> dict[str, int]:
        """Tell how many messages there are, as of about a minute ago."""
        return counts_of(self._aws, self._url)


def counts_of(aws: Aws, url: str) -> dict[str, int]:
    """Tell how many messages a queue has: visible ones, in flight, and delayed; raises AwsError."""
    asked = {"QueueUrl": url, "AttributeNames": [*_COUNTS.values()]}
    answer = aws.call("sqs", "GetQueueAttributes", asked)
    told: Mapping[str, str] = answer.get("Attributes") or {}
    return {name: int(told.get(attribute) or 0) for name, attribute in _COUNTS.items()}


def _record(message: Mapping[str, Any], arn: str) -> dict[str, Any]:
    attributes: Mapping[str, Mapping[str, Any]] = message.get("MessageAttributes") or {}
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes") or {}),
        "messageAttributes": {name: _attribute(value) for name, value in attributes.items()},
        "md5OfBody": message.get("MD5OfBody"),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(":")[3],
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{name[0].lower()}{name[1:]}": given for name, given in value.items()}
