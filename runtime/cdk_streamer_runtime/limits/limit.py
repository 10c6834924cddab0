"""What an author allows a tenant, an owner or an action."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from cdk_streamer_runtime.limits.pace import Pace

Per = Literal["tenant", "owner", "action"]

FASTEST = 1_000  # writes a second that DynamoDB takes of one item
SLOWEST = 1 / (31 * 86_400)
LARGEST_BURST = 100_000
# Each open request is a name on the limit's item, and a write costs by the whole item's size.
MOST_IN_FLIGHT = 1_000
# Each is one more write of the transaction that accepts a request.
LIMITS_PER_ACTION = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How much one tenant, owner or action may ask for.

    `rate` is calls a second in the long run, `burst` how many may come at once after a pause;
    default: what a second allows, at least one. `in_flight` is how many async requests may be
    open at once, from their acceptance to their end. A call beyond it is refused by RATE_LIMITED
    with `retry_after_ms`, and takes nothing.
    """

    per: Per = "owner"
    rate: float | None = None
    burst: int | None = None
    in_flight: int | None = None

    def __post_init__(self) -> None:
        """Refuse what could never work; raises ValueError."""
        fault = _fault(self)
        if fault:
            raise ValueError(fault)

    @property
    def pace(self) -> Pace | None:
        """The rate, if there is one."""
        if self.rate is None:
            return None
        return Pace(rate=self.rate, burst=self.burst or max(1, math.ceil(self.rate)))

    @property
    def identity(self) -> str:
        """What tells limits apart: a rate that was changed starts afresh, with an empty slate."""
        pace = self.pace
        return self.per if pace is None else f"{self.per} {pace.interval} {pace.burst}"


def checked(limits: Iterable[Limit], whose: str) -> tuple[Limit, ...]:
    """Give limits that can stand side by side; raises TypeError or ValueError."""
    if isinstance(limits, Limit):
        raise TypeError(f"limits of {whose} are several, got one; write limits=[Limit(...)]")
    listed = tuple(limits)
    for limit in listed:
        if not isinstance(limit, Limit):  # pyright: ignore[reportUnnecessaryIsInstance] - authors
            raise TypeError(f"limits of {whose} must be Limit values, got {limit!r}")
    identities = [limit.identity for limit in listed]
    for limit in listed:
        if identities.count(limit.identity) > 1:
            raise ValueError(
                f"limits of {whose} have the same rate per {limit.per} twice; write one Limit"
            )
    return listed


def _fault(limit: Limit) -> str | None:
    if limit.per not in get_args(Per):
        return f'per must be "tenant", "owner" or "action", got {limit.per!r}'
    if limit.rate is None and limit.in_flight is None:
        return "a Limit needs a rate or in_flight; write Limit(rate=5) or Limit(in_flight=20)"
    if limit.rate is not None and not _is_rate(limit.rate):
        return (
            f"rate must be between one a month and {FASTEST} a second, got {limit.rate!r}; "
            "leave it out for no limit"
        )
    if limit.burst is not None and limit.rate is None:
        return f"burst belongs to a rate, got burst={limit.burst!r} alone; add rate="
    if limit.burst is not None and not _is_count(limit.burst, LARGEST_BURST):
        return f"burst must be a whole number from 1 to {LARGEST_BURST}, got {limit.burst!r}"
    if limit.in_flight is not None and not _is_count(limit.in_flight, MOST_IN_FLIGHT):
        return (
            f"in_flight must be a whole number from 1 to {MOST_IN_FLIGHT}, got "
            f"{limit.in_flight!r}; leave it out for no limit"
        )
    return None


def _is_rate(rate: object) -> bool:
    if isinstance(rate, bool) or not isinstance(rate, int | float):
        return False
    return SLOWEST <= rate <= FASTEST


def _is_count(count: object, most: int) -> bool:
    return type(count) is int and 1 <= count <= most
