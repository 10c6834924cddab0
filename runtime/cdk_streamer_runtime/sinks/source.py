"""The queue that a sink's messages come from: which of them come again, and when."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.sinks.outcome import MOST_HIDDEN, Outcome
from cdk_streamer_runtime.sinks.record import Message

logger = logging.getLogger(__name__)

ENTRIES = 10  # of one call


class Source:
    """Hides and deletes messages. What fails is only logged: the queue's own time-out holds."""

    def __init__(self, aws: Aws, url: str) -> None:
        """Take the queue's URL."""
        self._aws = aws
        self._url = url

    def hide(self, messages: Sequence[tuple[Message, Outcome]], now: int, least: int = 0) -> None:
        """Hide messages until they may come again, and until `least`."""
        entries = [
            {
                "Id": str(index),
                "ReceiptHandle": message.receipt,
                "VisibilityTimeout": _seconds(max(outcome.visible_at, least) - now),
            }
            for index, (message, outcome) in enumerate(messages)
        ]
        self._call("ChangeMessageVisibilityBatch", entries)

    def delete(self, messages: Sequence[Message]) -> None:
        """Delete messages that are done with."""
        entries = [
            {"Id": str(index), "ReceiptHandle": message.receipt}
            for index, message in enumerate(messages)
        ]
        self._call("DeleteMessageBatch", entries)

    def _call(self, operation: str, entries: Sequence[Mapping[str, Any]]) -> None:
        for first in range(0, len(entries), ENTRIES):
            part = entries[first : first + ENTRIES]
            try:
                answer = self._aws.call("sqs", operation, {"QueueUrl": self._url, "Entries": part})
            except AwsError as error:
                codes = {error.code: len(part)}
            else:
                codes = {entry["Code"]: 1 for entry in answer.get("Failed", [])}
            for code, messages in codes.items():
                extra = {"operation": operation, "code": code, "messages": messages}
                logger.warning("queue not told", extra=extra)


def _seconds(milliseconds: int) -> int:
    return -(-min(max(milliseconds, 0), MOST_HIDDEN) // 1000)
