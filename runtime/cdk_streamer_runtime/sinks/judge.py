"""What becomes of a message whose delivery failed."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from cdk_streamer_runtime.errors import AwsError, Permanent
from cdk_streamer_runtime.sinks.failures import Failures
from cdk_streamer_runtime.sinks.insistence import insisted
from cdk_streamer_runtime.sinks.outcome import (
    OUTAGE,
    SHORTEST,
    UNWELL,
    Ending,
    Outcome,
    backoff,
    ending_of,
    pause_after,
)
from cdk_streamer_runtime.sinks.record import Message
from cdk_streamer_runtime.sinks.side_queue import SideQueue
from cdk_streamer_runtime.sinks.world import Platform

logger = logging.getLogger(__name__)

# Of its own, that a message has from its last receive on: of those before it may have wasted all
# behind another one of its group.
LAST_CHANCES = 3


class Judge:
    """Decides by what was raised; `unavailable` are exceptions that the author counts as that.

    With `dead_letters` a message that fails after `most` receives is put there, where in a FIFO
    queue all that waits behind it would be received, and forsaken, as often as it is.
    """

    def __init__(
        self,
        *,
        rejected: SideQueue,
        dead_letters: SideQueue | None,
        most: int | None,
        failures: Failures,
        unavailable: Sequence[type[Exception]],
        platform: Platform,
    ) -> None:
        """Take the queues."""
        self._rejected = rejected
        self._dead_letters = dead_letters
        self._most = most
        self._failures = failures
        self._unavailable = unavailable
        self._platform = platform

    def ending(self, error: Exception) -> Ending:
        """Tell what an exception means."""
        return ending_of(error, self._unavailable)

    def outcome(self, message: Message, error: Exception, latest: int) -> Outcome:
        """Decide, and put aside what is to be; by `latest`, if its queue can take it."""
        _log(message, error)
        ending, attempt = self.ending(error), message.record.attempt
        if ending is Ending.REJECTED:
            return self._put(self._rejected, message, error, ending, latest)
        dead, most = self._dead_letters, self._most
        if ending is Ending.FAILED and dead is not None and most is not None and attempt >= most:
            return self._last_chance(dead, message, error, latest)
        now, uniform = self._platform.clock(), self._platform.uniform()
        first = UNWELL if ending is Ending.UNAVAILABLE else SHORTEST
        return Outcome(ending=ending, visible_at=now + pause_after(error, attempt, uniform, first))

    def given_up(self, message: Message, ending: Ending) -> Outcome:
        """Decide about one whose delivery does not end, or does not begin because of that."""
        again = backoff(message.record.attempt, self._platform.uniform(), UNWELL)
        return Outcome(ending=ending, visible_at=self._platform.clock() + again)

    def _last_chance(
        self, dead: SideQueue, message: Message, error: Exception, latest: int
    ) -> Outcome:
        try:
            failures = insisted(lambda: self._failures.add(message.id), latest, self._platform)
        except AwsError as fault:
            return self._later(message, fault)
        if failures >= LAST_CHANCES:
            return self._put(dead, message, error, Ending.FORSAKEN, latest)
        again = backoff(failures, self._platform.uniform(), UNWELL)
        return Outcome(ending=Ending.FAILED, visible_at=self._platform.clock() + again)

    def _put(
        self, queue: SideQueue, message: Message, error: Exception, ending: Ending, latest: int
    ) -> Outcome:
        reason = _words(error) or type(error).__name__
        try:
            insisted(lambda: queue.put(message, reason), latest, self._platform)
        except AwsError as fault:
            return self._later(message, fault)
        return Outcome(ending=ending)

    def _later(self, message: Message, fault: AwsError) -> Outcome:
        extra = {"message_id": message.id, "code": fault.code}
        logger.error("record not put aside", extra=extra)
        again = backoff(message.record.attempt, self._platform.uniform(), OUTAGE)
        return Outcome(ending=Ending.FAILED, visible_at=self._platform.clock() + again)


def _log(message: Message, error: Exception) -> None:
    """Log what was wrong, in the author's own words: the last place that has them for sure."""
    extra = {
        "message_id": message.id,
        "attempt": message.record.attempt,
        "error": type(error).__name__,
    }
    words = _words(error)
    if isinstance(error, Permanent):
        # What its author decided on; the reason is all that there is to say.
        logger.warning("delivery failed", extra=extra | {"reason": words})
    else:
        logger.error("delivery failed", extra=extra, exc_info=None if words is None else error)


def _words(error: Exception) -> str | None:
    """Give the text of an exception; None: it raises one itself, as the author wrote it."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - the others of its batch must not suffer
        return None
