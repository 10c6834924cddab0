"""A world of timers in memory: table, queues, clock, and who counts. Nothing happens by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.memory import MemoryAws, QueueSchema, TableSchema
from cdk_streamer_runtime.memory.platform import MemoryPlatform
from cdk_streamer_runtime.memory.timers import CountedTimerMetrics
from cdk_streamer_runtime.timers.definition import Definition
from cdk_streamer_runtime.timers.dispatch.dispatcher import Dispatcher
from cdk_streamer_runtime.timers.schedules.wheel import place_of
from cdk_streamer_runtime.timers.sending.sender import Sender
from cdk_streamer_runtime.timers.table.items import class_item, row_item, timer_item
from cdk_streamer_runtime.timers.table.keys import Key, due as due_key, slot
from cdk_streamer_runtime.timers.table.pages import Pages
from cdk_streamer_runtime.timers.table.shards import Shards
from cdk_streamer_runtime.timers.timer import Timer
from tests.runtime.observed_aws import ObservedAws

TABLE = "timers"
FIRINGS, DEAD, TICKS = "firings", "dead", "ticks"
SHARD = "0101"
MINUTE = 1_700_000_040  # a whole one


class World:
    """Where the functions run. The clock stands at the beginning of a minute."""

    def __init__(self) -> None:
        self.platform = MemoryPlatform()
        self.platform.now = MINUTE * 1000
        self.memory = MemoryAws(
            clock=self.platform.clock,
            tables=[TableSchema(name=TABLE, partition_key="pk", sort_key="sk")],
            queues=[QueueSchema(name=name) for name in (FIRINGS, DEAD, TICKS)],
        )
        self.aws = ObservedAws(self.memory)
        self.table = Table(self.memory, TABLE)
        self.meter = CountedTimerMetrics()
        self.sender = Sender(self.aws, self.url(FIRINGS), self.url(DEAD), self.platform, self.meter)

    def url(self, queue: str) -> str:
        return self.memory.queue_url(queue)

    def sent(self, queue: str = FIRINGS) -> list[dict[str, Any]]:
        """Give the bodies in a queue, all of which are JSON."""
        return [json.loads(body) for body in self.memory.messages(queue)]

    def fired(self) -> list[tuple[str, str]]:
        """Give who fires when, in order."""
        return sorted((body["id"], body["fire_at"]) for body in self.sent())

    def received(self, queue: str = FIRINGS) -> list[dict[str, Any]]:
        """Take what can be received now, with all attributes."""
        taken: list[dict[str, Any]] = []
        asked = {"QueueUrl": self.url(queue), "MaxNumberOfMessages": 10}
        while found := self.memory.call("sqs", "ReceiveMessage", asked).get("Messages"):
            taken += found
        return taken


def dispatcher(world: World, *, look_ahead: int = 180) -> Dispatcher:
    """Give a dispatcher of this world: one process, which may die."""
    return Dispatcher(
        shards=Shards(Table(world.aws, TABLE)),
        pages=Pages(world.aws, TABLE),
        sender=world.sender,
        platform=world.platform,
        metrics=world.meter,
        look_ahead=look_ahead,
    )


def plant(
    world: World, definition: Definition, *, rev: int = 7, since: int = 0, due: int | None = None
) -> Key:
    """Put a timer into the table as it lies there; with `due` as if it had no class."""
    schedule = definition.recurrence
    place = None if due is not None else place_of(schedule)
    if place is not None:
        key = slot(SHARD, place.wheel_class.key, place.slot, place.second, definition.id)
        world.table.put(class_item(SHARD, place.wheel_class))
    else:
        moment = schedule.next(MINUTE) if due is None else due
        key = due_key(SHARD, moment or MINUTE, definition.id)
    timer = Timer(
        definition=definition, rev=rev, slot=key, slot_since=since, created_at=0, updated_at=0
    )
    world.table.put(timer_item(timer))
    world.table.put(row_item(timer, key))
    return key


def plant_many(world: World, definitions: Sequence[Definition]) -> None:
    """Put timers of one class into the wheel, as rows alone: all that a dispatcher needs."""
    rows: list[Mapping[str, object]] = []
    for definition in definitions:
        place = place_of(definition.recurrence)
        assert place is not None
        key = slot(SHARD, place.wheel_class.key, place.slot, place.second, definition.id)
        timer = Timer(
            definition=definition, rev=7, slot=key, slot_since=0, created_at=0, updated_at=0
        )
        rows.append(row_item(timer, key))
        if len(rows) == 1:
            world.table.put(class_item(SHARD, place.wheel_class))
    for start in range(0, len(rows), 25):
        world.table.put_all(rows[start : start + 25])
