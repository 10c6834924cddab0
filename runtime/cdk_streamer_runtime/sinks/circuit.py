"""The circuit as those see it who deliver: read once a second, written by failures alone."""

from __future__ import annotations

import logging
from threading import Lock

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.breaker import Breaker
from cdk_streamer_runtime.contract.sinks import RECONCILE_SECONDS, BreakerEnvironment, SinkMetric
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.sinks.circuits import Circuits
from cdk_streamer_runtime.sinks.standing import LATE, Standing, breaker_of
from cdk_streamer_runtime.sinks.successes import Successes
from cdk_streamer_runtime.sinks.wakeups import Wakeups
from cdk_streamer_runtime.sinks.world import Meter

logger = logging.getLogger(__name__)

_FRESH = 1_000  # milliseconds for which what was read is believed
_ATTEMPTS = 10  # others note failures at the same time, and one of them wins each time
# By then the mapping is off, and an operator's pause has no end that anybody knows.
_HELD = RECONCILE_SECONDS * 1000
_SOON, _LONGEST = 1_000, 900_000
_ABANDONED = 2 * _HELD  # the controller looks twice in that time, even if nobody wakes it


class SinkCircuit:
    """What one process knows of whom it delivers to: a `world.Downstream`.

    Nothing of it raises AwsError: who cannot be told how the downstream is had better ask it.
    """

    def __init__(
        self, circuits: Circuits, breaker: Breaker, wakeups: Wakeups | None, metrics: Meter
    ) -> None:
        """Take the stored circuit; `wakeups` wake who pauses the mapping."""
        self._circuits = circuits
        self._breaker = breaker
        self._wakeups = wakeups
        self._metrics = metrics
        self._lock = Lock()
        self._standing = Standing()
        self._read_at = -_FRESH
        self._successes = Successes()  # that nobody has noted
        self._told = -1  # the version that the controller was woken for
        self._trial = ""  # that this process makes

    def closed_off(self, now: int) -> int | None:
        """Give until when nothing is to be delivered; None: it may be."""
        with self._lock:
            standing = self._known(now)
            if self._is_mine(standing) or self._is_begun(standing, now):
                return None
            return self._until(self._standing, now)

    def succeeded(self) -> None:
        """Note a delivery that was taken: no call, it is told with the next failure."""
        with self._lock:
            self._successes.add(self._read_at)
            if self._is_mine(self._standing):
                self._write(self._standing.passed(self._breaker, self._read_at), self._read_at)

    def failed(self, now: int) -> int | None:
        """Note one that counts against the downstream, at once; then as `closed_off`."""
        with self._lock:
            standing = self._noted(self._known(now), now)
            return self._until(standing, now)

    def _known(self, now: int) -> Standing:
        if 0 <= now - self._read_at < _FRESH:
            return self._standing
        try:
            self._standing = self._circuits.read()
        except AwsError as error:
            logger.warning("circuit not read", extra={"code": error.code})
        self._read_at = now
        return self._standing

    def _noted(self, standing: Standing, now: int) -> Standing:
        for _ in range(_ATTEMPTS):
            after = (
                standing.refused(self._breaker, now)
                if self._is_mine(standing)
                else standing.failed(self._breaker, now, 1 + self._succeeded_before(standing, now))
            )
            if after is standing:
                return standing  # it is open, and this was begun before
            self._standing = standing
            written = self._write(after, now)
            standing = self._standing
            if written is None:
                return standing
            if written:
                self._successes.clear()
                if not after.is_closed:
                    self._metrics.count(SinkMetric.CIRCUIT_OPENED)
                    logger.warning("circuit opened", extra={"openings": after.circuit.openings})
                return after
        return standing

    def _succeeded_before(self, standing: Standing, now: int) -> int:
        """Count what succeeded since the first failure, or since the last if that is long ago."""
        since = standing.circuit.since
        return self._successes.since(since if now - since <= self._breaker.window else 0)

    def _write(self, after: Standing, now: int) -> bool | None:
        """Store what has become of what is known; None: there was no answer."""
        try:
            other = self._circuits.write(self._standing, after)
        except AwsError as error:
            logger.warning("circuit not written", extra={"code": error.code})
            return None
        self._standing, self._read_at = other or after, now
        return other is None

    # --- without a controller -----------------------------------------------------------------

    def _is_mine(self, standing: Standing) -> bool:
        return bool(self._trial) and standing.trial == self._trial

    def _is_begun(self, standing: Standing, now: int) -> bool:
        """Begin the trial that nobody has come to make for so long, with the next message.

        Polling goes on without a controller, and all messages would be dead letters in the end.
        """
        if not standing.is_waiting or now < standing.circuit.until + _ABANDONED:
            return False
        # Of those who make it of the same version one succeeds in storing it.
        trial = f"worker-{standing.version}"
        trying = standing.trying(self._breaker, now, trial)
        if trying is None or not self._write(trying, now):
            return False
        self._trial = trial
        self._metrics.count(SinkMetric.PROBES)
        return True

    # --- with one -----------------------------------------------------------------------------

    def _until(self, standing: Standing, now: int) -> int | None:
        if not standing.is_off:
            return None
        self._tell(standing, now)
        if standing.held:
            return max(now + _HELD, standing.circuit.until)
        # Where nobody pauses polling each return of a message is a receive, and all have a few.
        open_for = now - standing.opened_at
        stay = min(open_for, _LONGEST) if open_for >= LATE else _SOON
        return max(standing.circuit.until, standing.opened_at + LATE, now + stay)

    def _tell(self, standing: Standing, now: int) -> None:
        """Wake the controller if it has not seen to it, once for each change."""
        if self._wakeups is None or self._told == standing.version:
            return
        if standing.settled(now) and not self._is_polled(standing, now):
            return
        try:
            self._wakeups.opened(standing.version)
        except AwsError as error:
            logger.warning("controller not woken", extra={"code": error.code})
            return
        self._told = standing.version

    @staticmethod
    def _is_polled(standing: Standing, now: int) -> bool:
        """Tell whether messages still come long after polling should have ended.

        Somebody else has turned it on: a deployment, or a call that came late.
        """
        return bool(standing.opened_at) and now > standing.opened_at + 2 * LATE


def sink_circuit(aws: Aws, settings: BreakerEnvironment, metrics: Meter) -> SinkCircuit | None:
    """Build it; None: the construct has asked for no circuit breaker."""
    breaker, url = breaker_of(settings), settings.controller_queue_url
    if breaker is None:
        return None
    return SinkCircuit(
        Circuits(Table(aws, settings.table_name)),
        breaker,
        Wakeups(aws, url) if url else None,
        metrics,
    )
