"""Expired: what has not been followed up in time becomes an event."""

from __future__ import annotations

from typing import ClassVar

from cdk_streamer_runtime.contract.streams import BUS_RESOURCE, EventRow, ResourceKind
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline
from cdk_streamer_runtime.streams.pipelines.steps import Call, Each, Step, Use
from cdk_streamer_runtime.streams.routing.patterns import EventTypeOption, event_types
from cdk_streamer_runtime.streams.rules.evaluate import Evaluate
from cdk_streamer_runtime.streams.rules.options import (
    EVENT_TYPE,
    NAME,
    NAMES,
    instance_of,
    option,
)
from cdk_streamer_runtime.streams.rules.rule import Rule, flavor
from cdk_streamer_runtime.streams.sinks.events import publish
from cdk_streamer_runtime.streams.store.evaluator import Evaluator
from cdk_streamer_runtime.streams.store.expiry import expired_event, expired_row
from cdk_streamer_runtime.streams.store.images import DELETED, opened_by, stream_types
from cdk_streamer_runtime.streams.store.table import PUT
from cdk_streamer_runtime.streams.uow import UnitOfWork


@flavor
class Expired(Rule):
    """Publish an event when DynamoDB removes a row whose time is up and that says so.

    Rows say it by the `expire` of `Collect` and `Correlate`. `event_type` and `filter` are about
    the event that expired. With `instead_of` nothing is published for a correlation key for which
    that rule has emitted, and it emits nothing afterwards: one of the two, not both.
    """

    kind: ClassVar[str] = "expired"

    event_type: EventTypeOption = option(
        EVENT_TYPE, "the types of the events whose expiry it tells; all", default="*"
    )
    instead_of: Evaluate | None = option(
        instance_of("a rule that is an Evaluate", lambda: Evaluate),
        "the rule of this processor that the expiry runs against",
        default=None,
    )
    bus: str = option(NAME, "what the bus is called", default=BUS_RESOURCE)
    emitted_types: tuple[str, ...] | list[str] | None = option(
        NAMES, "the types that rows give to their expiry, for graphs", default=None
    )

    def emits(self) -> tuple[str, ...]:
        """Give the types of the events that it publishes, as far as they are known."""
        return tuple(self.emitted_types or ())

    def pipelines(self) -> tuple[Pipeline, ...]:
        """Give what it compiles to."""
        types = event_types(self.event_type)

        def accepts(uow: UnitOfWork) -> bool:
            row = expired_row(uow)
            return row is not None and (types.any or types.match(row["event"]["type"]))

        pipeline = Pipeline(
            id=self.id,
            types=stream_types(DELETED, EventRow.EVENT, EventRow.CORRELATION),
            steps=self.steps(),
            accepts=accepts,
            policy=self.policy,
            emits=self.emits(),
            own=self.own,
        )
        return (pipeline,)

    def steps(self) -> tuple[Step, ...]:
        """Give what is done."""
        opened = Each(name="open", apply=self._open)
        if self.instead_of is not None:
            uses = (Use(kind=ResourceKind.TABLE, name=self.instead_of.table, actions=(PUT,)),)
            return (opened, Call(name="emit", send=self._emit_instead, uses=uses))
        return (opened, Call(name="to_event", send=self._to_event), publish(bus=self.bus))

    def _open(self, uow: UnitOfWork) -> UnitOfWork | None:
        opened = opened_by(uow, expired_row(uow) or {})
        return opened if self.filter is None or self.filter(opened) else None

    def _to_event(self, uow: UnitOfWork, world: World) -> UnitOfWork:
        return uow.extend(publish_request=expired_event(uow, self.id, world))

    def _emit_instead(self, uow: UnitOfWork, world: World) -> UnitOfWork:
        if self.instead_of is not None:
            event = expired_event(uow, self.id, world)
            Evaluator(self.instead_of, world).emit_instead(uow, event)
        return uow
