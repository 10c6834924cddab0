"""What becomes of a message whose delivery failed."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.sinks.outcome import (
    Ending,
    Outcome,
    backoff,
    ending_of,
    pause_after,
    reopening,
)
from cdk_streamer_runtime.sinks.record import Message
from cdk_streamer_runtime.sinks.rejected import RejectedQueue
from cdk_streamer_runtime.sinks.world import Platform

logger = logging.getLogger(__name__)


class Judge:
    """Decides by what was raised; `unavailable` are exceptions that the author counts as that."""

    def __init__(
        self,
        rejected: RejectedQueue,
        unavailable: Sequence[type[Exception]],
        platform: Platform,
    ) -> None:
        """Take the queue of rejected messages."""
        self._rejected = rejected
        self._unavailable = unavailable
        self._platform = platform

    def ending(self, error: Exception) -> Ending:
        """Tell what an exception means."""
        return ending_of(error, self._unavailable)

    def outcome(self, message: Message, error: Exception, until: int | None) -> Outcome:
        """Decide; a message is rejected here. The circuit is open `until`, if it is."""
        _log(message, error)
        ending = self.ending(error)
        if ending is Ending.REJECTED:
            return self._reject(message, error)
        now, uniform = self._platform.clock(), self._platform.uniform()
        visible_at = now + pause_after(error, message.record.attempt, uniform)
        if until is not None:
            visible_at = max(visible_at, reopening(until, now, uniform))
        return Outcome(ending=ending, visible_at=visible_at)

    def given_up(self, message: Message) -> Outcome:
        """Decide about one whose delivery does not end."""
        again = backoff(message.record.attempt, self._platform.uniform())
        return Outcome(ending=Ending.UNAVAILABLE, visible_at=self._platform.clock() + again)

    def _reject(self, message: Message, error: Exception) -> Outcome:
        try:
            self._rejected.put(message, str(error) or type(error).__name__)
        except AwsError as fault:
            extra = {"message_id": message.id, "code": fault.code}
            logger.error("record not rejected", extra=extra)  # noqa: TRY400 - no trace
            again = backoff(message.record.attempt, self._platform.uniform())
            return Outcome(ending=Ending.FAILED, visible_at=self._platform.clock() + again)
        return Outcome(ending=Ending.REJECTED)


def _log(message: Message, error: Exception) -> None:
    """Log what was wrong, in the author's own words: the last place that has them for sure."""
    extra = {
        "message_id": message.id,
        "attempt": message.record.attempt,
        "error": type(error).__name__,
    }
    logger.error("delivery failed", extra=extra, exc_info=error)
