"""The event store's table: rows are put once, and read in the order of time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk_streamer_runtime.contract.streams import EventRow, ResourceKind
from cdk_streamer_runtime.dynamodb import Item, Table
from cdk_streamer_runtime.errors import ConditionFailed
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.store.evaluation import Correlated
from cdk_streamer_runtime.streams.store.keys import PK, SK, moment_key
from cdk_streamer_runtime.streams.store.rows import expires_at

PUT = "dynamodb:PutItem"
QUERY = "dynamodb:Query"
MOST = 1_000
PAGES = 16  # of a megabyte each, as they are stored
_AFTER_ALL = f"{EventRow.CORRELATION.value}$"  # the character after the #


class TooManyEvents(ValueError):
    """More events have one correlation key than a rule looks at."""


class EventStore:
    """Rows of events, in one table."""

    def __init__(self, world: World, table: str) -> None:
        self._table = Table(world.aws, world.resources.address(ResourceKind.TABLE, table))

    def put_if_absent(self, row: Mapping[str, Any]) -> bool:
        """Store a row, unless there is one in its place; tell whether it was stored now.

        It was not either if an earlier answer got lost: who asks must not need to know.
        """
        try:
            self._table.put(row, condition="attribute_not_exists(#pk)", names={"#pk": PK})
        except ConditionFailed:
            return False
        return True

    def correlated(
        self, partition: str, *, since: int | None = None, most: int = MOST
    ) -> list[Correlated]:
        """Give the events of a correlation key in the order of time, as they are now.

        With `since` none that happened before. Raises TooManyEvents rather than to fill the
        memory.
        """
        found: list[Correlated] = []
        start: Item | None = None
        for _ in range(PAGES):
            page = self._table.query(
                "#pk = :pk AND #sk BETWEEN :first AND :last",
                names={"#pk": PK, "#sk": SK},
                values={
                    ":pk": partition,
                    ":first": moment_key(max(since or 0, 0)),
                    ":last": _AFTER_ALL,
                },
                start=start,
                limit=most + 1 - len(found),
            )
            found += map(_correlated, page.items)
            start = page.next_key
            if len(found) > most:
                break
            if start is None:
                return found
        raise TooManyEvents(
            f"more than {most} events, or {PAGES} MB of them, are correlated under one key; make "
            "keys that fewer events share, give `within` or a shorter `ttl`, or raise `most`"
        )


def _correlated(row: Item) -> Correlated:
    ttl = row.get("ttl")
    return Correlated(
        row[SK], Event(row["event"]), expires_at(row), None if ttl is None else int(ttl)
    )
