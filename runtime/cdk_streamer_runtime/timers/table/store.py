"""Timers in the table: each write is one transaction, in which a timer and its place agree."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BinasciiError
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.contract.timers import (
    TIMER_ID_PATTERN,
    TIMER_OWNER_INDEX,
    TIMER_OWNER_INDEX_PARTITION_KEY,
    TIMER_OWNER_INDEX_SORT_KEY,
    TimerState,
)
from cdk_streamer_runtime.dynamodb import Check, Delete, Put, Table, Write
from cdk_streamer_runtime.errors import TransactionCancelled
from cdk_streamer_runtime.timers.definition import Definition
from cdk_streamer_runtime.timers.table import keys
from cdk_streamer_runtime.timers.table.items import (
    TIMER_ATTRIBUTES,
    definition_of,
    is_there,
    primary,
    row_item,
    timer_item,
    timer_of,
    trace_item,
)
from cdk_streamer_runtime.timers.table.registry import ClassRegistry, is_conflict
from cdk_streamer_runtime.timers.table.shards import Shard, Shards
from cdk_streamer_runtime.timers.timer import Change, Found, expiry

TRACE_SECONDS = 3_600
_CURSOR = re.compile(rf"([0-{keys.LIST_PARTITIONS - 1}])({TIMER_ID_PATTERN})?")
# Of one page: beyond it, the page ends early and the next one goes on.
_QUERIES = 2 * keys.LIST_PARTITIONS
_SOUGHT = 200  # timers that one query looks at when it is for some of them only


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A timer in a list: what the index has of it; its definition is without data and misfire."""

    definition: Definition
    slot_since: int
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of an owner's timers, and where the next ones begin; None: these were the last."""

    timers: tuple[Listed, ...]
    cursor: str | None


class TimerStore:
    """Reads and writes timers. All reads but those of lists are strongly consistent."""

    def __init__(self, table: Table, *, new_token: Callable[[], str]) -> None:
        """Take the timers' table, and what names transactions: up to 36 characters, each once."""
        self._table = table
        self._new_token = new_token
        self._shards = Shards(table)
        self.classes = ClassRegistry(table, new_token)

    def shard(self, name: str, now: int) -> Shard:
        """Give how far the dispatchers of a shard are, before whom nobody may have come."""
        return self._shards.opened(name, now)

    def read(self, ids: Sequence[str], now: int) -> list[Found]:
        """Give what there is under each id."""
        if len(ids) == 1:
            item = self._table.get(primary(keys.meta(ids[0])))
            return [_found(ids[0], item, now)]
        wanted = [primary(keys.meta(id)) for id in ids]
        items = {item["id"]: item for item in self._table.get_all(wanted, TIMER_ATTRIBUTES)}
        return [_found(id, items.get(id), now) for id in ids]

    def write(self, changes: Sequence[Change], now: int) -> bool:
        """Make all changes or none; False: something is not as it was found, or is contended."""
        writes = [write for change in changes for write in _writes(change, now)]
        unread = {change.unread for change in changes if change.unread is not None}
        writes += [_unread(shard, claimed_until) for shard, claimed_until in sorted(unread)]
        try:
            # Whatever calls again because an answer got lost calls with the same token.
            self._table.transact(writes, token=self._new_token())
        except TransactionCancelled as error:
            if error.condition_failed or is_conflict(error):
                return False
            raise
        return True

    def page(
        self, owner: str, *, state: TimerState | None, limit: int, cursor: str | None, now: int
    ) -> Page:
        """Give some of an owner's timers, in an order of their own that stays the same.

        With a state there may be fewer than `limit` although others follow. The index follows the
        table within moments. Raises ValueError for a cursor that is none.
        """
        partition, start = _place_of(cursor)
        found: list[Listed] = []
        for _ in range(_QUERIES):
            items, start = self._listed(owner, partition, start, state, limit - len(found))
            wanted = [each for each in map(_listed, items) if _is_wanted(each, state, now)]
            if len(found) + len(wanted) > limit:
                wanted = wanted[: limit - len(found)]
                start = wanted[-1].definition.id
            found += wanted
            if start is None:
                partition += 1
            if partition == keys.LIST_PARTITIONS:
                return Page(timers=tuple(found), cursor=None)
            if len(found) == limit:
                break
        return Page(timers=tuple(found), cursor=_cursor_of(partition, start))

    def _listed(
        self, owner: str, partition: int, start: str | None, state: TimerState | None, limit: int
    ) -> tuple[list[Mapping[str, Any]], str | None]:
        """Give some of a partition, and after which id to go on; None: the partition is over."""
        place = keys.list_partition(owner, partition)
        stored = TimerState.PAUSED if state is TimerState.PAUSED else TimerState.ACTIVE
        page = self._table.query(
            f"{TIMER_OWNER_INDEX_PARTITION_KEY} = :partition",
            keep=None if state is None else "#state = :state",
            names=None if state is None else {"#state": "state"},
            values={":partition": place} | ({} if state is None else {":state": stored}),
            index=TIMER_OWNER_INDEX,
            start=None if start is None else _index_key(place, start),
            limit=limit if state is None else max(limit, _SOUGHT),
        )
        following = None if page.next_key is None else page.next_key[TIMER_OWNER_INDEX_SORT_KEY]
        return list(page.items), following


def _found(id: str, item: Mapping[str, Any] | None, now: int) -> Found:
    if item is None:
        return Found(id=id, timer=None, rev=None, slot=None)
    if "schedule" not in item:
        return Found(id=id, timer=None, rev=item["rev"], slot=None)
    timer = timer_of(item)
    there = timer if is_there(item, now) else None
    return Found(id=id, timer=there, rev=timer.rev, slot=timer.slot)


def _writes(change: Change, now: int) -> list[Write]:
    found, timer = change.found, change.timer
    slot = None if timer is None else timer.slot
    item = (
        trace_item(found.id, change.rev, now // 1000 + TRACE_SECONDS)
        if timer is None
        else timer_item(timer)
    )
    writes: list[Write] = [_as_found(item, found)]
    if timer is not None and slot is not None:
        writes.append(Put(item=row_item(timer, slot)))
    if found.slot is not None and found.slot != slot:
        writes.append(Delete(key=primary(found.slot)))
    return writes


def _as_found(item: Mapping[str, Any], found: Found) -> Put:
    """Write the timer's item, if it is as it was found: a dispatcher moves its next firing."""
    if found.rev is None:
        return Put(item=item, condition="attribute_not_exists(pk)")
    if found.slot is None:
        return Put(
            item=item,
            condition="rev = :rev AND attribute_not_exists(slot_pk)",
            values={":rev": found.rev},
        )
    return Put(
        item=item,
        condition="rev = :rev AND slot_pk = :slot_pk AND slot_sk = :slot_sk",
        values={":rev": found.rev, ":slot_pk": found.slot.pk, ":slot_sk": found.slot.sk},
    )


def _unread(shard: str, claimed_until: int) -> Check:
    return Check(
        key=primary(keys.shard(shard)),
        condition="claimed_until = :claimed_until",
        values={":claimed_until": claimed_until},
    )


# --- lists -------------------------------------------------------------------------------------


def _listed(item: Mapping[str, Any]) -> Listed:
    return Listed(
        definition=definition_of(item),
        slot_since=item["slot_since"],
        created_at=item["created_at"],
    )


def _is_wanted(listed: Listed, state: TimerState | None, now: int) -> bool:
    expires = expiry(listed.definition)
    if expires is not None and expires * 1000 <= now:
        return False
    return state is None or listed.definition.state(-(-now // 1000)) is state


def _index_key(partition: str, id: str) -> dict[str, str]:
    return {
        TIMER_OWNER_INDEX_PARTITION_KEY: partition,
        TIMER_OWNER_INDEX_SORT_KEY: id,
        **primary(keys.meta(id)),
    }


def _cursor_of(partition: int, start: str | None) -> str:
    return urlsafe_b64encode(f"{partition}{start or ''}".encode()).rstrip(b"=").decode()


def _place_of(cursor: str | None) -> tuple[int, str | None]:
    """Read where to go on. Whose timers these are is never a matter of the cursor."""
    if cursor is None:
        return 0, None
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (BinasciiError, ValueError):
        text = ""
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise ValueError("the cursor is not one of ours")
    return int(match[1]), match[2]
