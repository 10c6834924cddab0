"""When a sink stops asking its downstream, and how it finds out that it may again."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration

from cdk_streamer._arguments.counts import count
from cdk_streamer._arguments.durations import whole_seconds

_FAILURES, _MOST_FAILURES = 5, 1_000
_SHARE = 50
# Short, so that what had succeeded before an outage soon counts no more.
_WINDOW, _LONGEST_WINDOW = 30, 3_600
_PAUSE, _SHORTEST_PAUSE, _LONGEST_PAUSE = 30, 5, 12 * 3_600
_GREATEST_PAUSE = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitBreaker:
    """Polling stops after `failures` within `window`, if they are `share_percent` of all calls.

    What counts are deliveries that raise `DownstreamUnavailable`, `ConnectionError` or
    `TimeoutError`, and those that do not come back. After `pause` one message is tried; each time
    that it fails, the next pause is twice as long, up to `longest_pause`.
    Default: 5 failures in 30 seconds, 50 percent, pauses of 30 seconds to 10 minutes.
    """

    failures: int = _FAILURES
    share_percent: int = _SHARE
    window: Duration | None = None
    pause: Duration | None = None
    longest_pause: Duration | None = None

    def __post_init__(self) -> None:
        """Check what the user gave; raises ValueError with the remedy."""
        count(
            "failures of circuit_breaker",
            self.failures,
            least=1,
            most=_MOST_FAILURES,
            remedy=f"leave it out for {_FAILURES}",
        )
        count(
            "share_percent of circuit_breaker",
            self.share_percent,
            least=1,
            most=100,
            remedy=f"leave it out for {_SHARE}",
        )
        _ = self.window_seconds
        if self.longest_pause_seconds < self.pause_seconds:
            raise ValueError(
                "longest_pause of circuit_breaker must be at least its pause of "
                f"{self.pause_seconds} seconds, got {self.longest_pause_seconds}; make it longer"
            )

    @property
    def window_seconds(self) -> int:
        """How long failures count together."""
        return whole_seconds(
            "window of circuit_breaker",
            self.window,
            default=_WINDOW,
            least=1,
            most=_LONGEST_WINDOW,
        )

    @property
    def pause_seconds(self) -> int:
        """How long the first pause is."""
        return whole_seconds(
            "pause of circuit_breaker",
            self.pause,
            default=_PAUSE,
            least=_SHORTEST_PAUSE,
            most=_LONGEST_PAUSE,
        )

    @property
    def longest_pause_seconds(self) -> int:
        """How long a pause is at most: ten minutes, or the first pause if that is longer."""
        return whole_seconds(
            "longest_pause of circuit_breaker",
            self.longest_pause,
            default=max(_GREATEST_PAUSE, self.pause_seconds),
            least=_SHORTEST_PAUSE,
            most=_LONGEST_PAUSE,
        )
