"""A rate with a burst, as arithmetic on one number: the generic cell rate algorithm.

The number is the moment until which what was taken has been paid for, in nanoseconds, so that
rates above one a millisecond come out right. It lags behind the clock by a whole burst at most,
and whoever takes moves it forward by the price. ITU-T I.371 calls it the theoretical arrival time.
"""

from __future__ import annotations

from dataclasses import dataclass

_SECOND = 10**9
_MILLISECOND = 10**6


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """The units may be used in `wait` milliseconds; the moment is now `paid_until`."""

    paid_until: int
    wait: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Nothing was taken; in `retry_after` milliseconds it would be, if nobody else comes."""

    retry_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one taking asks of the number: all that a conditional write needs to know.

    Below `floor`, or where there is none, the number becomes `fresh`; from `floor` to `latest` it
    grows by `price`; beyond `latest` nothing is taken.
    """

    price: int
    floor: int
    latest: int

    @property
    def fresh(self) -> int:
        """The number after a taking from a bucket that had been full."""
        return self.floor + self.price

    def is_idle(self, paid_until: int | None) -> bool:
        """Tell whether the bucket is full, as one that was never used is."""
        return paid_until is None or paid_until < self.floor


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """At most `rate` units a second in the long run, and `burst` at once after a pause.

    In any `n` seconds at most `rate * n + burst` units are granted.
    """

    rate: float
    burst: int

    @property
    def interval(self) -> int:
        """The nanoseconds that one unit costs, rounded up: never more than the rate."""
        return -int(-_SECOND // self.rate)

    @property
    def refill(self) -> int:
        """The seconds after which an empty bucket is full again, rounded up."""
        return -(-self.burst * self.interval // _SECOND)

    def bounds(self, now: int, cost: int = 1, max_wait: int = 0) -> Bounds:
        """Give what taking `cost` units asks; `now` and `max_wait` are in milliseconds.

        Raises ValueError for more units than a burst has: they could never be granted.
        """
        if not 1 <= cost <= self.burst:
            raise ValueError(
                f"cost must be between 1 and the burst of {self.burst}, got {cost!r}; "
                "take less at once or raise the burst"
            )
        price, moment = cost * self.interval, now * _MILLISECOND
        return Bounds(
            price=price,
            floor=moment - self.burst * self.interval,
            latest=moment + max_wait * _MILLISECOND - price,
        )

    def take(
        self, paid_until: int | None, now: int, cost: int = 1, max_wait: int = 0
    ) -> Granted | Refused:
        """Decide about one taking. A caller that waits reserves its turn, and must use it."""
        bounds = self.bounds(now, cost, max_wait)
        if paid_until is None or bounds.is_idle(paid_until):
            return granted(bounds.fresh, now)
        if paid_until > bounds.latest:
            return Refused(retry_after=_milliseconds(paid_until - bounds.latest))
        return granted(paid_until + bounds.price, now)


def granted(paid_until: int, now: int) -> Granted:
    """Give what a taking that moved the number to `paid_until` means at `now`, in milliseconds."""
    wait = _milliseconds(paid_until - now * _MILLISECOND)
    return Granted(paid_until=paid_until, wait=max(wait, 0))


def _milliseconds(nanoseconds: int) -> int:
    return -(-nanoseconds // _MILLISECOND)
