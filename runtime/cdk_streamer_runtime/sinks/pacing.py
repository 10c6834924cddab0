"""How a rate is kept by many workers that know nothing of each other: slots, and until when.

A reservation of `n` units is `n` slots, one interval apart, of a row that all workers share. Who
comes to its slot late has lost it: what begins at most `tolerance` after its slot keeps the number
of beginnings in any second at the rate and one batch, whatever stood still in between.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from cdk_streamer_runtime.limits.pace import Granted, Pace

SECOND = 10**9
MILLISECOND = 10**6
# Calls, threads and clocks are that late at times. Where a batch's time is shorter the rate is a
# little lower instead, so that the bound holds all the same.
LATENESS = 50 * MILLISECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """When something may begin, in milliseconds: from `at` to `last`."""

    at: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """A pace, and how long after its slot a unit may be used, in nanoseconds.

    `together` is for units that all begin in the first one's slot.
    """

    pace: Pace
    tolerance: int
    together: bool

    @classmethod
    def of(cls, rate: float, batch: int, *, together: bool = False) -> Self:
        """Keep at most `rate` and one batch in any second.

        A beginning that lies up to `spread` after its unit needs the room of `1 s + spread`. What
        begins together uses up the room of its own batch, but for one unit.
        """
        room = math.floor(rate + (1 if together else batch))
        slowed = min(rate, room * SECOND / (SECOND + LATENESS))
        pace = Pace(rate=slowed, burst=batch)
        return cls(pace=pace, tolerance=room * pace.interval - SECOND, together=together)

    @property
    def lead(self) -> int:
        """The milliseconds that the row's clock is ahead: no slot lies in the past, none bursts."""
        return -(-self.pace.burst * self.pace.interval // MILLISECOND)

    @property
    def patience(self) -> int:
        """The milliseconds that a slot is open for."""
        return self.tolerance // MILLISECOND

    def usable(self, wanted: int, longest_wait: int, delivery: float | None) -> int:
        """Give how many units are of use: in time, and not lost to the slowness of deliveries.

        `delivery` are the milliseconds that one takes; None: nobody knows yet, so one will tell.
        """
        within = max(longest_wait * MILLISECOND // self.pace.interval, 1)
        return min(
            wanted, self.pace.burst, within, wanted if self.together else self._kept(delivery)
        )

    def _kept(self, delivery: float | None) -> int:
        """Give how many slots one worker can use, each a little later, half as late as may be."""
        if delivery is None:
            return 1
        lag = int(delivery * MILLISECOND) - self.pace.interval
        return self.pace.burst if lag <= 0 else 1 + self.tolerance // (2 * lag)

    def slots(self, granted: Granted, units: int) -> list[Slot]:
        """Give the slots of a reservation; one for all units, if these begin together."""
        first = granted.paid_until - units * self.pace.interval
        beginnings = [first + each * self.pace.interval for each in range(units)]
        return [self._slot(each) for each in (beginnings[:1] if self.together else beginnings)]

    def _slot(self, moment: int) -> Slot:
        at = -(-moment // MILLISECOND)
        return Slot(at=at, last=max((moment + self.tolerance) // MILLISECOND, at))
