"""One DynamoDB table in memory: its items, its indexes and its stream."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cdk_streamer_runtime.memory.values import (
    AttributeValue,
    InvalidValue,
    Item,
    Order,
    kind_of,
    normalized_item,
    order_of,
    size_of_attribute,
    size_of_item,
)

KeyType = Literal["S", "N", "B"]

ITEM_BYTES = 400 * 1024
PARTITION_KEY_BYTES = 2048
SORT_KEY_BYTES = 1024
STREAM_MILLISECONDS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSchema:
    """A global secondary index. `projection`: None is everything, () is the keys alone."""

    name: str
    partition_key: str
    sort_key: str | None = None
    projection: tuple[str, ...] | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The key attributes, partition key first."""
        return (
            (self.partition_key,)
            if self.sort_key is None
            else (
                self.partition_key,
                self.sort_key,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSchema:
    """What a table is declared by. Keys are texts unless `key_types` says otherwise."""

    name: str
    partition_key: str
    sort_key: str | None = None
    indexes: tuple[IndexSchema, ...] = ()
    key_types: Mapping[str, KeyType] = field(default_factory=dict[str, KeyType])
    stream: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The key attributes, partition key first."""
        return (
            (self.partition_key,)
            if self.sort_key is None
            else (
                self.partition_key,
                self.sort_key,
            )
        )

    def key_type(self, attribute: str) -> KeyType:
        """Give the type of a key attribute of the table or an index."""
        return self.key_types.get(attribute, "S")


@dataclass(frozen=True, slots=True)
class StreamChange:
    """One change of an item, as the table's stream keeps it for a day."""

    number: int
    time: int
    old: Item | None
    new: Item | None


PrimaryKey = tuple[Order, ...]
Record = tuple[Item, int]  # an item and its size in bytes


class MemoryTable:
    """Items by primary key. Stored items are never changed, only replaced."""

    def __init__(self, schema: TableSchema, clock: Callable[[], int]) -> None:
        self.schema = schema
        self.changes: deque[StreamChange] = deque()
        self._clock = clock
        self._changes_made = 0
        self._items: dict[PrimaryKey, Record] = {}
        self._partitions: dict[tuple[str | None, Order], dict[PrimaryKey, None]] = {}

    def key_of(self, raw: object) -> tuple[Item, PrimaryKey]:
        """Give a call's key, checked; raises InvalidValue."""
        key = normalized_item(raw)
        if key.keys() != set(self.schema.keys):
            raise InvalidValue("The provided key element does not match the schema")
        return key, self.primary_key(key)

    def primary_key(self, item: Item) -> PrimaryKey:
        """Give what an item is stored under; raises InvalidValue."""
        return tuple(self._checked_key(name, item.get(name)) for name in self.schema.keys)

    def find(self, primary: PrimaryKey) -> Item | None:
        """Give the stored item, which the caller must not change."""
        record = self._items.get(primary)
        return None if record is None else record[0]

    def store(self, primary: PrimaryKey, record: Record | None) -> None:
        """Replace an item, None removes it."""
        old = self.find(primary)
        new = None if record is None else record[0]
        if record is None:
            self._items.pop(primary, None)
        else:
            self._items[primary] = record
        self._reindex(primary, old, new)
        if self.schema.stream and old != new:
            self._record(old, new)

    def record(self, primary: PrimaryKey, new: Item) -> Record:
        """Give what `store` takes; raises InvalidValue for a large item or a wrong index key."""
        old, old_size = self._items.get(primary) or (None, 0)
        size = _resized(old, old_size, new)
        if size > ITEM_BYTES:
            raise InvalidValue("Item size has exceeded the maximum allowed size")
        for index in self.schema.indexes:
            for name in index.keys:
                if name in new and (old is None or new[name] is not old.get(name)):
                    self._checked_key(name, new[name])
        return new, size

    def partition(self, index: str | None, value: AttributeValue) -> list[Record]:
        """Give the items and sizes of one partition of the table or of an index, in order."""
        members = self._partitions.get((index, order_of(value)), {})
        return [self._items[primary] for primary in self._sorted(index, members)]

    def index(self, name: str) -> IndexSchema:
        """Give the schema of an index; raises InvalidValue."""
        for index in self.schema.indexes:
            if index.name == name:
                return index
        raise InvalidValue(f"The table does not have the specified index: {name}")

    def items(self) -> Iterator[Item]:
        """Give every stored item, which the caller must not change."""
        return (item for item, _size in self._items.values())

    def changes_after(self, number: int) -> list[StreamChange]:
        """Give the stream's changes of the last day that came after one of them."""
        start = bisect_right(self.changes, number, key=lambda change: change.number)
        return [self.changes[position] for position in range(start, len(self.changes))]

    def _checked_key(self, name: str, value: AttributeValue | None) -> Order:
        if value is None:
            raise InvalidValue(f"One of the required keys was not given a value: {name}")
        wanted = self.schema.key_type(name)
        if kind_of(value) != wanted:
            raise InvalidValue(
                f"Type mismatch for key {name} expected: {wanted} actual: {kind_of(value)}"
            )
        order = order_of(value)
        if order in ("", b""):
            raise InvalidValue(
                "One or more parameter values are not valid. The AttributeValue for a key "
                f"attribute cannot contain an empty string value. Key: {name}"
            )
        limit = PARTITION_KEY_BYTES if name == self.schema.partition_key else SORT_KEY_BYTES
        if wanted != "N" and name in self.schema.keys and size_of_attribute("", value) > limit:
            raise InvalidValue(f"Size of key {name} has exceeded the maximum size of {limit} bytes")
        return order

    def _sorted(self, index: str | None, members: Mapping[PrimaryKey, None]) -> list[PrimaryKey]:
        if index is None:
            return sorted(members)  # pyright: ignore[reportArgumentType] - one type a position
        name = self.index(index).sort_key
        if name is None:
            return sorted(members)  # pyright: ignore[reportArgumentType]
        order: Callable[[PrimaryKey], Any] = lambda primary: (  # noqa: E731 - needs a type
            order_of(self._items[primary][0][name]),
            primary,
        )
        return sorted(members, key=order)

    def _reindex(self, primary: PrimaryKey, old: Item | None, new: Item | None) -> None:
        own = (None, primary[0])
        if (old is None) != (new is None):
            self._move(primary, None if old is None else own, None if new is None else own)
        for index in self.schema.indexes:
            before = _index_partition(index, old)
            after = _index_partition(index, new)
            if before != after:
                self._move(primary, before, after)

    def _move(
        self,
        primary: PrimaryKey,
        before: tuple[str | None, Order] | None,
        after: tuple[str | None, Order] | None,
    ) -> None:
        if before is not None:
            members = self._partitions[before]
            del members[primary]
            if not members:
                del self._partitions[before]
        if after is not None:
            self._partitions.setdefault(after, {})[primary] = None

    def _record(self, old: Item | None, new: Item | None) -> None:
        now = self._clock()
        self._changes_made += 1
        self.changes.append(StreamChange(self._changes_made, now, old, new))
        while self.changes[0].time < now - STREAM_MILLISECONDS:
            self.changes.popleft()


def _index_partition(index: IndexSchema, item: Item | None) -> tuple[str | None, Order] | None:
    if item is None or any(name not in item for name in index.keys):
        return None
    return index.name, order_of(item[index.partition_key])


def _resized(old: Item | None, old_size: int, new: Item) -> int:
    """Give the size of the new item, measuring only what is not of the old one."""
    if old is None:
        return size_of_item(new)
    size = old_size
    for name, value in new.items():
        before = old.get(name)
        if before is not value:
            size += size_of_attribute(name, value)
            size -= 0 if before is None else size_of_attribute(name, before)
    gone = old.keys() - new.keys()
    return size - sum(size_of_attribute(name, old[name]) for name in gone)
