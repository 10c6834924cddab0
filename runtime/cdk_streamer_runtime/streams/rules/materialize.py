"""Materialize: a view of what events tell, in a table of one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from cdk_streamer_runtime.contract.streams import DISCRIMINATOR, TABLE_RESOURCE
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.filters import LATCHED
from cdk_streamer_runtime.streams.pipelines.functions import without_request
from cdk_streamer_runtime.streams.pipelines.steps import Each, Step
from cdk_streamer_runtime.streams.rules.composed import ComposedRule
from cdk_streamer_runtime.streams.rules.item import KEY, Deletion, ItemUpdate
from cdk_streamer_runtime.streams.rules.options import (
    BOOLEAN,
    DURATION,
    NAME,
    NAMES,
    UOW_FUNCTION,
    one_of,
    option,
)
from cdk_streamer_runtime.streams.rules.rule import flavor
from cdk_streamer_runtime.streams.uow import UnitOfWork

REQUEST = "update_request"


def tells_deletion(uow: UnitOfWork) -> bool:
    """Tell whether an event says that its entity is deleted, by its type."""
    return uow.event["type"].endswith("-deleted")


@flavor
class Materialize(ComposedRule):
    """Keep an item as the newest event says.

    `to_update` gives the item: its key and what to set, None to remove an attribute. What is older
    than what is stored changes nothing and is counted. A `...-deleted` event marks the item with
    `deleted` and leaves it, so that a late event cannot bring it back.
    """

    kind: ClassVar[str] = "materialize"

    to_update: Callable[[UnitOfWork], Mapping[str, Any] | None] = option(
        UOW_FUNCTION, "gives the item's key and attributes, or None for nothing to do"
    )
    table: str = option(NAME, "what the table is called", default=TABLE_RESOURCE)
    key: tuple[str, ...] | list[str] = option(
        NAMES, "the attributes of the table's key", default=KEY
    )
    discriminator: str | None = option(
        NAME, "the kind of entity, which the item gets as `discriminator`", default=None
    )
    latched: bool = option(
        BOOLEAN, "marks the item as received, so that its change is not sent back", default=True
    )
    awsregion: bool = option(
        BOOLEAN, "notes the region that writes, for streams of global tables", default=False
    )
    ttl: timedelta | None = option(
        DURATION, "how long after its event DynamoDB keeps the item", default=None
    )
    soft_delete: bool | Callable[[UnitOfWork], object] = option(
        one_of(BOOLEAN, UOW_FUNCTION),
        "which events delete: by their type, or by a function",
        default=True,
    )
    deleted_ttl: timedelta | None = option(
        DURATION,
        "how long the mark of a deletion is kept; None for ever",
        default=timedelta(days=11),
        is_optional=True,
    )

    def steps(self) -> tuple[Step, ...]:
        """Give what is done."""
        from cdk_streamer_runtime.streams.sinks.dynamodb import update

        sink = update(request=REQUEST, table=self.table)
        request = self._item_update().request

        def to_update(uow: UnitOfWork) -> UnitOfWork:
            made = request(uow)
            if made is None:
                return without_request(uow, REQUEST)
            return uow.extend(update_request=made)

        def send(uow: UnitOfWork, world: World) -> UnitOfWork | None:
            made = request(uow, world.tags.get("region"))
            if made is None:
                return uow
            return sink.send(uow.extend(update_request=made), world)

        if self.awsregion:
            return (*self.front(), replace(sink, send=send))
        return (*self.front(), Each(name="to_update", apply=to_update), sink)

    def _item_update(self) -> ItemUpdate:
        constants: dict[str, Any] = {}
        if self.discriminator is not None:
            constants[DISCRIMINATOR] = self.discriminator
        if self.latched:
            constants[LATCHED] = True
        return ItemUpdate(
            to_item=self.to_update,
            key=tuple(self.key),
            constants=constants,
            seconds=_seconds(self.ttl),
            deletion=self._deletion(),
        )

    def _deletion(self) -> Deletion | None:
        if self.soft_delete is False:
            return None
        return Deletion(
            applies=tells_deletion if self.soft_delete is True else self.soft_delete,
            seconds=_seconds(self.deleted_ttl),
        )


def _seconds(duration: timedelta | None) -> int | None:
    return None if duration is None else int(duration.total_seconds())
