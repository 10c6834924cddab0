"""One DynamoDB table in memory: its items, its indexes and its stream."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from cdk_streamer_runtime.memory.partitions import Bounds, Partition, Place
from cdk_streamer_runtime.memory.values import (
    AttributeValue,
    InvalidValue,
    Item,
    Order,
    kind_of,
    normalized_item,
    order_of,
    size_of,
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
PartitionName = tuple[str | None, Order]  # the index, None is the table itself; the partition key
Entry = tuple[PartitionName, Place]


class MemoryTable:
    """Items by primary key. Stored items are never changed, only replaced."""

    def __init__(self, schema: TableSchema, clock: Callable[[], int]) -> None:
        self.schema = schema
        self.changes: deque[StreamChange] = deque()
        self._clock = clock
        self._changes_made = 0
        self._items: dict[PrimaryKey, Record] = {}
        self._partitions: dict[PartitionName, Partition] = {}

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

    def records(
        self,
        index: IndexSchema | None,
        value: AttributeValue,
        bounds: Bounds | None = None,
        *,
        after: Item | None = None,
        forward: bool = True,
    ) -> Iterator[Record]:
        """Give the items and sizes of one partition of the table or of an index, in order.

        Those whose sort keys are within the bounds, or all; only those after a key of both the
        index and the table.
        """
        partition = self._partitions.get((index and index.name, order_of(value)))
        if partition is None:
            return iter(())
        place = None if after is None else self._place(index, after)
        places = partition.places(bounds, after=place, forward=forward)
        if index is None or index.sort_key is None:
            return (self._items[place] for place in places)
        return (self._items[place[1:]] for place in places)

    def index(self, name: str) -> IndexSchema:
        """Give the schema of an index; raises InvalidValue."""
        for index in self.schema.indexes:
            if index.name == name:
                return index
        raise InvalidValue(f"The table does not have the specified index: {name}")

    def items(self) -> Iterator[Item]:
        """Give every stored item, which the caller must not change."""
        return (item for item, _size in self._items.values())

    def size(self, item: Item) -> int:
        """Give the bytes of a stored item."""
        return self._items[self.primary_key(item)][1]

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
        if wanted != "N" and name in self.schema.keys and size_of(value) > limit:
            raise InvalidValue(f"Size of key {name} has exceeded the maximum size of {limit} bytes")
        return order

    def _place(self, index: IndexSchema | None, key: Item) -> Place:
        own = () if index is None or index.sort_key is None else (index.sort_key,)
        return tuple(order_of(key[name]) for name in (*own, *self.schema.keys))

    def _reindex(self, primary: PrimaryKey, old: Item | None, new: Item | None) -> None:
        if (old is None) != (new is None):
            name = (None, primary[0])
            self._move(
                None if old is None else (name, primary), None if new is None else (name, primary)
            )
        for index in self.schema.indexes:
            if old is None or new is None or any(_differ(old, new, key) for key in index.keys):
                self._move(self._entry(index, primary, old), self._entry(index, primary, new))

    def _entry(self, index: IndexSchema, primary: PrimaryKey, item: Item | None) -> Entry | None:
        """Give where an item is in an index: nowhere, if it lacks one of the index's keys."""
        if item is None or any(name not in item for name in index.keys):
            return None
        own = () if index.sort_key is None else (order_of(item[index.sort_key]),)
        return (index.name, order_of(item[index.partition_key])), (*own, *primary)

    def _move(self, before: Entry | None, after: Entry | None) -> None:
        if before == after:
            return
        if before is not None:
            name, place = before
            partition = self._partitions[name]
            partition.remove(place)
            if not partition:
                del self._partitions[name]
        if after is not None:
            name, place = after
            if name not in self._partitions:
                # In the table itself a place begins with the partition's own key.
                self._partitions[name] = Partition(sorted_by=1 if name[0] is None else 0)
            self._partitions[name].add(place)

    def _record(self, old: Item | None, new: Item | None) -> None:
        now = self._clock()
        self._changes_made += 1
        self.changes.append(StreamChange(self._changes_made, now, old, new))
        while self.changes[0].time < now - STREAM_MILLISECONDS:
            self.changes.popleft()


def _differ(old: Item, new: Item, name: str) -> bool:
    # What an update leaves alone is the same object, which is faster to see than equality.
    before, after = old.get(name), new.get(name)
    return before is not after and before != after


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
