"""Which of many progress reports are sent, and when: latest wins, first and last always leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class Coalescer:
    """Holds at most one report. `interval` is the least time between two, in milliseconds.

    The first report leaves at once, those that follow within the interval replace each other,
    and the last of a burst leaves when the interval is over.
    """

    interval: int
    pace: int = field(init=False)
    _pending: dict[str, Any] | None = field(default=None, init=False)
    _next_at: int = field(default=0, init=False)
    _percentage: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Start at full pace."""
        self.pace = self.interval

    def offer(self, report: Mapping[str, Any]) -> None:
        """Replace the waiting report; within an attempt a percentage never goes back."""
        percentage = report.get("percentage")
        if percentage is not None:
            if self._percentage is not None:
                percentage = max(percentage, self._percentage)
            self._percentage = percentage
        self._pending = {**report, "percentage": self._percentage}

    def due_at(self) -> int | None:
        """Tell when the waiting report may leave; None when none waits."""
        return None if self._pending is None else self._next_at

    def take(self, now: int) -> Mapping[str, Any] | None:
        """Give the waiting report, if any, and start the next interval."""
        report, self._pending = self._pending, None
        if report is not None:
            self._next_at = now + self.pace
        return report

    def slow_down(self) -> None:
        """Halve the pace, down to one report in five seconds: a client's buffer is full."""
        self.pace = min(max(self.pace * 2, 100), 5_000)

    def speed_up(self) -> None:
        """Return towards full pace, a tenth at a time."""
        self.pace = max(self.interval, self.pace * 9 // 10)
