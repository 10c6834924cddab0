"""Evaluate: events that belong together become another event, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from cdk_streamer_runtime.contract.streams import (
    BUS_RESOURCE,
    TABLE_RESOURCE,
    EventRow,
    ResourceKind,
)
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.gathering import group_step
from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline
from cdk_streamer_runtime.streams.pipelines.steps import Call, Step, Use
from cdk_streamer_runtime.streams.routing.patterns import event_types
from cdk_streamer_runtime.streams.rules.options import (
    COUNT,
    DURATION,
    NAME,
    NAMES,
    UOW_FUNCTION,
    one_of,
    option,
)
from cdk_streamer_runtime.streams.rules.rule import Rule, flavor
from cdk_streamer_runtime.streams.store.evaluator import Evaluator
from cdk_streamer_runtime.streams.store.images import CREATED, inserted, opening, stream_types
from cdk_streamer_runtime.streams.store.keys import PK
from cdk_streamer_runtime.streams.store.outbox import outbox_pipeline
from cdk_streamer_runtime.streams.store.rows import KEEP
from cdk_streamer_runtime.streams.store.table import MOST, PUT, QUERY
from cdk_streamer_runtime.streams.uow import UnitOfWork


@flavor
class Evaluate(Rule):
    """Emit an event when an expression is true of the events of a correlation key.

    It reads the stream of the table that `Collect` and `Correlate` write. For each correlation
    key it emits once, or once for each emission key. Without an `expression` it emits for each
    event that was collected.
    """

    kind: ClassVar[str] = "evaluate"

    emit: str | Callable[[UnitOfWork], Any] = option(
        one_of(NAME, UOW_FUNCTION),
        "the type of the event to emit, or a function that gives it, several in a list, or None",
    )
    expression: Callable[[UnitOfWork], Any] | None = option(
        UOW_FUNCTION,
        "tells of `uow.correlated` whether it is true, or gives the events that make it true",
        default=None,
    )
    within: timedelta | None = option(
        DURATION, "older events than that do not count; those that expired never do", default=None
    )
    emission_key: Callable[[UnitOfWork], str] | None = option(
        UOW_FUNCTION, "tells apart what may be emitted for one correlation key", default=None
    )
    suffix: str | None = option(
        NAME, "evaluates the correlations that have this suffix, and no others", default=None
    )
    keep: timedelta = option(
        DURATION, "how long after the last event it is remembered what was emitted", default=KEEP
    )
    most: int = option(
        COUNT, "with more events under a key it is a fault to evaluate them", default=MOST
    )
    table: str = option(NAME, "what the table is called", default=TABLE_RESOURCE)
    bus: str = option(NAME, "what the bus is called", default=BUS_RESOURCE)
    emitted_types: tuple[str, ...] | list[str] | None = option(
        NAMES, "the types of the events that a function `emit` gives, for graphs", default=None
    )

    def contradiction(self) -> str | None:
        """Say which options do not go together."""
        if self.expression is not None:
            return None
        for name in ("within", "suffix"):
            if getattr(self, name) is not None:
                return f"{name} needs an expression: without one each event counts for itself"
        return None

    def emits(self) -> tuple[str, ...]:
        """Give the types of the events that it publishes, as far as they are known."""
        return (self.emit,) if isinstance(self.emit, str) else tuple(self.emitted_types or ())

    def pipelines(self) -> tuple[Pipeline, ...]:
        """Give what it compiles to: what evaluates, and what publishes the rows of that."""
        evaluating = Pipeline(
            id=self.id,
            types=stream_types(CREATED, self._rows),
            steps=self.steps(),
            accepts=self._accepts(),
            policy=self.policy,
            own=self.own,
        )
        return (evaluating, outbox_pipeline(self.id, self.bus, self.policy, self.emits()))

    def steps(self) -> tuple[Step, ...]:
        """Give what is done."""
        actions = (PUT,) if self.expression is None else (QUERY, PUT)
        uses = (Use(kind=ResourceKind.TABLE, name=self.table, actions=actions),)
        evaluate = Call(name="evaluate", send=self._send, uses=uses)
        opened = opening(self._rows, self.filter)
        if self.expression is None:
            return (opened, evaluate)
        return (opened, group_step(_partition), evaluate)

    @property
    def _rows(self) -> EventRow:
        return EventRow.EVENT if self.expression is None else EventRow.CORRELATION

    def _accepts(self) -> Callable[[UnitOfWork], bool]:
        fitting = inserted(self._rows, event_types(self.event_type))
        suffix = self.suffix
        return lambda uow: fitting(uow) and uow.event["raw"]["new"].get("suffix") == suffix

    def _send(self, uow: UnitOfWork, world: World) -> UnitOfWork:
        Evaluator(self, world).evaluate(uow)
        return uow


def _partition(uow: UnitOfWork) -> str:
    return uow.row[PK]
