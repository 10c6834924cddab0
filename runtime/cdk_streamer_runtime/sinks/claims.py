"""What a batch has claimed of the memory: its own messages, and no one else's meanwhile."""

from __future__ import annotations

import logging

from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.sinks.batch import Batch
from cdk_streamer_runtime.sinks.insistence import insisted
from cdk_streamer_runtime.sinks.memory import CLOCKS, Claim, Claimed, Held, Memory
from cdk_streamer_runtime.sinks.outcome import OUTAGE, Ending, Outcome, backoff
from cdk_streamer_runtime.sinks.record import Message
from cdk_streamer_runtime.sinks.world import Platform

logger = logging.getLogger(__name__)


class Claims:
    """The claims of one batch; without a memory every message is to be delivered."""

    def __init__(self, memory: Memory | None, platform: Platform) -> None:
        """Claim nothing yet."""
        self._memory = memory
        self._platform = platform
        self._claims: dict[str, Claimed] = {}

    def claim(self, batch: Batch, end: int, latest: int) -> None:
        """Claim all messages until `end`; what is not to be delivered now is settled.

        What cannot be claimed is tried again until `latest`.
        """
        memory, messages = self._memory, batch.waiting
        if memory is None:
            return
        answers = [
            *self._platform.each(lambda each: self._claim(memory, each, end, latest), messages)
        ]
        for message, claim in zip(messages, answers, strict=True):
            if isinstance(claim, Claimed):
                self._claims[message.id] = claim
        for message, claim in zip(messages, answers, strict=True):
            # In a FIFO queue one that waits has settled those behind it.
            if not isinstance(claim, Claimed) and batch.outcome(message) is None:
                batch.settle(message, self._outcome(message, claim))

    def done(self, message: Message) -> None:
        """Remember it; what could not be remembered may be delivered twice."""
        if self._memory is None or self._claims.pop(message.id, None) is None:
            return
        try:
            self._memory.done(message.record.key)
        except AwsError as error:
            extra = {"message_id": message.id, "code": error.code}
            logger.warning("delivery not remembered", extra=extra)

    def release(self, batch: Batch) -> None:
        """Give back the claims of messages that were not delivered."""
        memory, claims = self._memory, self._claims
        if memory is None or not claims:
            return
        held = [message for message in batch.messages if message.id in claims]
        self._claims = {}
        for _ in self._platform.each(lambda each: _release(memory, each, claims[each.id]), held):
            pass

    def _claim(self, memory: Memory, message: Message, end: int, latest: int) -> Claim | AwsError:
        try:
            return insisted(lambda: memory.claim(message.record.key, end), latest, self._platform)
        except AwsError as error:
            extra = {"message_id": message.id, "code": error.code}
            logger.warning("delivery not claimed", extra=extra)
            return error

    def _outcome(self, message: Message, claim: Claim | AwsError) -> Outcome:
        now, uniform = self._platform.clock(), self._platform.uniform()
        if isinstance(claim, Held):
            pause = max(claim.until - now, 0) + CLOCKS
        elif isinstance(claim, AwsError):
            pause = backoff(message.record.attempt, uniform, OUTAGE)
        else:
            return Outcome(ending=Ending.REPEATED)
        return Outcome(ending=Ending.HANDED_BACK, visible_at=now + pause)


def _release(memory: Memory, message: Message, claim: Claimed) -> None:
    try:
        memory.release(message.record.key, claim)
    except AwsError as error:
        extra = {"message_id": message.id, "code": error.code}
        logger.warning("claim not released", extra=extra)
