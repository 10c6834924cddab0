"""Update: read what is stored, and write what follows of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from cdk_streamer_runtime.contract.streams import TABLE_RESOURCE
from cdk_streamer_runtime.streams.pipelines.filters import accepting
from cdk_streamer_runtime.streams.pipelines.functions import request_step
from cdk_streamer_runtime.streams.pipelines.steps import Step
from cdk_streamer_runtime.streams.rules.composed import ComposedRule
from cdk_streamer_runtime.streams.rules.item import KEY, ItemUpdate
from cdk_streamer_runtime.streams.rules.options import (
    BOOLEAN,
    NAME,
    NAMES,
    UOW_FUNCTION,
    option,
)
from cdk_streamer_runtime.streams.rules.rule import flavor
from cdk_streamer_runtime.streams.uow import UnitOfWork

REQUEST = "update_request"


@flavor
class Update(ComposedRule):
    """Change an item by an event and what was read for it.

    `to_update` gives the item as that of `Materialize`, `to_update_request` the parameters of an
    UpdateItem. Events come at least once: write what holds however often it is written, or use
    the lock.
    """

    kind: ClassVar[str] = "update"

    to_update: Callable[[UnitOfWork], Mapping[str, Any] | None] | None = option(
        UOW_FUNCTION, "gives the item's key and attributes, or None for nothing to do", default=None
    )
    to_update_request: Callable[[UnitOfWork], Mapping[str, Any] | None] | None = option(
        UOW_FUNCTION, "gives the parameters of an UpdateItem, or None for none", default=None
    )
    table: str = option(NAME, "what the table is called", default=TABLE_RESOURCE)
    key: tuple[str, ...] | list[str] = option(
        NAMES, "the attributes of the table's key", default=KEY
    )
    lock: bool = option(
        BOOLEAN, "lets nothing older overwrite what is newer, as Materialize does", default=False
    )
    with_latched: bool = option(
        BOOLEAN, "takes also changes that were received from elsewhere", default=True
    )

    def contradiction(self) -> str | None:
        """Say which options do not go together."""
        if (self.to_update is None) == (self.to_update_request is None):
            return "give one of to_update and to_update_request"
        if self.to_update_request is not None and self.lock:
            return "lock needs to_update; a to_update_request has its own condition"
        return None

    def accepts(self) -> Callable[[UnitOfWork], bool] | None:
        """Give the test of an event of a fitting type."""
        return accepting(content=self.filter, latched=self.with_latched)

    def steps(self) -> tuple[Step, ...]:
        """Give what is done."""
        from cdk_streamer_runtime.streams.sinks.dynamodb import update

        make = self.to_update_request
        if self.to_update is not None:
            make = ItemUpdate(to_item=self.to_update, key=tuple(self.key), lock=self.lock).request
        assert make is not None, "contradiction() has seen to it"  # noqa: S101 - for the types
        return (
            *self.front(),
            request_step(REQUEST, make),
            update(request=REQUEST, table=self.table),
        )
