"""One lane of a shard: which batch is next, and what follows from how it ended.

Values in, values out: whoever drives a lane has the clock, calls the function, and does what each
move says.

    while True:
        match lane.next(now):
            case Invoke(batch=batch): ...          # then lane = lane.answered(answer, now).lane
            case Discard(lane=lane, ...): ...      # tell the on-failure destination
            case Wait(until=until): ...            # until then, or more records

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html#kinesis-polling-and-batching
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from cdk_streamer_local.pollers.answer import Answer, NotInvoked, Raised, Responded, succeeded
from cdk_streamer_local.pollers.record import Batch, Record
from cdk_streamer_local.pollers.settings import Settings

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: of a synchronous request
PAYLOAD_BYTES = 6 * 1024 * 1024
_ENVELOPE_BYTES = len('{"Records":[]}')
_COMMA_BYTES = 1
# Lambda backs off too, and does not say how; this suits somebody who is waiting.
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 10.0


class Condition(StrEnum):
    """Why records are given up."""

    RETRIES = "RetryAttemptsExhausted"
    AGE = "RecordAgeExceeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded:
    """Records that are given up; `error` is set if the last invocation raised."""

    batch: Batch
    condition: Condition
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoke:
    """Call the function with this batch, and tell the lane how that ended."""

    lane: Lane
    batch: Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Discard:
    """Tell the on-failure destination, and go on with this lane."""

    lane: Lane
    discarded: Discarded


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing is due before that time; None: before more records come, or an invocation ends."""

    until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The lane after an invocation; `discarded` is what it gives up by that."""

    lane: Lane
    discarded: Discarded | None = None


Move: TypeAlias = Invoke | Discard | Wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Records of one shard in their order: `pending` batches first, then those `waiting`.

    While it is `invoked`, the first pending batch is with the function. `opened` is when the
    window of the next batch began.
    """

    settings: Settings
    waiting: tuple[Record, ...] = ()
    pending: tuple[Batch, ...] = ()
    opened: float = 0.0
    invoked: bool = False

    @property
    def checkpoint(self) -> str | None:
        """Give the lowest sequence number that is not done; None when all are."""
        records = self.pending[0].records if self.pending else self.waiting
        return records[0].sequence if records else None

    @property
    def length(self) -> int:
        """Count the records that are not done."""
        return sum(len(batch.records) for batch in self.pending) + len(self.waiting)

    @property
    def oldest(self) -> float | None:
        """Give when the first of them came; None when all are done."""
        records = self.pending[0].records if self.pending else self.waiting
        return records[0].arrived if records else None

    @property
    def attempts(self) -> int:
        """Count the failed invocations of the batch that is due."""
        return self.pending[0].failures if self.pending else 0

    def took(self, records: tuple[Record, ...], now: float) -> Lane:
        """Give the lane with more records, which come after all that it has."""
        if not records:
            return self
        opened = self.opened if self.waiting else now
        return replace(self, waiting=(*self.waiting, *records), opened=opened)

    def next(self, now: float) -> Move:
        """Give what to do now."""
        if self.invoked:
            return Wait()
        if not self.pending:
            gathered = self._gathered(now)
            return self._wait_for_window() if gathered is self else gathered.next(now)
        batch, age = self.pending[0], self.settings.age_seconds
        expired = 0 if age is None else _expired(batch, now - age)
        if expired:
            return self._discard_expired(batch, expired)
        if batch.not_before > now:
            expiry = float("inf") if age is None else batch.records[0].arrived + age
            return Wait(until=min(batch.not_before, expiry))
        return Invoke(lane=replace(self, invoked=True), batch=batch)

    def answered(self, answer: Answer, now: float) -> Settled:
        """Give the lane after its invocation ended."""
        if not self.invoked:
            raise ValueError("the lane has no batch with the function; do what next() says first")
        batch = self.pending[0]
        match answer:
            case NotInvoked():
                return self._went_on((_paused(batch, now),))
            case Raised(error=error):
                return self._failed(_invoked_once_more(batch), 0, now, error)
            case Responded(response=response):
                tried = _invoked_once_more(batch)
                done = len(batch.records)
                if self.settings.partial:
                    done = succeeded(response, batch.sequences)
                if done == len(batch.records):
                    return self._went_on(())
                return self._failed(tried, done, now, None)

    def _wait_for_window(self) -> Wait:
        return Wait(until=self.opened + self.settings.window_seconds if self.waiting else None)

    def _gathered(self, now: float) -> Lane:
        """Give the lane with its next batch, if that is full or its window has ended."""
        count = self._fitting()
        full = count == self.settings.batch_size or count < len(self.waiting)
        if not count or not (full or now >= self.opened + self.settings.window_seconds):
            return self
        batch = Batch(records=self.waiting[:count])
        return replace(self, waiting=self.waiting[count:], pending=(batch,), opened=now)

    def _fitting(self) -> int:
        """Count the waiting records that fit into one batch; the first one always does."""
        size = _ENVELOPE_BYTES
        for count, record in enumerate(self.waiting[: self.settings.batch_size]):
            size += record.size + _COMMA_BYTES
            if count and size > PAYLOAD_BYTES:
                return count
        return min(len(self.waiting), self.settings.batch_size)

    def _discard_expired(self, batch: Batch, count: int) -> Discard:
        gone, left = replace(batch, records=batch.records[:count]), batch.records[count:]
        kept = (replace(batch, records=left),) if left else ()
        return Discard(
            lane=replace(self, pending=(*kept, *self.pending[1:])),
            discarded=Discarded(batch=gone, condition=Condition.AGE),
        )

    def _failed(self, batch: Batch, done: int, now: float, error: str | None) -> Settled:
        """Give the lane after a batch of which only so many records are done."""
        left = replace(batch, records=batch.records[done:])
        # Splitting does not count as a retry. A response that names the first record leaves
        # nothing to split at, so that is a failure of the whole: halves.
        if self.settings.bisect and done:
            return self._went_on((replace(left, pauses=0),))
        if self.settings.bisect and len(left.records) > 1:
            return self._went_on(_halves(left))
        left = replace(left, failures=left.failures + 1)
        retries = self.settings.retries
        if retries is not None and left.failures > retries:
            discarded = Discarded(batch=left, condition=Condition.RETRIES, error=error)
            return replace(self._went_on(()), discarded=discarded)
        return self._went_on((_paused(left, now),))

    def _went_on(self, left: tuple[Batch, ...]) -> Settled:
        """Give the lane with what is left of the batch that was with the function."""
        lane = replace(self, invoked=False, pending=(*left, *self.pending[1:]))
        return Settled(lane=lane)


def _expired(batch: Batch, oldest: float) -> int:
    """Count the records at the front that are too old to be sent."""
    young = (at for at, record in enumerate(batch.records) if record.arrived > oldest)
    return next(young, len(batch.records))


def _invoked_once_more(batch: Batch) -> Batch:
    return replace(batch, invocations=batch.invocations + 1)


def _paused(batch: Batch, now: float) -> Batch:
    pause = min(_FIRST_PAUSE_SECONDS * 2.0 ** min(batch.pauses, 30), _LONGEST_PAUSE_SECONDS)
    return replace(batch, pauses=batch.pauses + 1, not_before=now + pause)


def _halves(batch: Batch) -> tuple[Batch, Batch]:
    middle = (len(batch.records) + 1) // 2
    first, second = batch.records[:middle], batch.records[middle:]
    return (
        replace(batch, records=first, pauses=0, not_before=0.0),
        replace(batch, records=second, pauses=0, not_before=0.0),
    )
