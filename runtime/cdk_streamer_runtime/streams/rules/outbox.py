"""Outbox: events that a transaction of one's own has stored are published."""

from __future__ import annotations

from typing import ClassVar

from cdk_streamer_runtime.contract.streams import BUS_RESOURCE
from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline
from cdk_streamer_runtime.streams.routing.patterns import EventTypeOption
from cdk_streamer_runtime.streams.rules.options import EVENT_TYPE, NAME, NAMES, option
from cdk_streamer_runtime.streams.rules.rule import Rule, flavor
from cdk_streamer_runtime.streams.store.outbox import outbox_pipeline


@flavor
class Outbox(Rule):
    """Publish what `outbox_item(rule, ...)` gave and somebody has put into the table.

    The item belongs into the transaction of what it tells of: both are done, or neither.
    """

    kind: ClassVar[str] = "outbox"

    event_type: EventTypeOption = option(
        EVENT_TYPE, "has no meaning: the items of this rule's id are taken", default="*"
    )
    bus: str = option(NAME, "what the bus is called", default=BUS_RESOURCE)
    emitted_types: tuple[str, ...] | list[str] | None = option(
        NAMES, "the types of the events, for graphs", default=None
    )

    def contradiction(self) -> str | None:
        """Say which options do not go together."""
        if self.event_type != "*" or self.filter is not None:
            return "event_type and filter do not go with it: an item's rule decides"
        return None

    def emits(self) -> tuple[str, ...]:
        """Give the types of the events that it publishes, as far as they are known."""
        return tuple(self.emitted_types or ())

    def pipelines(self) -> tuple[Pipeline, ...]:
        """Give what it compiles to."""
        return (outbox_pipeline(self.id, self.bus, self.policy, self.emits(), id=self.id),)
