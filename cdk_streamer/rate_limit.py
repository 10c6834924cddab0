"""How much may be begun in a time, by all functions together."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

from aws_cdk import Token

_MINUTE, _HOUR = 60, 3_600
# One item of the table holds it, and takes 1,000 writes a second, each for a batch of ten.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
_HIGHEST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """So many a second in the long run, whoever begins them; `rate` may be less than one.

    Make one by `RateLimit.per_second(50)`, `per_minute` or `per_hour`.
    """

    rate: float

    def __post_init__(self) -> None:
        """Check what the user gave; raises ValueError with the remedy."""
        if not 0 < _number(self.rate) <= _HIGHEST:
            raise ValueError(
                f"rate must be above 0 and at most {_HIGHEST:,} a second, got {self.rate!r}; "
                "leave rate_limit out for no limit"
            )

    @staticmethod
    def per_second(count: float) -> RateLimit:
        """Give a limit of `count` a second, such as 50 or 0.5."""
        return RateLimit(rate=_number(count))

    @staticmethod
    def per_minute(count: float) -> RateLimit:
        """Give a limit of `count` a minute, which are spread evenly over it."""
        return RateLimit(rate=_number(count) / _MINUTE)

    @staticmethod
    def per_hour(count: float) -> RateLimit:
        """Give a limit of `count` an hour, which are spread evenly over it."""
        return RateLimit(rate=_number(count) / _HOUR)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(  # noqa: TRY004 - as all bad arguments
            f"rate must be a number, got {value!r}; write such as RateLimit.per_second(50)"
        )
    if not -math.inf < value <= sys.float_info.max:
        raise ValueError(
            f"rate must be a finite number, got {value!r}; leave rate_limit out for no limit"
        )
    if Token.is_unresolved(value):
        raise ValueError("rate must be known when the app is synthesized, got a token")
    return value
