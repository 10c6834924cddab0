"""What no queue takes and no program can read: put aside, for people."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract.timers import TimerMetric
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.timers.firing import Firing
from cdk_streamer_runtime.timers.sending import message
from cdk_streamer_runtime.timers.world import Meter

logger = logging.getLogger(__name__)


class Rejected(NamedTuple):
    """A message that cannot be sent as it is. `reason` is a code."""

    body: str
    reason: str
    attributes: Mapping[str, object] = MappingProxyType({})

    @classmethod
    def of(cls, firing: Firing, reason: str) -> Rejected:
        """Give a firing that the queue refused, in characters that a queue takes.

        So it can be sent back to the queue once the reason is gone.
        """
        plain = message.escaped(message.body(firing))
        return cls(plain, reason, message.attributes(firing))


class DeadLetters:
    """The queue of them; without one they are only logged and counted."""

    def __init__(self, aws: Aws, url: str | None, metrics: Meter) -> None:
        """Take the queue's URL."""
        self._aws = aws
        self._url = url
        self._metrics = metrics

    def put(self, letters: Sequence[Rejected]) -> AwsError | None:
        """Put them aside; give the error when that has to be tried again."""
        for letter in letters:
            error = self._put(letter) if self._url else None
            if error is not None:
                return error
            self._metrics.count(TimerMetric.FIRINGS_REJECTED)
            logger.error("firing rejected", extra={"code": letter.reason})
        return None

    def _put(self, letter: Rejected) -> AwsError | None:
        """Send one: there are few, and each may be refused."""
        reason = {message.REASON: {"DataType": "String", "StringValue": letter.reason}}
        parameters: dict[str, Any] = {
            "QueueUrl": self._url,
            "MessageBody": letter.body,
            "MessageAttributes": {**letter.attributes, **reason},
        }
        try:
            self._aws.call("sqs", "SendMessage", parameters)
        except AwsError as error:
            if message.is_refused(error.code):
                logger.error("dead letter refused", extra={"code": error.code})  # noqa: TRY400 - no trace
                return None
            return error
        return None
