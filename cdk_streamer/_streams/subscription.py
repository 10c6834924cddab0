"""Events of a bus, through a queue: a direct target has no batches and no partial response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_events as events
from constructs import Construct

from cdk_streamer._streams import filters
from cdk_streamer._streams.manifest import Types
from cdk_streamer._streams.messages import PollerOptions
from cdk_streamer._streams.routes import new_route
from cdk_streamer._streams.way import Plan, Source
from cdk_streamer_runtime.contract.streams import StreamSourceKind

_MEMBERS = (
    *("account", "detail", "detail_type", "id", "region", "resources", "source", "time"),
    "version",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionWay:
    """A bus, and which of its events; without a pattern, those that rules may take."""

    source: events.IEventBus
    pattern: Mapping[str, Any] | None
    options: PollerOptions
    receives: int

    @property
    def kind(self) -> StreamSourceKind:
        """What the runtime reads records as."""
        return StreamSourceKind.EVENT_BUS

    @property
    def bus(self) -> events.IEventBus | None:
        """The bus that events come from."""
        return self.source

    def check(self, seconds: int, types: Types | None) -> None:
        """Refuse two patterns."""
        del seconds
        if types is not None and self.pattern is not None:
            raise ValueError(
                "filter=True makes the pattern of the bus's rule, and pattern is given; "
                "leave one of them out"
            )

    def bind(self, scope: Construct, plan: Plan) -> Source:
        """Let events run the function."""
        inside = Construct(scope, "Subscription")
        queue = self.options.new_queue(inside, "Events", plan, self.receives)
        rule = new_route(
            inside,
            "Rule",
            bus=self.source,
            pattern=self._pattern(plan),
            description=f"Brings events to {plan.name}",
            queue=queue.queue,
            dead_letters=queue.dead_letters,
        )
        mapping = self.options.new_source(queue.queue, plan)
        return self.options.describe(
            mapping, queue.queue, plan, dead_letters=queue.dead_letters, rule=rule
        )

    def _pattern(self, plan: Plan) -> Mapping[str, Any]:
        if self.pattern is not None:
            return self.pattern
        if plan.types is not None:
            return filters.of_bus(plan.types)
        manifest = plan.manifest
        return filters.of_whole_bus(
            plan.name,
            manifest.types if manifest else None,
            own=manifest is None or manifest.takes_its_own,
        )


def read_pattern(pattern: events.EventPattern | None) -> Mapping[str, Any] | None:
    """Give a pattern as CloudFormation has it; raises ValueError if it is empty."""
    if pattern is None:
        return None
    members = {name.replace("_", "-"): getattr(pattern, name) for name in _MEMBERS}
    found = {name: value for name, value in members.items() if value is not None}
    if not found:
        raise ValueError(
            "pattern is empty; name a source or a detail_type, or leave it out for all events"
        )
    return found
