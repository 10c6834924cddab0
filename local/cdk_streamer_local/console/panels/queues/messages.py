"""Messages of a queue, looked at without receiving them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from cdk_streamer_runtime.aws import Aws

SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. Times are seconds since 1970; `visible` is when it can be received next."""

    id: str
    state: str
    body: str
    size: int
    sent: float
    visible: float
    receives: int
    received: float | None
    group: str
    sequence: str
    source: str
    sender: str
    attributes: Mapping[str, str]

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        """Read what the engine shows."""
        system: Mapping[str, str] = told["Attributes"]
        attributes: Mapping[str, Mapping[str, object]] = told["MessageAttributes"] or {}
        received = int(system.get("ApproximateFirstReceiveTimestamp") or 0) / 1000
        return cls(
            id=told["MessageId"],
            state=told["State"],
            body=told["Body"],
            size=len(told["Body"].encode()),
            sent=int(system.get("SentTimestamp") or 0) / 1000,
            visible=told["VisibleAt"],
            receives=int(system.get("ApproximateReceiveCount") or 0),
            received=received or None,
            group=system.get("MessageGroupId", ""),
            sequence=system.get("SequenceNumber", ""),
            source=system.get("DeadLetterQueueSourceArn", ""),
            sender=system.get("SenderId", ""),
            attributes={
                name: str(each.get("StringValue", each.get("BinaryValue", "")))
                for name, each in attributes.items()
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The first messages of a queue that have a text: so many of all that have it."""

    total: int
    fitting: int
    messages: Sequence[Mapping[str, Any]]


def look(
    aws: Aws, url: str, *, text: str = "", ids: Sequence[str] = (), limit: int = SHOWN
) -> Look:
    """Look at messages, each as ReceiveMessage would give it; raises AwsError."""
    asked = {"QueueUrl": url, "Text": text, "MessageIds": list(ids), "Limit": limit}
    told = aws.call("sqs", "CdkStreamerPeek", asked)
    return Look(total=told["Total"], fitting=told["Fitting"], messages=told["Messages"])


def drop(aws: Aws, url: str, ids: Sequence[str]) -> int:
    """Remove messages for good, and give how many there were; raises AwsError."""
    asked = {"QueueUrl": url, "MessageIds": list(ids)}
    return aws.call("sqs", "CdkStreamerDrop", asked)["Dropped"]
