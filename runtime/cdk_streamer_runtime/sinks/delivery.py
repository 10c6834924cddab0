"""One pass over a batch: what is remembered is left out, the rest is delivered at its pace."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.sinks.batch import Batch
from cdk_streamer_runtime.sinks.calls import Answer, Calls
from cdk_streamer_runtime.sinks.claims import Claims
from cdk_streamer_runtime.sinks.deadline import Deadline
from cdk_streamer_runtime.sinks.insistence import insisted
from cdk_streamer_runtime.sinks.judge import Judge
from cdk_streamer_runtime.sinks.outcome import OUTAGE, Ending, Outcome, backoff
from cdk_streamer_runtime.sinks.record import Message
from cdk_streamer_runtime.sinks.world import Downstream, Platform

logger = logging.getLogger(__name__)


class Turn(Protocol):
    """When something may begin: `turns.Turns` or `turns.AnyTime`."""

    @property
    def most(self) -> int:
        """How many may begin together."""
        ...

    def wait(self, units: int, latest: int, delivery: float | None, /) -> Outcome | None:
        """Wait for it; give what becomes of those that wait when there is none."""
        ...

    def begin(self) -> bool:
        """Use it; tell whether it was not over by now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The delivery of one batch; without a `downstream` nobody asks or tells the circuit."""

    batch: Batch
    calls: Calls
    claims: Claims
    turns: Turn
    judge: Judge
    downstream: Downstream | None
    deadline: Deadline
    platform: Platform

    def run(self) -> None:
        """Do it: something becomes of each message."""
        batch = self.batch
        now = self.platform.clock()
        # Half of the time is for what is claimed.
        self.claims.claim(batch, self.deadline.end, (now + self._latest) // 2)
        alone = not self.calls.together
        while waiting := batch.waiting:
            several = waiting[: 1 if alone else self.turns.most]
            hindrance = self._hindrance(waiting if not self.calls.together else several)
            if hindrance is not None:
                self._hand_back(waiting, hindrance)
                break
            batch.begin(several)
            answer = self.calls.deliver([message.record for message in several])
            is_known = not batch.end()
            if answer.is_refused and len(several) > 1:
                alone = True  # whose fault it is comes out when each is delivered by itself
            else:
                self._judge(several, answer, is_known=is_known)
        self.claims.release(batch)

    # --- before a call ---

    @property
    def _latest(self) -> int:
        return self.deadline.latest(self.calls.needed)

    def _hindrance(self, messages: Sequence[Message]) -> Outcome | None:
        """Wait until a call may begin; give what becomes of all that wait if none may."""
        while True:
            found = self._closed_off() or self._wait(messages) or self._closed_off()
            if found is not None or self.turns.begin():
                return found

    def _wait(self, messages: Sequence[Message]) -> Outcome | None:
        latest, units = self._latest, len(messages)
        try:
            return insisted(
                lambda: self.turns.wait(units, latest, self.calls.mean), latest, self.platform
            )
        except AwsError as error:  # of the table: nobody knows whose turn it is
            logger.warning("turn not reserved", extra={"code": error.code})
            again = backoff(messages[0].record.attempt, self.platform.uniform(), OUTAGE)
            return Outcome(ending=Ending.HANDED_BACK, visible_at=self.platform.clock() + again)

    def _closed_off(self) -> Outcome | None:
        now = self.platform.clock()
        if self.downstream is None or self.downstream.closed_off(now) is None:
            return None
        return Outcome(ending=Ending.HANDED_BACK, visible_at=now)

    def _hand_back(self, messages: Sequence[Message], outcome: Outcome) -> None:
        for message in messages:
            if self.batch.outcome(message) is None:
                self.batch.settle(message, self._later(message, outcome))

    def _later(self, message: Message, outcome: Outcome) -> Outcome:
        """Have what gets no turn come again late: others take the turns, and receives are few."""
        if outcome.ending is not Ending.THROTTLED:
            return outcome
        again = backoff(message.record.attempt, self.platform.uniform(), OUTAGE)
        return replace(outcome, visible_at=max(outcome.visible_at, self.platform.clock() + again))

    # --- after a call ---

    def _judge(self, messages: Sequence[Message], answer: Answer, *, is_known: bool) -> None:
        """Decide what becomes of each; of what was given up the circuit knows already."""
        faults = answer.faults
        # What is done is done, even behind a message that failed.
        for message in messages:
            if message.id not in faults:
                self.claims.done(message)
                self.batch.settle(message, Outcome(ending=Ending.DONE))
        if not is_known:
            self._tell(answer)
        groups: set[str | None] = set()
        for message in messages:
            if message.id not in faults or self.batch.outcome(message) is not None:
                continue
            if self.batch.fifo:
                # Of a group only the first has failed, and it may be gone: the others are next.
                if message.record.group in groups:
                    continue
                groups.add(message.record.group)
            outcome = self.judge.outcome(message, faults[message.id], self._latest)
            self.batch.settle(message, outcome)

    def _tell(self, answer: Answer) -> None:
        """Tell the circuit of a call."""
        if self.downstream is None:
            return
        endings = {self.judge.ending(error) for error in answer.faults.values()}
        if Ending.UNAVAILABLE in endings:
            self.downstream.failed(self.platform.clock())
        elif not endings:
            self.downstream.succeeded()
