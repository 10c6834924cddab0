"""Which requests are open under a limit: their names, in a set on its item.

A name comes with its request in one transaction and goes after its end. What a crash left behind
is found when the limit is full: the table itself knows which requests have ended.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable

from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import AwsError, ConditionFailed
from cdk_streamer_runtime.limits.reservations import Terms, item_key

logger = logging.getLogger(__name__)

# A limit that is full for good reasons is asked again and again, and each look reads many items.
HEALED_AFTER = 5_000

Ended = Callable[[Collection[str]], Collection[str]]


class Slots:
    """The places of open requests. Times are milliseconds."""

    def __init__(self, table: Table, ended: Ended = lambda _keys: ()) -> None:
        """Take the table, and what tells which of some requests have ended or are gone."""
        self._table = table
        self._ended = ended

    def give_back(self, limits: Iterable[str], request: str) -> None:
        """Free the places of a request that has ended, as often as you like; never raises.

        One that could not be freed is found when its limit is full.
        """
        for limit in limits:
            try:
                self._remove(limit, {request})
            except AwsError as error:
                logger.warning("slot not given back", extra={"code": error.code})

    def heal(self, limit: str, open_requests: Collection[str], now: int) -> bool:
        """Free what ended requests still hold, and tell whether another try may succeed.

        Done by one caller in five seconds; for all others the limit is simply full.
        """
        try:
            self._table.update(
                item_key(limit),
                "SET healed_at = :now",
                condition="attribute_exists(pk) AND "
                "(attribute_not_exists(healed_at) OR healed_at <= :before)",
                values={":now": now, ":before": now - HEALED_AFTER},
                returns="NONE",
            )
        except ConditionFailed:
            return False
        ended = set(self._ended(open_requests))
        if not ended:
            return False
        logger.warning("slots healed", extra={"slots": len(ended)})
        self._remove(limit, ended)
        return True

    def _remove(self, limit: str, requests: set[str]) -> None:
        try:
            self._table.update(
                item_key(limit),
                "DELETE #slots :requests",
                # Otherwise an item that the TTL removed would come back, and stay for ever.
                condition="attribute_exists(pk)",
                names={"#slots": "slots"},
                values={":requests": requests},
                returns="NONE",
            )
        except ConditionFailed:
            logger.debug("limit is gone")


def slot_terms(request: str, most: int) -> Terms:
    """Give what taking a place writes."""
    return Terms(
        add="#slots :request",
        condition="(attribute_not_exists(#slots) OR size(#slots) < :most)",
        values={":request": {request}, ":most": most},
    )
