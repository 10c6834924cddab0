"""Takes from all limits of a call at once, together with whatever else is to be written."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from cdk_streamer_runtime.dynamodb import Table, Update, Write
from cdk_streamer_runtime.errors import (
    CONDITION_FAILED,
    CancellationReason,
    RateLimited,
    TransactionCancelled,
)
from cdk_streamer_runtime.limits.pace import Refused
from cdk_streamer_runtime.limits.quota import Quota
from cdk_streamer_runtime.limits.reservations import (
    MARGIN_SECONDS,
    Guesses,
    Reservations,
    Terms,
    item_key,
    terms,
)
from cdk_streamer_runtime.limits.slots import Slots, slot_terms

logger = logging.getLogger(__name__)

# Nobody knows when a request ends; what a client may try again after.
FULL_PAUSE = 2_000
# Two transactions on one item cancel one another, and have been repeated five times already.
CROWDED_PAUSE = 1_000

_PASSED = "None"
_CROWDED = "TransactionConflict"


class Ledger:
    """Counts calls against their limits. `lifetime` is the longest that a request can be open.

    Times are milliseconds. A refused call has taken nothing, of no limit.
    """

    def __init__(
        self,
        table: Table,
        *,
        slots: Slots | None = None,
        lifetime: int = 0,
        on_refusal: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the table, and what else is to happen when a call is refused."""
        self._table = table
        self._slots = slots or Slots(table)
        self._lifetime = lifetime
        self._on_refusal = on_refusal
        self._reservations = Reservations(table)
        self._guesses = Guesses()

    def charge(self, quotas: Sequence[Quota], now: int) -> None:
        """Take one call from each rate; raises RateLimited."""
        paced = [quota for quota in quotas if quota.limit.pace is not None]
        if len(paced) > 1:
            self.transact([], paced, None, now)
        elif paced:
            self._charge(paced[0], now)

    def transact(
        self, writes: Sequence[Write], quotas: Sequence[Quota], request: str | None, now: int
    ) -> None:
        """Do `writes` and take from each limit, or nothing of all.

        `request` is who takes a place, if anybody does. Raises RateLimited, and
        TransactionCancelled when one of `writes` cannot be done, whatever the limits say.
        """
        while True:
            updates = [self._update(quota, request, now) for quota in quotas]
            try:
                self._table.transact([*writes, *updates])
            except TransactionCancelled as cancelled:
                reasons = cancelled.reasons
                if not quotas or any(each["Code"] != _PASSED for each in reasons[: len(writes)]):
                    raise
                self._learn(quotas, reasons[len(writes) :], cancelled, now)
            else:
                self._remember(quotas, now)
                return

    def _charge(self, quota: Quota, now: int) -> None:
        if (pace := quota.limit.pace) is None:
            return
        taken = self._reservations.take(quota.key, pace, now, kept=self._kept(quota))
        if isinstance(taken, Refused):
            self._refuse(_too_fast(quota), taken.retry_after)

    def _update(self, quota: Quota, request: str | None, now: int) -> Update:
        parts: list[Terms] = []
        names = {"#ttl": "ttl"}
        if (pace := quota.limit.pace) is not None:
            bounds = pace.bounds(now)
            parts.append(terms(bounds, idle=self._guesses.is_idle(quota.key, bounds.floor)))
        if request is not None and quota.limit.in_flight is not None:
            parts.append(slot_terms(request, quota.limit.in_flight))
            names["#slots"] = "slots"
        setters = ["#ttl = :ttl", *(part.set for part in parts if part.set)]
        adders = [part.add for part in parts if part.add]
        values: dict[str, Any] = {":ttl": now // 1000 + self._kept(quota) + MARGIN_SECONDS}
        for part in parts:
            values |= part.values
        return Update(
            key=item_key(quota.key),
            expression=f"SET {', '.join(setters)}"
            + (f" ADD {', '.join(adders)}" if adders else ""),
            condition=" AND ".join(part.condition for part in parts) or None,
            names=names,
            values=values,
        )

    def _kept(self, quota: Quota) -> int:
        """Tell how many seconds an item has something to say after its last use."""
        pace = quota.limit.pace
        refill = 0 if pace is None else pace.refill
        return refill if quota.limit.in_flight is None else max(refill, self._lifetime // 1000)

    def _learn(
        self,
        quotas: Sequence[Quota],
        reasons: Sequence[CancellationReason],
        cancelled: TransactionCancelled,
        now: int,
    ) -> None:
        """Find out whether another try can succeed; raises RateLimited if not."""
        refusals: list[tuple[int, str]] = []
        for quota, reason in zip(quotas, reasons, strict=True):
            if reason["Code"] not in {_PASSED, CONDITION_FAILED, _CROWDED}:
                raise cancelled
            if reason["Code"] == CONDITION_FAILED:
                refusals += self._look(quota, reason.get("Item", {}), now)
        if refusals:
            retry_after, text = max(refusals)
            self._refuse(text, retry_after)
        if not cancelled.condition_failed:
            self._refuse("too many calls at once", CROWDED_PAUSE)

    def _remember(self, quotas: Sequence[Quota], now: int) -> None:
        for quota in quotas:
            if (pace := quota.limit.pace) is not None:
                bounds = pace.bounds(now)
                idle = self._guesses.is_idle(quota.key, bounds.floor)
                # From a bucket in use, nobody knows how much: its floor, at the least.
                paid_until = bounds.fresh if idle else bounds.floor
                self._guesses.remember(quota.key, paid_until, idle=idle)

    def _look(self, quota: Quota, item: Mapping[str, Any], now: int) -> list[tuple[int, str]]:
        """Give why a limit refuses, and correct what was expected of it."""
        refusals: list[tuple[int, str]] = []
        if (pace := quota.limit.pace) is not None:
            paid_until = item.get("tat")
            taken = pace.take(paid_until, now)
            if isinstance(taken, Refused):
                refusals.append((taken.retry_after, _too_fast(quota)))
            idle = pace.bounds(now).is_idle(paid_until)
            self._guesses.remember(quota.key, paid_until or 0, idle=idle)
        most, held = quota.limit.in_flight, item.get("slots", ())
        if most is not None and len(held) >= most and not self._slots.heal(quota.key, held, now):
            refusals.append((FULL_PAUSE, _too_many(quota)))
        return refusals

    def _refuse(self, text: str, retry_after: int) -> NoReturn:
        self._on_refusal()
        raise RateLimited(text, retry_after=retry_after)


def _too_fast(quota: Quota) -> str:
    return f"at most {quota.limit.rate:g} calls a second are allowed per {quota.limit.per}"


def _too_many(quota: Quota) -> str:
    return f"at most {quota.limit.in_flight} requests may be open at once per {quota.limit.per}"
