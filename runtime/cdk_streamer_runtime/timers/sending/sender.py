"""Hands firings to the fan-out queue: the hot path, ten messages a call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract import MAX_DELAY_SECONDS
from cdk_streamer_runtime.contract.timers import TimerMetric
from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AwsError, Unreachable
from cdk_streamer_runtime.timers.faults import FiringsUnsent
from cdk_streamer_runtime.timers.firing import Firing
from cdk_streamer_runtime.timers.sending import message
from cdk_streamer_runtime.timers.sending.dead_letters import DeadLetters, Rejected
from cdk_streamer_runtime.timers.table.persistence import may_pass
from cdk_streamer_runtime.timers.world import Meter, Platform

BATCH = 10
BATCH_BYTES = 256 * 1024
# Pauses are random, from 0 to PAUSE doubled each time, in milliseconds.
PAUSE, LONGEST_PAUSE = 100, 5_000
PATIENCE = 5_000
_SERVER_FAULT = 500  # an entry has no status of its own: it may be taken later


class _Outcome(NamedTuple):
    """What became of a batch: what may come again, and why, and what never can."""

    waiting: list[Firing]
    rejected: list[Rejected]
    error: AwsError | None


class Sender:
    """Sends firings, each to be visible at its moment and never before.

    What the queue refuses for ever is a dead letter, and hurts no neighbor. All else is tried
    again, so that a firing may be sent twice.
    """

    def __init__(
        self,
        aws: Aws,
        queue_url: str,
        dead_letter_queue_url: str | None,
        platform: Platform,
        metrics: Meter,
    ) -> None:
        """Take the queue; without one for dead letters these are only logged and counted."""
        self._aws = aws
        self._url = queue_url
        self._platform = platform
        self._metrics = metrics
        self._dead_letters = DeadLetters(aws, dead_letter_queue_url, metrics)

    def send(self, firings: Sequence[Firing], until: int | None = None) -> None:
        """Send all of them; raises FiringsUnsent when some are not taken.

        Nothing is sent at or after `until`, in milliseconds; without it some seconds are enough.
        """
        end = self._platform.clock() + PATIENCE if until is None else until
        # All have ended before the first error is told: nothing is sent behind anybody's back.
        errors = list(self._platform.each(partial(self._deliver, until=end), batches(firings)))
        for error in errors:
            if error is not None:
                raise FiringsUnsent(error.code) from error

    def reject(self, letters: Sequence[Rejected]) -> None:
        """Put to the dead letters what nobody can send; raises FiringsUnsent."""
        error = self._dead_letters.put(letters)
        if error is not None:
            raise FiringsUnsent(error.code) from error

    def _deliver(self, batch: list[Firing], until: int) -> AwsError | None:
        """Send a batch until all of it is taken or refused; give what it failed with else."""
        waiting, rejected, attempt = batch, list[Rejected](), 0
        if self._platform.clock() >= until:
            return Unreachable("OutOfTime", "", 0, "SendMessageBatch")
        while True:
            waiting, refused, error = self._attempt(waiting)
            rejected += refused
            if error is None:
                return self._dead_letters.put(rejected) if rejected else None
            self._metrics.count(TimerMetric.SEND_RETRIES, len(waiting))
            attempt += 1
            if not may_pass(error) or not self._pause(attempt, until):
                return error

    def _attempt(self, firings: list[Firing]) -> _Outcome:
        now = self._platform.clock()
        delays = [_delay(firing, now) for firing in firings]
        entries = [
            _entry(index, firing, delay)
            for index, (firing, delay) in enumerate(zip(firings, delays, strict=True))
        ]
        parameters = {"QueueUrl": self._url, "Entries": entries}
        try:
            answer = self._aws.call("sqs", "SendMessageBatch", parameters)
        except AwsError as error:
            if not message.is_refused(error.code):
                return _Outcome(firings, [], error)
            if len(firings) == 1:
                return _Outcome([], [Rejected.of(firings[0], error.code)], None)
            return self._apart(firings)
        failed = answer.get("Failed")
        taken = len(firings) - len(failed or ())
        if taken:
            self._metrics.count(TimerMetric.ENQUEUED, taken)
            # The worst of a batch stands for its ten: each value would be a log of megabytes.
            late = [
                now + (delay - firing.fire_at) * 1000
                for firing, delay in zip(firings, delays, strict=True)
            ]
            self._metrics.milliseconds(TimerMetric.FIRE_LATENESS, max(0, *late))
        return _judged(firings, failed) if failed else _Outcome([], [], None)

    def _apart(self, firings: list[Firing]) -> _Outcome:
        """Send in two halves what is refused as a whole, to find who is to blame."""
        middle = len(firings) // 2
        first, second = self._attempt(firings[:middle]), self._attempt(firings[middle:])
        return _Outcome(
            first.waiting + second.waiting,
            first.rejected + second.rejected,
            first.error or second.error,
        )

    def _pause(self, attempt: int, until: int) -> bool:
        """Wait before the next attempt; tell whether there is time for one."""
        longest = min(LONGEST_PAUSE, PAUSE << min(attempt - 1, 10))
        pause = max(int(self._platform.uniform() * longest), 1)
        if self._platform.clock() + pause >= until:
            return False
        self._platform.sleep(pause)
        return True


def batches(firings: Sequence[Firing]) -> Iterator[list[Firing]]:
    """Give them in batches that one call takes."""
    batch: list[Firing] = []
    total = 0
    for firing in firings:
        size = message.bytes_of(firing)
        if len(batch) == BATCH or (batch and total + size > BATCH_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(firing)
        total += size
    if batch:
        yield batch


def _entry(index: int, firing: Firing, delay: int) -> dict[str, object]:
    return {
        "Id": str(index),
        "MessageBody": message.body(firing),
        "DelaySeconds": delay,
        "MessageAttributes": message.attributes(firing),
    }


def _delay(firing: Firing, now: int) -> int:
    """Give the whole seconds to wait, rounded up: never early."""
    return min(max(-(-(firing.fire_at * 1000 - now) // 1000), 0), MAX_DELAY_SECONDS)


def _judged(firings: list[Firing], failed: Sequence[Mapping[str, Any]]) -> _Outcome:
    """Part the failed entries into those to be sent again and those that never will be taken."""
    waiting: list[Firing] = []
    rejected: list[Rejected] = []
    error: AwsError | None = None
    for entry in failed:
        firing, code = firings[int(entry["Id"])], str(entry["Code"])
        if entry.get("SenderFault") and not message.is_queues_fault(code):
            rejected.append(Rejected.of(firing, code))
        else:
            waiting.append(firing)
            error = aws_error(code, "", _SERVER_FAULT, "SendMessageBatch")
    return _Outcome(waiting, rejected, error)
