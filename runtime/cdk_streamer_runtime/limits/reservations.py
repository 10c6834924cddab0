"""Rates in the table: one number an item, moved by one conditional write a taking.

A write that reads nothing first needs one call where readers of a busy bucket would need many.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.contract import ItemKind
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import ConditionFailed
from cdk_streamer_runtime.limits.pace import Bounds, Granted, Pace, Refused, granted

MARGIN_SECONDS = 3_600  # the TTL and the clocks of two functions need not agree
MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Parts of a conditional write, to be joined with those of others."""

    condition: str
    values: Mapping[str, Any]
    set: str | None = None
    add: str | None = None


class Guesses:
    """What each bucket was found to be last: the next write expects the same.

    A wrong guess costs one more call. Few owners are busy, and a busy bucket is never full.
    """

    def __init__(self) -> None:
        """Expect that nobody came yet."""
        self._seen: dict[str, tuple[bool, int]] = {}

    def is_idle(self, key: str, floor: int) -> bool:
        """Tell whether to expect a full bucket; what was paid beyond `floor` still counts."""
        was_idle, paid_until = self._seen.get(key, (True, 0))
        return was_idle and paid_until < floor

    def remember(self, key: str, paid_until: int, *, idle: bool) -> None:
        """Keep what was found, and what has been paid since."""
        if len(self._seen) >= MOST_REMEMBERED and key not in self._seen:
            self._seen.clear()
        self._seen[key] = (idle, paid_until)


class Reservations:
    """Takes from buckets that many processes share. Times are milliseconds.

    A call whose answer got lost is repeated and takes twice: never more than the pace.
    """

    def __init__(self, table: Table) -> None:
        """Take the table."""
        self._table = table
        self._guesses = Guesses()

    def take(
        self,
        key: str,
        pace: Pace,
        now: int,
        *,
        cost: int = 1,
        max_wait: int = 0,
        kept: int | None = None,
    ) -> Granted | Refused:
        """Take `cost` units, if they are to be had within `max_wait`, or take nothing.

        The item stays for `kept` seconds after its last use; default: until it says nothing new.
        """
        bounds = pace.bounds(now, cost, max_wait)
        last = pace.refill + max_wait // 1000 if kept is None else kept
        # Where even an empty bucket has too long a wait, only a full one will do: the table refuses
        # a range that ends before it begins.
        idle = bounds.latest < bounds.floor or self._guesses.is_idle(key, bounds.floor)
        while True:
            try:
                paid_until = self._write(key, terms(bounds, idle=idle), now // 1000 + last)
            except ConditionFailed as failure:
                found = (failure.item or {}).get("tat")
                decision = pace.take(found, now, cost, max_wait)
                if isinstance(decision, Refused):
                    self._guesses.remember(key, bounds.latest, idle=False)
                    return decision
                idle = bounds.is_idle(found)
            else:
                self._guesses.remember(key, paid_until, idle=idle)
                return granted(paid_until, now)

    def _write(self, key: str, part: Terms, last: int) -> int:
        setters = ["#ttl = :ttl", *([part.set] if part.set else [])]
        item = self._table.update(
            item_key(key),
            f"SET {', '.join(setters)}" + (f" ADD {part.add}" if part.add else ""),
            condition=part.condition,
            names={"#ttl": "ttl"},
            values={**part.values, ":ttl": last + MARGIN_SECONDS},
            returns="UPDATED_NEW",
        )
        return item["tat"]


def item_key(key: str) -> dict[str, str]:
    """Give the key of a limit's item."""
    return {"pk": key, "sk": ItemKind.LIMIT}


def terms(bounds: Bounds, *, idle: bool) -> Terms:
    """Give what a taking writes, from a full bucket or from one that is in use."""
    if idle:
        return Terms(
            set="tat = :fresh",
            condition="(attribute_not_exists(tat) OR tat < :floor)",
            values={":fresh": bounds.fresh, ":floor": bounds.floor},
        )
    return Terms(
        add="tat :price",
        condition="(tat BETWEEN :floor AND :latest)",
        values={":price": bounds.price, ":floor": bounds.floor, ":latest": bounds.latest},
    )
