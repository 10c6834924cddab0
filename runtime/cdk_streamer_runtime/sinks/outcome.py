"""What becomes of a message, by what its delivery came to."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto

from cdk_streamer_runtime.errors import DownstreamUnavailable, Fatal, Retryable

# Milliseconds. A message that failed is hidden for a random time, up to twice as long each time.
SHORTEST, LONGEST = 1_000, 900_000
# A downstream that is down is not well in a second; nor is a table or a queue that has been
# asked for as long as there was time. Of ten receives none is to be wasted.
UNWELL, OUTAGE = 8_000, 60_000
SPREAD = 5_000  # so that not all come at once when a circuit is tried again
MOST_HIDDEN = 11 * 60 * 60 * 1000  # a queue hides for 12 hours, counted from the receive


class Ending(Enum):
    """How the delivery of a message ended."""

    DONE = auto()
    REPEATED = auto()  # it had been done before
    REJECTED = auto()
    FAILED = auto()
    FORSAKEN = auto()  # it has failed too often, and is a dead letter now
    UNAVAILABLE = auto()
    THROTTLED = auto()
    HANDED_BACK = auto()


ACKNOWLEDGED = frozenset({Ending.DONE, Ending.REPEATED, Ending.REJECTED, Ending.FORSAKEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How it ended, and the moment from which the message may come again, unless it is done."""

    ending: Ending
    visible_at: int = 0

    @property
    def is_acknowledged(self) -> bool:
        """Whether the message is to leave the queue."""
        return self.ending in ACKNOWLEDGED


def ending_of(error: Exception, unavailable: Collection[type[Exception]] = ()) -> Ending:
    """Tell what an exception means; `unavailable` are those that the author counts as that."""
    if isinstance(error, Fatal):
        return Ending.REJECTED
    kinds = (DownstreamUnavailable, ConnectionError, TimeoutError, *unavailable)
    return Ending.UNAVAILABLE if isinstance(error, kinds) else Ending.FAILED


def pause_after(error: Exception, attempt: int, uniform: float, first: int = SHORTEST) -> int:
    """Give the milliseconds until a message that failed comes again: as it wants, else random."""
    wanted = error.after if isinstance(error, Retryable) else None
    if isinstance(wanted, int | float) and -math.inf < wanted < math.inf:
        # Bounded first: not every number can be a thousand times as large.
        return min(math.ceil(min(max(wanted, 0), MOST_HIDDEN) * 1000), MOST_HIDDEN)
    return backoff(attempt, uniform, first)


def backoff(attempt: int, uniform: float, first: int = SHORTEST) -> int:
    """Give a random pause, no shorter than the `first` and longer for a later attempt."""
    longest = min(LONGEST, first << min(attempt, 20))
    return max(first, int(uniform * longest))


def reopening(until: int, now: int, uniform: float) -> int:
    """Give when a message comes again that was not tried because the circuit is open `until`."""
    return max(until, now + SHORTEST) + int(uniform * SPREAD)
