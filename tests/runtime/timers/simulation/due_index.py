"""The due-time index as it is often built: each timer knows its next moment, and an index sorts.

Once a minute a function queries what is due within the next minute, page by page. For each timer
it first advances the moment, on condition that nobody else has, so that nothing is sent twice; and
then sends. What dies between the two is never sent. After an outage it catches up.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

from cdk_streamer_runtime.documents import decode
from cdk_streamer_runtime.dynamodb import Item, Table
from cdk_streamer_runtime.errors import AwsError, ConditionFailed
from cdk_streamer_runtime.memory.queues import QueueSchema
from cdk_streamer_runtime.memory.tables import IndexSchema
from cdk_streamer_runtime.timers.definition import Definition, Occurrence
from cdk_streamer_runtime.timers.table.items import timer_item, timer_of
from cdk_streamer_runtime.timers.timer import Timer
from tests.runtime.timers.simulation.protocol import TABLE, NaiveProtocol
from tests.runtime.timers.simulation.world import Invocation

QUEUE = "callbacks"
LOOK_AHEAD = 60
SOON = 400 * 86_400
LONGEST_DELAY = 900


class DueIndex(NaiveProtocol):
    """An index of what is due when, advanced before it is sent."""

    name = "due-time index"
    index = IndexSchema(name="by_due", partition_key="wheel", sort_key="due")
    queue = QueueSchema(name=QUEUE, visibility_seconds=60)

    def store(self, table: Table, timer: Timer, before: Timer | None) -> None:
        """Store the timer with its next moment."""
        del before
        table.put({**timer_item(timer), **_due(_next(timer.definition, timer.updated_at // 1000))})

    def dispatch(self, invocation: Invocation) -> None:
        """Send everything that is due soon."""
        horizon = invocation.platform.clock() // 1000 + LOOK_AHEAD
        for item in self._page_by_page(Table(invocation.aws, TABLE), horizon):
            try:
                self._fire(invocation, item, horizon)
            except AwsError:  # the next minute will find it again, unless it has advanced
                continue

    def _page_by_page(self, table: Table, horizon: int) -> Iterator[Item]:
        start: Item | None = None
        while True:
            page = table.query(
                "wheel = :wheel AND due <= :due",
                values={":wheel": "due", ":due": _text(horizon)},
                index=self.index.name,
                start=start,
            )
            yield from page.items
            if page.next_key is None:
                return
            start = page.next_key

    def _fire(self, invocation: Invocation, item: Item, horizon: int) -> None:
        table, definition = Table(invocation.aws, TABLE), timer_of(item).definition
        nominal = int(item["due"])
        while nominal <= horizon:
            following = _next(definition, nominal + 1)
            if not self._advance(table, item, nominal, following):
                return
            delay = definition.delay(nominal)
            self._send(invocation, definition, Occurrence(nominal=nominal, fire_at=nominal + delay))
            if following is None:
                return
            nominal = following

    def _advance(self, table: Table, item: Item, nominal: int, following: int | None) -> bool:
        try:
            table.update(
                {"pk": item["pk"], "sk": item["sk"]},
                "REMOVE wheel, due" if following is None else "SET due = :next",
                condition="due = :due",
                values={":due": _text(nominal)}
                | ({} if following is None else {":next": _text(following)}),
                returns="NONE",
            )
        except ConditionFailed:
            return False
        return True

    def _send(self, invocation: Invocation, definition: Definition, firing: Occurrence) -> None:
        now = invocation.platform.clock()
        delay = math.ceil(firing.fire_at - now / 1000)
        body = {"id": definition.id, "fire_at": firing.fire_at, "data": decode(definition.data)}
        message = {
            "QueueUrl": self.world.queues.url(QUEUE),
            "MessageBody": json.dumps(body),
            "DelaySeconds": min(max(delay, 0), LONGEST_DELAY),
        }
        invocation.aws.call("sqs", "SendMessage", message)


def _next(definition: Definition, start: int) -> int | None:
    if definition.paused:
        return None
    return next((each.nominal for each in definition.occurrences(start, start + SOON)), None)


def _due(moment: int | None) -> dict[str, str]:
    return {} if moment is None else {"wheel": "due", "due": _text(moment)}


def _text(moment: int) -> str:
    return f"{moment:012d}"
