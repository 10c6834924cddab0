"""Whose turn it is when a batch keeps a rate: for all threads of a process."""

from __future__ import annotations

from threading import Lock
from typing import Protocol

from cdk_streamer_runtime.limits.pace import Granted, Pace, Refused

SLICE = 10  # items, as many as a queue takes at once
# Milliseconds after which a turn is lost that was not used; until then `begin` parts those that
# meet.
STALE = 1_000
_MILLISECOND = 10**6


class Clock(Protocol):
    """What turns need of their machine."""

    def clock(self) -> int:
        """Give the milliseconds since the epoch."""
        ...


class Turns:
    """Grants at most `rate` items a second and one slice, in any second.

    Whoever is granted a turn waits for it, or lets the queue wait.
    """

    def __init__(self, rate: float, clock: Clock, most: int = SLICE) -> None:
        """Take the rate, and how many items are granted at once."""
        self.slice = max(1, min(most, SLICE, int(rate)))
        self._pace = Pace(rate=rate, burst=max(most, self.slice))
        self._clock = clock
        self._lock = Lock()
        self._paid_until: int | None = None
        self._begun_until: int | None = None

    @property
    def rate(self) -> float:
        """The items a second."""
        return self._pace.rate

    def take(self, items: int, most_wait: int) -> Granted | Refused:
        """Take turns for so many items that come within `most_wait` milliseconds, or none."""
        with self._lock:
            now = self._clock.clock()
            decision = self._pace.take(self._paid_until, now, items, most_wait)
            if isinstance(decision, Granted):
                self._paid_until = decision.paid_until
            return decision

    def begin(self, items: int) -> int:
        """Begin with so many whose turn has come; give the milliseconds to wait before, if any.

        Turns that several threads come late to would meet otherwise, in one moment.
        """
        with self._lock:
            decision = self._pace.take(self._begun_until, self._clock.clock(), items)
            if isinstance(decision, Refused):
                return max(decision.retry_after, 1)
            self._begun_until = decision.paid_until
            return 0

    def pass_by(self, moment: int) -> None:
        """Let nobody have a turn before a moment: others may have had them, elsewhere."""
        with self._lock:
            self._paid_until = max(self._paid_until or 0, moment * _MILLISECOND)
