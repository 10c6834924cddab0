"""What a dispatcher makes of the rows that it reads, still as DynamoDB's attribute values.

Most are usual: a place in the wheel with nothing but data. These are read without any object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cdk_streamer_runtime.attributes import AttributeMap, Item, unmarshal_item
from cdk_streamer_runtime.timers.definition import DEFAULT_GRACE
from cdk_streamer_runtime.timers.firing import Firing, firings, successor
from cdk_streamer_runtime.timers.schedules.classes import schedule_at
from cdk_streamer_runtime.timers.schedules.schedule import Once
from cdk_streamer_runtime.timers.schedules.wheel import WINDOW, WheelClass
from cdk_streamer_runtime.timers.sending.dead_letters import Rejected
from cdk_streamer_runtime.timers.table import keys
from cdk_streamer_runtime.timers.table.items import due_moment, due_row, slot_row
from cdk_streamer_runtime.timers.table.keys import Key

_USUAL = 5  # attributes: both keys, rev, since and data
UNREADABLE = "UnreadableItem"


class Partition(NamedTuple):
    """Where rows of a window lie: in a slot of a class, or without one among the next firings."""

    pk: str
    wheel_class: WheelClass | None = None
    slot: int = 0


class Move(NamedTuple):
    """A timer that lives by its next firing: `item` goes to `to` once it has been sent."""

    item: Item
    to: Key


class Found(NamedTuple):
    """What a row comes to in a window."""

    firings: Sequence[Firing]
    skipped: int = 0
    move: Move | None = None


class Reader:
    """Reads the rows of one partition for one window."""

    def __init__(self, partition: Partition, shard: str, window: int) -> None:
        """Take where the rows lie, and when they fire."""
        self._partition = partition
        self._shard = shard
        self._window = window
        self._moments: dict[str, Sequence[int]] = {}
        # No firing of the usual grace is late as long as the window's beginning is not.
        self._timely_until = (window + DEFAULT_GRACE) * 1000

    def read(self, item: AttributeMap, now: int) -> Found:
        """Tell what a row comes to at `now`; raises KeyError, TypeError or ValueError."""
        wheel_class = self._partition.wheel_class
        if wheel_class is None:
            return next_firing(unmarshal_item(item), self._shard, self._window, now)
        if now <= self._timely_until and len(item) == _USUAL and "data" in item:
            return self._usual(wheel_class, item)
        return self._place(wheel_class, item, now)

    def _usual(self, wheel_class: WheelClass, item: AttributeMap) -> Found:
        place: str = item["sk"]["S"]
        since = int(item["since"]["N"])
        id, rev, data = place[3:], int(item["rev"]["N"]), item["data"]["S"]
        moments = self._moments.get(place[:2])
        if moments is None:
            moments = wheel_class.moments(self._partition.slot, int(place[:2]), self._window)
            self._moments[place[:2]] = moments
        return Found([Firing(id, each, rev, data) for each in moments if each * 1000 >= since])

    def _place(self, wheel_class: WheelClass, item: AttributeMap, now: int) -> Found:
        plain = unmarshal_item(item)
        second = int(plain["sk"][:2])
        row = slot_row(plain, schedule_at(wheel_class, self._partition.slot, second))
        end = self._window + WINDOW
        return Found(*firings(row.definition, row.rev, row.since, self._window, end, now))


def next_firing(item: Item, shard: str, window: int, now: int) -> Found:
    """Tell what the next firing of a timer comes to; raises KeyError, TypeError or ValueError.

    All that the timer fires in the window is sent with it, so that it moves beyond the window.
    """
    row = due_row(item)
    definition, end = row.definition, window + WINDOW
    sent, skipped = firings(definition, row.rev, row.since, due_moment(row.key), end, now)
    following = successor(definition, end)
    if isinstance(definition.schedule, Once) or following is None:
        return Found(sent, skipped)
    return Found(sent, skipped, Move(item, keys.due(shard, following, definition.id)))


def unreadable(item: Mapping[str, object]) -> Rejected:
    """Give the dead letter of a row that cannot be read: the row itself."""
    return Rejected(json.dumps({"item": item}, separators=(",", ":")), UNREADABLE)
