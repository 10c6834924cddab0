"""Where messages are put aside: what was rejected, and in a FIFO sink what failed too often."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract.sinks import KEY_ATTRIBUTE, ORIGIN_ATTRIBUTE, REASON_ATTRIBUTE
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.sinks.record import Message

logger = logging.getLogger(__name__)

REASON_CHARACTERS = 1_000
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
MOST_ATTRIBUTES = 10
FIFO = ".fifo"
_TOO_LARGE = frozenset({"InvalidParameterValue", "MessageTooLong", "InvalidMessageContents"})
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_REFUSED = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class SideQueue:
    """Takes a message as it was, with the reason and its former id beside it.

    What its author wrote is never left out for that: where its attributes leave no room, the
    reason is in the log alone.
    """

    def __init__(self, aws: Aws, url: str) -> None:
        """Take the queue's URL."""
        self._aws = aws
        self._url = url

    @property
    def _is_fifo(self) -> bool:
        return self._url.endswith(FIFO)

    def put(self, message: Message, reason: str) -> None:
        """Put a message there; raises AwsError."""
        told = {REASON_ATTRIBUTE: _text(reason), ORIGIN_ATTRIBUTE: _text(message.id)}
        if self._is_fifo:
            # Its deduplication id was its key if it had no other, and is not kept.
            told = {KEY_ATTRIBUTE: _text(message.record.key), **told}
        try:
            self._send(message, told)
        except AwsError as error:
            # A message that is as large as can be has no room for a reason either.
            if error.code.rpartition(".")[2] not in _TOO_LARGE:
                raise
            self._send(message, {})

    def _send(self, message: Message, told: Mapping[str, object]) -> None:
        kept = {name: _attribute(each) for name, each in message.attributes.items()}
        kept |= {name: each for name, each in told.items() if name in kept}
        for name, each in told.items():
            if len(kept) < MOST_ATTRIBUTES:
                kept.setdefault(name, each)
        parameters: dict[str, Any] = {
            "QueueUrl": self._url,
            "MessageBody": message.record.body,
            "MessageAttributes": kept,
        }
        if self._is_fifo:
            parameters["MessageGroupId"] = message.record.group or message.id
            parameters["MessageDeduplicationId"] = message.id
        self._aws.call("sqs", "SendMessage", parameters)


def _text(value: str) -> dict[str, str]:
    text = _REFUSED.sub("\N{REPLACEMENT CHARACTER}", value)[:REASON_CHARACTERS]
    return {"DataType": "String", "StringValue": text or "-"}


def _attribute(told: Mapping[str, Any]) -> dict[str, Any]:
    """Write an attribute as it is sent, from how it was received."""
    kind = told["dataType"]
    if kind.startswith("Binary"):
        return {"DataType": kind, "BinaryValue": told["binaryValue"]}
    return {"DataType": kind, "StringValue": told["stringValue"]}
