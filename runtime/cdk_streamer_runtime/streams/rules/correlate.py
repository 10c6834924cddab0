"""Correlate: collected events are put among others of further keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from cdk_streamer_runtime.contract.streams import TABLE_RESOURCE, EventRow, ResourceKind
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline
from cdk_streamer_runtime.streams.pipelines.steps import Call, Step, Use
from cdk_streamer_runtime.streams.routing.patterns import event_types
from cdk_streamer_runtime.streams.rules.options import (
    BOOLEAN,
    DURATION,
    NAME,
    UOW_FUNCTION,
    one_of,
    option,
)
from cdk_streamer_runtime.streams.rules.rule import Rule, flavor
from cdk_streamer_runtime.streams.store.correlations import keys_of
from cdk_streamer_runtime.streams.store.images import CREATED, inserted, opening, stream_types
from cdk_streamer_runtime.streams.store.rows import Expiry, Origin, correlation_row, ttl_of
from cdk_streamer_runtime.streams.store.table import PUT, EventStore
from cdk_streamer_runtime.streams.uow import UnitOfWork


@flavor
class Correlate(Rule):
    """Put collected events under one more correlation key, or under several.

    It reads the stream of the table that `Collect` writes. `event_type` and `filter` are about
    the events that were collected.
    """

    kind: ClassVar[str] = "correlate"

    correlation_key: str | Callable[[UnitOfWork], Any] = option(
        one_of(NAME, UOW_FUNCTION),
        "the member of the event, like 'order.id', or a function that gives the key, a list of "
        "keys, or None for no correlation",
    )
    suffix: str | None = option(
        NAME, "keeps correlations of the same key apart, for rules with this suffix", default=None
    )
    ttl: timedelta | None = option(
        DURATION,
        "how long after it happened the event counts under this key; as it was collected",
        default=None,
    )
    expire: bool | str = option(
        one_of(BOOLEAN, NAME),
        "its removal becomes an event: True for '<type>-expired', or its type",
        default=False,
    )
    table: str = option(NAME, "what the table is called", default=TABLE_RESOURCE)

    def pipelines(self) -> tuple[Pipeline, ...]:
        """Give what it compiles to."""
        pipeline = Pipeline(
            id=self.id,
            types=stream_types(CREATED, EventRow.EVENT),
            steps=self.steps(),
            accepts=inserted(EventRow.EVENT, event_types(self.event_type)),
            policy=self.policy,
            own=self.own,
        )
        return (pipeline,)

    def steps(self) -> tuple[Step, ...]:
        """Give what is done."""
        uses = (Use(kind=ResourceKind.TABLE, name=self.table, actions=(PUT,)),)
        correlate = Call(name="correlate", send=self._correlate, uses=uses)
        return (opening(EventRow.EVENT, self.filter), correlate)

    def _correlate(self, uow: UnitOfWork, world: World) -> UnitOfWork:
        event, row = uow.event, uow.row
        ttl = row["ttl"] if self.ttl is None else ttl_of(event.timestamp, self.ttl)
        expiry = Expiry(ttl=ttl, expire=self.expire)
        origin = Origin(region=world.tags.get("region"), sequence=row.get("sequence"), rule=self.id)
        store = EventStore(world, self.table)
        for key in keys_of(uow, self.correlation_key):
            store.put_if_absent(correlation_row(event, key, self.suffix, expiry, origin))
        return uow
