"""How a request comes into the table, once, together with its payload and what it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from cdk_streamer_runtime.dynamodb import Put, Table
from cdk_streamer_runtime.errors import (
    CONDITION_FAILED,
    ConditionFailed,
    Conflict,
    TransactionCancelled,
)
from cdk_streamer_runtime.limits.ledger import Ledger
from cdk_streamer_runtime.limits.quota import Quota
from cdk_streamer_runtime.requests.items import (
    Body,
    item_key,
    last_moment,
    payload_item,
    request_item,
)
from cdk_streamer_runtime.requests.request import Request


class Intake:
    """Stores new requests. `retention` is in seconds, `now` in milliseconds."""

    def __init__(self, table: Table, *, retention: int, ledger: Ledger) -> None:
        """Take the table, how long requests stay, and what counts them."""
        self._table = table
        self._retention = retention
        self._ledger = ledger

    def submit(
        self, request: Request, body: Body, now: int, quotas: Sequence[Quota] = ()
    ) -> tuple[Request, bool]:
        """Store a new request, or give the one that has its id already, and whether it is new.

        Only a new one takes from its limits. Raises Conflict when the id belongs to a request
        with another body, and RateLimited.
        """
        ttl = last_moment(request) // 1000 + self._retention
        item = request_item(request) | {"ttl": ttl}
        payload = payload_item(request.key, body, ttl)
        try:
            self._ledger.transact(
                [Put(item=item, condition="attribute_not_exists(pk)"), Put(item=payload)],
                quotas,
                request.key,
                now,
            )
        except TransactionCancelled as cancelled:
            if not any(reason["Code"] == CONDITION_FAILED for reason in cancelled.reasons[:1]):
                raise
            existing = self._existing(request, now)
            if existing is None:
                return self.submit(request, body, now, quotas)
            return existing, existing.mark == request.mark
        return request, True

    def _existing(self, request: Request, now: int) -> Request | None:
        """Find the request that stood in the way of `request`; None when it was out of date."""
        item = self._table.get(item_key(request.key))
        if item is None:
            return None
        if item["ttl"] * 1000 <= now:
            # Only an insert reaches the stream, so what the TTL has not removed yet must go first.
            with suppress(ConditionFailed):
                self._remove(item)
            return None
        existing = Request.from_item(item)
        if existing.body_hash != request.body_hash:
            raise Conflict(f"request id {request.request_id!r} was used with another body")
        return existing

    def _remove(self, item: Mapping[str, Any]) -> None:
        self._table.delete(
            item_key(item["pk"]),
            condition="#ttl = :ttl",
            names={"#ttl": "ttl"},
            values={":ttl": item["ttl"]},
        )
