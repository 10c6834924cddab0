"""Cdc: what changed in a table becomes events for others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from cdk_streamer_runtime.contract.streams import BUS_RESOURCE
from cdk_streamer_runtime.streams.pipelines.emission import PUBLISH_REQUEST, emission
from cdk_streamer_runtime.streams.pipelines.filters import accepting
from cdk_streamer_runtime.streams.pipelines.steps import Step
from cdk_streamer_runtime.streams.routing.patterns import event_types
from cdk_streamer_runtime.streams.rules.composed import ComposedRule
from cdk_streamer_runtime.streams.rules.options import (
    BOOLEAN,
    COUNT,
    NAME,
    NAMES,
    UOW_FUNCTION,
    option,
)
from cdk_streamer_runtime.streams.rules.rule import flavor
from cdk_streamer_runtime.streams.uow import UnitOfWork


@flavor
class Cdc(ComposedRule):
    """Publish an event for each change, as `to_event` tells it.

    The images are in `uow.event.raw`, as `new` and `old`. The event has the type, timestamp and
    partition key of the change unless `to_event` gives others, and an id that is made of the
    change's and the rule's. What was received from elsewhere, and so is `latched`, is not sent
    back.
    """

    kind: ClassVar[str] = "cdc"

    to_event: Callable[[UnitOfWork], Mapping[str, Any] | None] = option(
        UOW_FUNCTION, "gives the entity and what else the event has, or None for no event"
    )
    bus: str = option(NAME, "what the bus is called", default=BUS_RESOURCE)
    with_latched: bool = option(
        BOOLEAN, "publishes also what was received from elsewhere", default=False
    )
    emitted_types: tuple[str, ...] | list[str] | None = option(
        NAMES, "the types that `to_event` gives, for graphs; those of event_type", default=None
    )

    compress: int | None = option(
        COUNT, "over how many bytes an event is compressed; None for never", default=None
    )

    def accepts(self) -> Callable[[UnitOfWork], bool] | None:
        """Give the test of an event of a fitting type."""
        return accepting(content=self.filter, latched=self.with_latched)

    def emits(self) -> tuple[str, ...]:
        """Give the types of the events that it publishes, as far as they are known."""
        return tuple(self.emitted_types or event_types(self.event_type).exact)

    def steps(self) -> tuple[Step, ...]:
        """Give what is done."""
        from cdk_streamer_runtime.streams.sinks.events import publish

        sink = publish(request=PUBLISH_REQUEST, bus=self.bus, compress=self.compress)
        return (*self.front(), emission(self.id, self.to_event), sink)
