"""Waits for a worker's turn: slots that it has reserved, and others when it was too late."""

from __future__ import annotations

import sys
from collections import deque

from cdk_streamer_runtime.contract.sinks import SinkMetric, SinkRow
from cdk_streamer_runtime.limits.pace import Refused
from cdk_streamer_runtime.limits.reservations import Reservations
from cdk_streamer_runtime.sinks.outcome import SPREAD, Ending, Outcome
from cdk_streamer_runtime.sinks.pacing import Pacing, Slot
from cdk_streamer_runtime.sinks.world import Meter, Platform


class AnyTime:
    """Turns where there is no rate: there is one whenever there is time."""

    def __init__(self, platform: Platform) -> None:
        """Take the machine."""
        self._platform = platform

    @property
    def most(self) -> int:
        """How many may begin together: all that there ever are."""
        return sys.maxsize

    def wait(self, units: int, latest: int, delivery: float | None) -> Outcome | None:
        """Give what becomes of those that wait when it is too late."""
        del units, delivery
        now = self._platform.clock()
        return _out_of_time(now, self._platform) if now > latest else None

    def begin(self) -> bool:
        """Tell that it may."""
        return True


class Turns:
    """The turns of one batch, at a pace that all workers share."""

    def __init__(
        self,
        pacing: Pacing,
        reservations: Reservations,
        *,
        longest_wait: int,
        platform: Platform,
        metrics: Meter,
    ) -> None:
        """Reserve nothing yet; no turn is further away than `longest_wait`, in milliseconds."""
        self._pacing = pacing
        self._reservations = reservations
        self._longest_wait = longest_wait
        self._platform = platform
        self._metrics = metrics
        self._slots: deque[Slot] = deque()
        self.most = pacing.usable(pacing.pace.burst, longest_wait, 0)
        self._delay = 0  # of the last reservation's answer, beyond what turns allow for

    def wait(self, units: int, latest: int, delivery: float | None) -> Outcome | None:
        """Wait for the next turn; give what becomes of those that wait when there is none.

        That is so when it is after `latest`, or when all turns for a long time are others'.
        """
        while True:
            if not self._slots:
                refused = self._reserve(units, delivery)
                if refused is not None:
                    return refused
            slot = self._slots[0]
            now = self._platform.clock()
            if max(now, slot.at) > latest:
                return _out_of_time(now, self._platform)
            if now < slot.at:
                self._platform.sleep(slot.at - now)
            if self._platform.clock() <= slot.last:
                return None
            self._slots.clear()

    def begin(self) -> bool:
        """Use the turn that was waited for; tell whether it was not over by now."""
        if self._platform.clock() <= self._slots[0].last:
            self._slots.popleft()
            return True
        self._slots.clear()
        return False

    def _reserve(self, wanted: int, delivery: float | None) -> Outcome | None:
        pacing, asked = self._pacing, self._platform.clock()
        units = pacing.usable(wanted, self._longest_wait, delivery)
        # The first slot is not to be over when the answer comes: it takes as long as the last one.
        lead = pacing.lead + self._delay
        decision = self._reservations.take(
            SinkRow.PACE,
            pacing.pace,
            asked + lead,
            cost=units,
            max_wait=self._longest_wait - lead,
            kept=pacing.pace.refill + self._longest_wait // 1000,
        )
        now = self._platform.clock()
        if isinstance(decision, Refused):
            soon = _soon(now + decision.retry_after, self._platform)
            return Outcome(ending=Ending.THROTTLED, visible_at=soon)
        self._delay = min(max(now - asked - pacing.patience, 0), self._longest_wait // 2)
        self._slots.extend(pacing.slots(decision, units))
        self._metrics.milliseconds(SinkMetric.PACE_WAIT, max(self._slots[0].at - now, 0))
        return None


def _out_of_time(now: int, platform: Platform) -> Outcome:
    return Outcome(ending=Ending.HANDED_BACK, visible_at=_soon(now, platform))


def _soon(moment: int, platform: Platform) -> int:
    return moment + int(platform.uniform() * SPREAD)
