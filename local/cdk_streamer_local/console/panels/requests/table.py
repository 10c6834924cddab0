"""The requests in one API's table: what the listing index has of all, and the newest whole."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from cdk_streamer_local.console.scanning import scanned
from cdk_streamer_runtime.aws import LeanClient
from cdk_streamer_runtime.contract import (
    OWNER_INDEX,
    OWNER_INDEX_PROJECTION,
    PARTITION_KEY,
    State,
)
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.requests.items import item_key
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.transitions import TERMINAL

SHOWN = 300
# The engine reads the whole index each time: no more than this part of the time.
_SHARE = 5
# Of a request all but what may be large.
_LARGE = frozenset({"result", "key", "subscribers", "slots"})
_ATTRIBUTES = (
    PARTITION_KEY,
    "subs",
    *(each.name for each in dataclasses.fields(Request) if each.name not in _LARGE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the index has of one. Times are milliseconds since the epoch."""

    key: str
    action: str
    state: State
    created_at: int
    ended_at: int | None

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read one."""
        return cls(
            key=item[PARTITION_KEY],
            action=item["action"],
            state=State(item["state"]),
            created_at=item["created_at"],
            ended_at=item.get("ended_at"),
        )


class RequestTable:
    """Keeps what has ended, for it never changes, and reads what is open anew."""

    def __init__(self, aws: LeanClient, name: str) -> None:
        """Take the table's name."""
        self.entries: Sequence[Entry] = ()
        """All that the index has, newest first; `is_cut`: no, there are more."""
        self.is_cut = False
        self._table = Table(aws, name)
        self._aws = aws
        self._known: dict[str, Request] = {}
        self._due = 0.0

    def read(self) -> list[Request]:
        """Give the newest and those that are open, newest first."""
        began = time.monotonic()
        if began >= self._due:
            self._look()
            self._due = began + (time.monotonic() - began) * _SHARE
        open_ones = [each for each in self.entries[SHOWN:] if each.state not in TERMINAL]
        keys = [each.key for each in (*self.entries[:SHOWN], *open_ones[:SHOWN])]
        known = self._known
        wanted = [key for key in keys if key not in known or not known[key].is_terminal]
        items = self._table.get_all([item_key(key) for key in wanted], _ATTRIBUTES)
        read = known | {item[PARTITION_KEY]: Request.from_item(item) for item in items}
        self._known = {key: read[key] for key in keys if key in read}
        return list(self._known.values())

    def forget(self) -> None:
        """Look for new ones the next time."""
        self._due = 0.0

    def _look(self) -> None:
        names = {f"#{name}": name for name in (PARTITION_KEY, *OWNER_INDEX_PROJECTION)}
        found, self.is_cut = scanned(
            self._aws,
            self._table.name,
            {
                "IndexName": OWNER_INDEX,
                "ProjectionExpression": ", ".join(names),
                "ExpressionAttributeNames": names,
            },
        )
        entries = map(Entry.from_item, found)
        self.entries = sorted(entries, key=lambda each: each.created_at, reverse=True)
