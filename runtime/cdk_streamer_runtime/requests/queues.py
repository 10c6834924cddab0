"""The two queues of a request: the work that is due, and the watch over it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract import MAX_DELAY_SECONDS
from cdk_streamer_runtime.documents import decode, encode


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkMessage:
    """Attempt `attempt` of the request `key` is due.

    On the watch queue: look after the request until it has ended, or with `follows` only until
    that attempt has, or for a late one until the next is late too.
    """

    key: str
    attempt: int
    trace: str | None = None
    follows: bool = False

    @classmethod
    def from_body(cls, body: str) -> WorkMessage:
        """Read a message; raises ValueError, KeyError for one that is not ours."""
        document = decode(body)
        follows = document.get("follows", False)
        return cls(key=document["key"], attempt=document["attempt"], follows=follows)

    def to_body(self) -> str:
        """Write the message; the trace travels beside it."""
        follows = {"follows": True} if self.follows else {}
        return encode({"key": self.key, "attempt": self.attempt, **follows})


class Queue:
    """Sends messages to one SQS queue."""

    def __init__(self, aws: Aws, url: str) -> None:
        """Take the queue's URL."""
        self._aws = aws
        self._url = url

    def send(self, message: WorkMessage, delay: int = 0) -> None:
        """Send one message that becomes visible after `delay` milliseconds, 15 minutes at most."""
        self._aws.call(
            "sqs",
            "SendMessage",
            {"QueueUrl": self._url, **_entry(message, delay)},
        )

    def send_all(self, messages: Sequence[WorkMessage], delay: int = 0) -> list[int]:
        """Send messages in batches of ten and give the positions of those that were not taken."""
        failed: list[int] = []
        waiting = iter(enumerate(messages))
        while batch := list(islice(waiting, 10)):
            failed += self._send_batch(batch, delay)
        return failed

    def show_again(self, receipt: str, delay: int) -> None:
        """Hide a received message for `delay` milliseconds from now."""
        self._aws.call(
            "sqs",
            "ChangeMessageVisibility",
            {
                "QueueUrl": self._url,
                "ReceiptHandle": receipt,
                "VisibilityTimeout": _seconds(delay),
            },
        )

    def _send_batch(self, batch: Iterable[tuple[int, WorkMessage]], delay: int) -> list[int]:
        entries = [{"Id": str(index), **_entry(message, delay)} for index, message in batch]
        answer = self._aws.call(
            "sqs", "SendMessageBatch", {"QueueUrl": self._url, "Entries": entries}
        )
        return [int(entry["Id"]) for entry in answer.get("Failed", [])]


def _entry(message: WorkMessage, delay: int) -> Mapping[str, Any]:
    entry: dict[str, Any] = {
        "MessageBody": message.to_body(),
        "DelaySeconds": min(_seconds(delay), MAX_DELAY_SECONDS),
    }
    if message.trace:
        trace = {"DataType": "String", "StringValue": message.trace}
        entry["MessageSystemAttributes"] = {"AWSTraceHeader": trace}
    return entry


def _seconds(milliseconds: int) -> int:
    return -(-max(milliseconds, 0) // 1000)
