"""What the dispatchers of a shard know of each other: who has it, and how far it has come.

A lease alone stops nobody whose clock stands still, so each takes an epoch with it, and what is
written later is written on condition that the epoch is still the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cdk_streamer_runtime.documents import decode, encode
from cdk_streamer_runtime.dynamodb import Item, Table
from cdk_streamer_runtime.errors import ConditionFailed, StreamerError
from cdk_streamer_runtime.timers.schedules.wheel import WINDOW
from cdk_streamer_runtime.timers.table import keys
from cdk_streamer_runtime.timers.table.keys import Key


class Fenced(StreamerError):
    """Another dispatcher has the shard now; nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a window has been read and sent: all partitions up to `after` but those in `open`.

    Of these, the sort key of the last row that was sent; None: none was. There may be several,
    for a partition that cannot be read is left behind.
    """

    window: int
    after: str = ""
    open: Mapping[str, str | None] = field(default_factory=dict[str, str | None])

    @classmethod
    def from_text(cls, text: str) -> Cursor:
        """Read a cursor."""
        document = decode(text)
        return cls(window=document["window"], after=document["after"], open=document["open"])

    def to_text(self) -> str:
        """Write it."""
        return encode({"window": self.window, "after": self.after, "open": dict(self.open)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A shard's item. Moments before `done_until` are sent; before `claimed_until`, maybe.

    Both are in seconds, and `lease_until` is in milliseconds.
    """

    name: str
    claimed_until: int
    done_until: int
    epoch: int = 0
    lease_until: int = 0
    cursor: Cursor | None = None


class Shards:
    """Reads and writes them."""

    def __init__(self, table: Table) -> None:
        """Take the timers' table."""
        self._table = table

    def read(self, name: str) -> Shard | None:
        """Give a shard as it is now; None before anybody came."""
        item = self._table.get(_primary(name))
        return None if item is None else _shard(name, item)

    def opened(self, name: str, now: int) -> Shard:
        """Give a shard, created if need be: it begins with the minute that runs at `now`."""
        shard = self.read(name)
        if shard is not None:
            return shard
        minute = now // 1000 // WINDOW * WINDOW
        shard = Shard(name=name, claimed_until=minute, done_until=minute)
        item = {
            **_primary(name),
            "claimed_until": minute,
            "done_until": minute,
            "epoch": 0,
            "lease_until": 0,
        }
        try:
            self._table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailed as error:
            return shard if error.item is None else _shard(name, error.item)
        return shard

    def claimed_until(self, name: str, now: int) -> int:
        """Give the moment before which firings may have been read already; creates the shard."""
        return self.opened(name, now).claimed_until

    def done_until(self, names: Sequence[str]) -> list[int]:
        """Give how far each has come, of those that somebody came to."""
        found = self._table.get_all([_primary(name) for name in names], ["done_until"])
        return [item["done_until"] for item in found]

    def acquired(self, shard: Shard, *, token: str, now: int, until: int) -> Shard | None:
        """Take the lease and claim the next window; None when somebody else was faster.

        Both in one write: whoever has not claimed has read nothing.
        """
        claim = max(shard.claimed_until, shard.done_until + WINDOW)
        try:
            item = self._table.update(
                _primary(shard.name),
                "SET epoch = :next, lease = :token, lease_until = :until, claimed_until = :claim",
                condition="epoch = :epoch AND lease_until <= :now AND claimed_until <= :claim",
                values={
                    ":next": shard.epoch + 1,
                    ":token": token,
                    ":until": until,
                    ":claim": claim,
                    ":epoch": shard.epoch,
                    ":now": now,
                },
            )
        except ConditionFailed as error:
            # An answer was lost and the client asked again: our own lease is in the way.
            if error.item is None or error.item.get("lease") != token:
                return None
            item = error.item
        return _shard(shard.name, item)

    def save(self, shard: Shard, cursor: Cursor, *, until: int) -> None:
        """Remember how far the window has come, and hold the lease on; raises Fenced.

        With an `until` of 0 the lease is given back.
        """
        self._write(
            shard,
            "SET #cursor = :cursor, lease_until = :until",
            "epoch = :epoch",
            {":cursor": cursor.to_text(), ":until": until},
            {"#cursor": "cursor"},
        )

    def advance(self, shard: Shard, done_until: int, *, claim: int, until: int) -> None:
        """Tell that all before `done_until` is sent, and claim up to `claim`; raises Fenced."""
        self._write(
            shard,
            "SET done_until = :done, claimed_until = :claim, lease_until = :until REMOVE #cursor",
            "epoch = :epoch AND done_until <= :done AND claimed_until <= :claim",
            {":done": done_until, ":claim": claim, ":until": until},
            {"#cursor": "cursor"},
        )

    def _write(
        self,
        shard: Shard,
        expression: str,
        condition: str,
        values: dict[str, object],
        names: dict[str, str],
    ) -> None:
        try:
            self._table.update(
                _primary(shard.name),
                expression,
                condition=condition,
                names=names,
                values={**values, ":epoch": shard.epoch},
                returns="NONE",
            )
        except ConditionFailed:
            raise Fenced(f"another dispatcher has shard {shard.name!r} now") from None


def _primary(name: str) -> Mapping[str, str]:
    key: Key = keys.shard(name)
    return {"pk": key.pk, "sk": key.sk}


def _shard(name: str, item: Item | Mapping[str, Any]) -> Shard:
    text = item.get("cursor")
    return Shard(
        name=name,
        claimed_until=item["claimed_until"],
        done_until=item["done_until"],
        epoch=item["epoch"],
        lease_until=item["lease_until"],
        cursor=None if text is None else Cursor.from_text(text),
    )
