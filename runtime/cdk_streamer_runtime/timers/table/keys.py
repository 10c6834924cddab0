"""Where everything lies in the table: the one place that makes its keys. All are text.

A shard is written as the first bits of its timers' hashes, so that two halves of it would have
names of their own beside it: 16 shards are "0000" to "1111", and "0000" splits to "00000", "00001".
"""

from __future__ import annotations

from typing import NamedTuple

from cdk_streamer_runtime.contract.timers import MAX_TIMER_SHARDS, TimerItemKind
from cdk_streamer_runtime.timers.definition import stable_number

HOUR = 3600
LIST_PARTITIONS = 8
META = "meta"
SHARD = "shard"
LAYOUT = "layout"


class Key(NamedTuple):
    """The primary key of an item."""

    pk: str
    sk: str


def shard_names(shards: int) -> list[str]:
    """Name all shards; raises ValueError when their number is no power of two, up to 4,096."""
    if not 1 <= shards <= MAX_TIMER_SHARDS or shards & (shards - 1):
        raise ValueError(f"shards must be a power of two, 1 to {MAX_TIMER_SHARDS}, got {shards!r}")
    return [_bits(number, shards) for number in range(shards)]


def shard_of(id: str, shards: int) -> str:
    """Name the shard of a timer, by the first bits of its hash."""
    return _bits(stable_number(id) * shards >> 64, shards)


def meta(id: str) -> Key:
    """Key of a timer's definition."""
    return Key(f"{TimerItemKind.DEFINITION}#{id}", META)


def slot(shard: str, wheel_class: str, number: int, second: int, id: str) -> Key:
    """Key of a timer's place in the wheel."""
    return Key(slot_partition(shard, wheel_class, number), f"{second:02d}#{id}")


def slot_partition(shard: str, wheel_class: str, number: int) -> str:
    """Partition of all timers of a slot."""
    return f"{TimerItemKind.SLOT}#{shard}#{wheel_class}#{number}"


def due(shard: str, moment: int, id: str) -> Key:
    """Key of the one next firing, for timers that are not in the wheel."""
    return Key(due_partition(shard, moment), f"{due_sort(moment)}#{id}")


def due_partition(shard: str, moment: int) -> str:
    """Partition of all such firings of an hour."""
    return f"{TimerItemKind.DUE}#{shard}#{moment // HOUR}"


def due_sort(moment: int) -> str:
    """Beginning of their sort key, in milliseconds, in the order of time."""
    return f"{moment * 1000:015d}"


def class_registry(shard: str) -> str:
    """Partition of the classes that the shard's timers are of; the sort key is the class."""
    return f"{TimerItemKind.CLASS}#{shard}"


def shard(name: str) -> Key:
    """Key of what the dispatchers of a shard know of each other."""
    return Key(f"{TimerItemKind.SHARD}#{name}", SHARD)


def layout() -> Key:
    """Key of what all shards have in common: how many they are."""
    return Key(f"{TimerItemKind.SHARD}#", LAYOUT)


def firing(id: str, moment: int) -> Key:
    """Key of what a callback remembers of a firing."""
    return Key(f"{TimerItemKind.FIRING}#{id}", f"{moment:012d}")


def owner_partition(owner: str, id: str) -> str:
    """Partition of the owners' index: several an owner, so that no owner is one hot partition."""
    return list_partition(owner, stable_number(id) % LIST_PARTITIONS)


def list_partition(owner: str, number: int) -> str:
    """One of these partitions, by its number."""
    return f"o#{number}#{owner}"


def _bits(number: int, shards: int) -> str:
    depth = shards.bit_length() - 1
    return f"{number:0{depth}b}" if depth else ""
