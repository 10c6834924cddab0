"""API Gateway's token bucket: a rate that lasts, and a burst that does not."""

from __future__ import annotations


class TokenBucket:
    """Lets `rate` requests a second through, and `burst` of them at once after a pause.

    Every `now` is a time in seconds by one clock; one that went back counts as no time at all.
    """

    __slots__ = ("_burst", "_filled_at", "_rate", "_tokens")

    def __init__(self, *, rate: float, burst: float, now: float) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError(
                f"a bucket needs a rate above 0 and a burst of at least 1, got {rate!r} and "
                f"{burst!r}; without a limit, use none"
            )
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._filled_at = now

    def take(self, now: float) -> bool:
        """Take one token; False when there is none."""
        since = now - self._filled_at
        if since > 0:
            self._tokens = min(self._burst, self._tokens + since * self._rate)
            self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
