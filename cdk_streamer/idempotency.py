"""Whether what was delivered is remembered."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration

from cdk_streamer._arguments.durations import whole_seconds

_DAY = 24 * 3_600
_SHORTEST, _LONGEST = 300, 365 * _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """A message whose key was delivered within `remember` is acknowledged and not delivered again.

    It costs two writes a message. Default: a day; up to a year.
    """

    remember: Duration | None = None

    def __post_init__(self) -> None:
        """Check what the user gave; raises ValueError with the remedy."""
        _ = self.remember_seconds

    @property
    def remember_seconds(self) -> int:
        """How long a delivery is remembered."""
        return whole_seconds(
            "remember of idempotency", self.remember, default=_DAY, least=_SHORTEST, most=_LONGEST
        )
