"""Sees to it that all is as a sink's standing says: the mapping, the trial that is due, the wakeup.

Whatever it is woken by, it compares and repairs. Two may do so at the same time, and each may die
between any two calls: whoever comes next finds what is left to do.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from cdk_streamer_runtime.breaker import Breaker
from cdk_streamer_runtime.contract.sinks import SinkMetric
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.sinks.circuits import Circuits
from cdk_streamer_runtime.sinks.control.held import HeldMessages
from cdk_streamer_runtime.sinks.control.polling import Polling, Turn
from cdk_streamer_runtime.sinks.control.prober import (
    BEGUN_WITHIN,
    Finding,
    Found,
    Prober,
    Trial,
)
from cdk_streamer_runtime.sinks.standing import Standing
from cdk_streamer_runtime.sinks.wakeups import Wakeups
from cdk_streamer_runtime.sinks.world import Meter, Platform

logger = logging.getLogger(__name__)

_ATTEMPTS = 10
_BUSY = 15_000  # milliseconds after which what could not be done just now is done again
_SOON = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What somebody came for: to `check` the mapping itself, and to make the trial that is due.

    `woken` is he for whom a wakeup was sent: if it is too early he needs another one. `time` is
    what his invocation has left, in milliseconds; without any he makes no trial.
    """

    check: bool = False
    woken: bool = False
    time: int = 0


class Settling:
    """Compares and repairs; raises AwsError, and then has to be asked again."""

    def __init__(
        self,
        *,
        circuits: Circuits,
        breaker: Breaker | None,
        polling: Polling,
        held: HeldMessages,
        prober: Prober,
        wakeups: Wakeups | None,
        platform: Platform,
        metrics: Meter,
    ) -> None:
        """Take the parts; without a breaker the circuit never opens, but operators may pause."""
        self._circuits = circuits
        self._breaker = breaker
        self._polling = polling
        self._held = held
        self._prober = prober
        self._wakeups = wakeups
        self._platform = platform
        self._metrics = metrics

    def see_to(self, errand: Errand) -> Standing:
        """Do what there is to do, one trial at most, and give how the sink stands then."""
        standing = self._polled(self._guarded(self._circuits.read()), check=errand.check)
        now = self._platform.clock()
        if self._breaker is not None and standing.is_waiting:
            if now < standing.circuit.until:
                standing = self._awaited(standing, again=errand.woken)
            elif errand.time < (self._breaker.trial_time or 0):
                self._wake(standing, _SOON)
            else:
                tried = self._tried(standing, self._breaker)
                standing = self._polled(tried, check=tried.version != standing.version)
        if standing.is_closed:
            self._held.release(self._held.all())
        return standing

    def _guarded(self, standing: Standing) -> Standing:
        """Close what nobody would ever try: the circuit of a sink that has no breaker any more."""
        for _ in range(_ATTEMPTS):
            if self._breaker is not None or standing.is_closed:
                break
            after = standing.unguarded(self._platform.clock())
            standing = self._circuits.write(standing, after) or after
        return standing

    # --- the mapping --------------------------------------------------------------------------

    def _polled(self, standing: Standing, *, check: bool) -> Standing:
        """Turn the mapping as it should be; give the standing for which it is so."""
        for _ in range(_ATTEMPTS):
            is_noted = standing.paused == standing.is_off
            if is_noted and not check:
                return standing
            turn = self._polling.turn(on=not standing.is_off)
            if turn is Turn.BUSY:
                self._again(_BUSY)
                return standing
            if turn is Turn.AS_IT_WAS and is_noted:
                return standing
            # Somebody may have changed the standing while the mapping was turned.
            other = self._noted(replace(standing, paused=standing.is_off))
            if other is None:
                return replace(standing, paused=standing.is_off)
            standing, check = other, True
        self._again(_SOON)
        return standing

    def _noted(self, standing: Standing) -> Standing | None:
        return self._circuits.note(standing, paused=standing.paused, waker=standing.waker)

    # --- wakeups ------------------------------------------------------------------------------

    def _awaited(self, standing: Standing, *, again: bool) -> Standing:
        """See to it that somebody comes when the pause, or the trial of somebody else, is over."""
        if standing.waker == standing.version and not again:
            return standing
        self._wake(standing, standing.circuit.until - self._platform.clock())
        if standing.waker == standing.version:
            return standing
        awaited = replace(standing, waker=standing.version)
        return self._noted(awaited) or awaited

    def _wake(self, standing: Standing, wait: int) -> None:
        if self._wakeups is not None:
            self._wakeups.probe(standing.version, max(wait, _SOON))

    def _again(self, wait: int) -> None:
        if self._wakeups is not None:
            self._wakeups.again(wait)

    # --- the trial ----------------------------------------------------------------------------

    def _tried(self, standing: Standing, breaker: Breaker) -> Standing:
        """Make the trial, unless somebody else is faster; give how the sink stands after it."""
        now, id = self._platform.clock(), self._platform.new_id()
        trying = standing.trying(breaker, now, id)
        if trying is None:
            return standing
        other = self._written(standing, trying, now)
        if other is not None and other.trial != id:
            return other
        trial = Trial(
            id=id,
            before=now + BEGUN_WITHIN,
            seconds=(breaker.trial_time or breaker.pause) // 1000,
            longest_pause_seconds=breaker.longest_pause // 1000,
        )
        try:
            found = self._prober.probe(trial)
        except AwsError as error:
            logger.warning("no probe made", extra={"code": error.code})
            found = Found(finding=Finding.UNTRIED, wait=_BUSY)
        if found.finding not in {Finding.UNTRIED, Finding.NOBODY}:
            self._metrics.count(SinkMetric.PROBES)
        return self._concluded(trying, found, breaker)

    def _concluded(self, standing: Standing, found: Found, breaker: Breaker) -> Standing:
        """Store what the trial says, if it still is this one's."""
        trial = standing.trial
        logger.info("downstream tried", extra={"finding": found.finding})
        for _ in range(_ATTEMPTS):
            if found.finding is Finding.LOST or standing.trial != trial:
                return standing
            now = self._platform.clock()
            after = _after(standing, found, breaker, now)
            other = self._written(standing, after, now)
            if other is None:
                return replace(after, waker=after.version) if after.is_waiting else after
            standing = other
        return standing

    def _written(self, before: Standing, after: Standing, now: int) -> Standing | None:
        """Store it, the wakeup sent before: one that comes for nothing does no harm."""
        if after.is_waiting and self._wakeups is not None:
            self._wake(after, after.circuit.until - now)
            after = replace(after, waker=after.version)
        return self._circuits.write(before, after)


def _after(standing: Standing, found: Found, breaker: Breaker, now: int) -> Standing:
    match found.finding:
        case Finding.PASSED | Finding.NOBODY:
            return standing.passed(breaker, now)
        case Finding.FAILED:
            return standing.refused(breaker, now)
        case Finding.UNKNOWN:
            return standing.undecided(breaker, now)
        case _:
            return standing.untried(breaker, now, found.wait)
