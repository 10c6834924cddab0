"""Until when a delivery may begin, so that it ends before its function does."""

from __future__ import annotations

from dataclasses import dataclass

# Milliseconds. So long before the end whoever still delivers is given up.
FAREWELL = 2_000
SHORTEST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """The end of an invocation of a function that has `timeout` for each, in milliseconds."""

    end: int
    timeout: int

    @property
    def farewell(self) -> int:
        """How long before the end a delivery is given up: with less time it is sooner over."""
        return min(FAREWELL, self.timeout // 6)

    def latest(self, needed: int) -> int:
        """Give the moment after which no delivery begins that is to have `needed` milliseconds.

        Half of the time-out is always enough to begin, or after one that was long none ever would.
        """
        left = max(needed, self.farewell + SHORTEST)
        return self.end - min(left, self.timeout // 2)
