"""The wheel as it is often built: an index of minutes of the hour, turned by the wall clock.

Once a minute a function asks which minute it is, queries the index for it, and sends what it finds
to a FIFO queue that drops what it has seen. Its timers are kept as generously as it can be: one
item for each minute of the hour in which a timer may fire, all of them written in one transaction,
and messages that differ, though a queue that deduplicates by content would drop equal data too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from cdk_streamer_runtime.documents import decode
from cdk_streamer_runtime.dynamodb import Delete, Item, Put, Table
from cdk_streamer_runtime.memory.queues import QueueSchema
from cdk_streamer_runtime.memory.tables import IndexSchema
from cdk_streamer_runtime.timers.definition import Definition
from cdk_streamer_runtime.timers.schedules.schedule import Calendar, Every, Once
from cdk_streamer_runtime.timers.table.items import timer_item, timer_of
from cdk_streamer_runtime.timers.timer import Timer
from tests.runtime.timers.simulation.protocol import NaiveProtocol
from tests.runtime.timers.simulation.world import Invocation

QUEUE = "callbacks.fifo"
HOUR = 3600
DIVISORS = (60, 120, 180, 240, 300, 360, 600, 720, 900, 1200, 1800, 3600)


class MinuteWheel(NaiveProtocol):
    """A wheel with a place for each minute of the hour."""

    name = "minute wheel"
    index = IndexSchema(name="by_minute", partition_key="spoke", sort_key="pk")
    queue = QueueSchema(name=QUEUE, visibility_seconds=60)
    is_fifo = True

    def fitting(self, definition: Definition) -> Definition:
        """Round it to whole minutes, and to a period that an hour is a multiple of."""
        schedule = definition.schedule
        match schedule:
            case Every(period=period, phase=phase):
                period = min(DIVISORS, key=lambda divisor: abs(divisor - period))
                schedule = Every(period=period, phase=phase // 60 * 60 % period)
            case Once(moment=moment):
                schedule = Once(moment=-(-moment // 60) * 60)
            case _:
                pass
        return replace(definition, schedule=schedule, jitter=None, plain=False)

    def store(self, table: Table, timer: Timer, before: Timer | None) -> None:
        """Store the timer, one item for each of its minutes, and take it out of all others."""
        item = timer_item(timer)
        minutes = set() if timer.definition.paused else set(_minutes(timer.definition))
        table.transact(
            [Put(item=item)]
            + [Put(item={**item, **_place(timer.id, each)}) for each in sorted(minutes)]
        )
        others = sorted(set(_minutes(before.definition)) - minutes) if before else []
        if others:
            table.transact([Delete(key=_key(timer.id, minute)) for minute in others])

    def forget(self, table: Table, timer: Timer) -> None:
        """Take the timer out of all of its minutes."""
        minutes = sorted(set(_minutes(timer.definition)))
        table.transact([Delete(key=_key(timer.id, minute)) for minute in minutes])

    def dispatch(self, invocation: Invocation) -> None:
        """Send what is due in the minute that the clock shows."""
        now = invocation.platform.clock() // 1000 // 60 * 60
        page = Table(invocation.aws, "timers").query(
            "spoke = :spoke", values={":spoke": f"{now // 60 % 60:02d}"}, index="by_minute"
        )
        for item in page.items:
            try:
                self._fire(invocation, item, now)
            except Exception:  # noqa: BLE001, S112 - one that fails must not keep the others
                continue

    def _fire(self, invocation: Invocation, item: Item, now: int) -> None:
        definition = timer_of(item).definition
        if not any(definition.occurrences(now, now + 60)):
            return
        body = {"id": definition.id, "fire_at": now, "data": decode(definition.data)}
        message = {
            "QueueUrl": self.world.queues.url(QUEUE),
            "MessageBody": json.dumps(body),
            "MessageGroupId": definition.id,
        }
        invocation.aws.call("sqs", "SendMessage", message)


def _minutes(definition: Definition) -> Iterator[int]:
    """Give the minutes of the hour in which a timer may fire."""
    match definition.schedule:
        case Every(period=period, phase=phase):
            yield from (second // 60 for second in range(phase, HOUR, period))
        case Calendar():
            # Zones differ from UTC by minutes too, and gaps move firings: so it looks at each.
            yield from range(60)
        case Once(moment=moment):
            yield moment // 60 % 60
        case _:
            raise TypeError(definition.schedule)


def _place(id: str, minute: int) -> dict[str, str]:
    return {**_key(id, minute), "spoke": f"{minute:02d}"}


def _key(id: str, minute: int) -> dict[str, str]:
    return {"pk": f"m#{id}", "sk": f"{minute:02d}"}
