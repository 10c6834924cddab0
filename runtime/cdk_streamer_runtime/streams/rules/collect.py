"""Collect: what comes in is kept in the event store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from cdk_streamer_runtime.contract.streams import TABLE_RESOURCE, ResourceKind, StreamMetric
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.steps import Call, Step, Use
from cdk_streamer_runtime.streams.rules.options import (
    BOOLEAN,
    DURATION,
    NAME,
    UOW_FUNCTION,
    one_of,
    option,
)
from cdk_streamer_runtime.streams.rules.rule import Rule, flavor
from cdk_streamer_runtime.streams.store.correlations import key_of
from cdk_streamer_runtime.streams.store.rows import (
    KEEP,
    Expiry,
    Origin,
    correlation_row,
    event_row,
    ttl_of,
    without_raw,
)
from cdk_streamer_runtime.streams.store.table import PUT, EventStore
from cdk_streamer_runtime.streams.uow import UnitOfWork


@flavor
class Collect(Rule):
    """Keep events in the table, each once however often it is delivered.

    With a `correlation_key` an event is also found among the others of that key, for `Evaluate`.
    """

    kind: ClassVar[str] = "collect"

    correlation_key: str | Callable[[UnitOfWork], Any] | None = option(
        one_of(NAME, UOW_FUNCTION),
        "the member of the event, like 'order.id' or 'partitionKey', or a function that gives it; "
        "an event without one is kept for itself",
        default=None,
    )
    suffix: str | None = option(
        NAME, "keeps correlations of the same key apart, for rules with this suffix", default=None
    )
    ttl: timedelta = option(
        DURATION, "how long after it happened an event counts; then it is removed", default=KEEP
    )
    expire: bool | str = option(
        one_of(BOOLEAN, NAME),
        "its removal becomes an event: True for '<type>-expired', or its type",
        default=False,
    )
    include_raw: bool = option(BOOLEAN, "keeps `raw` too", default=False)
    table: str = option(NAME, "what the table is called", default=TABLE_RESOURCE)

    def contradiction(self) -> str | None:
        """Say which options do not go together."""
        if self.suffix and self.correlation_key is None:
            return "suffix needs a correlation_key"
        return None

    def steps(self) -> tuple[Step, ...]:
        """Give what is done."""
        uses = (Use(kind=ResourceKind.TABLE, name=self.table, actions=(PUT,)),)
        return (Call(name="collect", send=self._collect, uses=uses),)

    def _collect(self, uow: UnitOfWork, world: World) -> UnitOfWork:
        key = None if self.correlation_key is None else key_of(uow, self.correlation_key)
        event = uow.event if self.include_raw else without_raw(uow.event)
        origin = Origin(region=world.tags.get("region"), sequence=uow.place.sequence, rule=self.id)
        plain = Expiry(ttl=ttl_of(event.timestamp, self.ttl))
        telling = Expiry(ttl=plain.ttl, expire=self.expire)
        store = EventStore(world, self.table)
        # The correlation first: who finds the event finds it correlated. One of the two rows
        # tells of its expiry, or there would be two events.
        if key is not None:
            store.put_if_absent(correlation_row(event, key, self.suffix, telling, origin))
        own = telling if key is None else plain
        if not store.put_if_absent(event_row(event, key, own, origin)):
            world.meter.count(StreamMetric.LOST_RACES, step="collect")
        return uow
