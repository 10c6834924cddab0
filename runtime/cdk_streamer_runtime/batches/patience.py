"""How long a chunk may go on in this invocation, and how long it waits before it is tried again."""

from __future__ import annotations

from threading import Lock

from cdk_streamer_runtime.batches.world import Platform

LEAST = 10_000  # milliseconds that a step needs at least
LONGEST_RETRY = 900  # seconds


class Patience:
    """Keeps a third of an invocation at most, so that no step is killed in its midst.

    What is not begun in time waits for the next invocation, which comes when this one has ended.
    """

    def __init__(self, platform: Platform, *, remaining: int, retry_seconds: int) -> None:
        """Take what the invocation has left now."""
        self._platform = platform
        self._retry_seconds = retry_seconds
        self._most = remaining // 3
        self._lock = Lock()
        self._longest = 0

    def allows(self, remaining: int) -> bool:
        """Tell whether there is time to begin with something."""
        return remaining > self._reserve

    def longest_wait(self, remaining: int) -> int:
        """Give the milliseconds that a turn may be waited for."""
        return max(remaining - self._reserve, 0)

    def pause(self, remaining: int) -> int:
        """Give the seconds until this invocation has ended for sure."""
        return remaining // 1000 + 1

    def took(self, milliseconds: int) -> None:
        """Learn how long something took."""
        with self._lock:
            self._longest = max(self._longest, milliseconds)

    def retry(self, attempt: int, wanted: float = 0) -> int:
        """Give the seconds to wait after an attempt: half of them for sure, half by chance."""
        longest = min(LONGEST_RETRY, self._retry_seconds << min(attempt - 1, 10))
        spread = longest * (0.5 + self._platform.uniform() / 2)
        return max(1, -int(-max(spread, wanted) // 1))

    @property
    def _reserve(self) -> int:
        return min(max(LEAST, 2 * self._longest), self._most)
