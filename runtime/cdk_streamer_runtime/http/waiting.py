"""A long poll: looks at a request again and again, less and less often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

FIRST_PAUSE = 100
LONGEST_PAUSE = 1_500
GROWTH = 1.4
CLOSING_TIME = 2_000  # kept back of the function's own time, to answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Waits by looking. `clock` and all times are milliseconds, `sleep` takes seconds."""

    clock: Callable[[], int]
    sleep: Callable[[float], None]

    def until(
        self,
        look: Callable[[], T],
        is_enough: Callable[[T], bool],
        *,
        wait: int,
        remaining: Callable[[], int],
    ) -> T:
        """Give what `look` saw once it is enough, or when the time is over.

        `remaining` tells how long the function itself has left.
        """
        end = self.clock() + min(wait, remaining() - CLOSING_TIME)
        pause = FIRST_PAUSE
        while True:
            seen = look()
            left = end - self.clock()
            if left <= 0 or is_enough(seen):
                return seen
            self.sleep(min(pause, left) / 1000)
            pause = min(int(pause * GROWTH), LONGEST_PAUSE)
