"""What flavors have in common before they make their request: compact, split, group, read, wait."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any

from cdk_streamer_runtime.contract.streams import TABLE_RESOURCE
from cdk_streamer_runtime.streams.pipelines.compaction import Compact, by_partition_key
from cdk_streamer_runtime.streams.pipelines.functions import request_step
from cdk_streamer_runtime.streams.pipelines.gathering import batch_step, group_step
from cdk_streamer_runtime.streams.pipelines.splits import split_step
from cdk_streamer_runtime.streams.rules.options import (
    BOOLEAN,
    COUNT,
    NAME,
    UOW_FUNCTION,
    instance_of,
    one_of,
    option,
)
from cdk_streamer_runtime.streams.rules.rule import Rule, flavor
from cdk_streamer_runtime.streams.uow import UnitOfWork

if TYPE_CHECKING:
    from cdk_streamer_runtime.streams.pipelines.rates import Rate
    from cdk_streamer_runtime.streams.pipelines.steps import Step


def _rate() -> type:
    from cdk_streamer_runtime.streams.pipelines.rates import Rate

    return Rate


Make = Callable[[UnitOfWork], Any]


@flavor
class ComposedRule(Rule):
    """A rule that may do this, in this order, before it does what it is for."""

    compact: bool | Compact = option(
        one_of(BOOLEAN, instance_of("a Compact", lambda: Compact)),
        "of the events of a partition key in a batch only the last one counts",
        default=False,
    )
    split: Callable[[UnitOfWork], Iterable[Any] | None] | None = option(
        UOW_FUNCTION, "gives parts; each goes on by itself, as `uow.split`", default=None
    )
    group: bool | Callable[[UnitOfWork], Hashable] = option(
        one_of(BOOLEAN, UOW_FUNCTION),
        "makes one of all of a key in the batch, by default of a partition key: `uow.batch`",
        default=False,
    )
    batch: int | None = option(COUNT, "makes one of so many: `uow.batch`", default=None)
    query_request: Make | None = option(
        UOW_FUNCTION, "gives the parameters of a Query; items: `uow.query_response`", default=None
    )
    get_request: Make | None = option(
        UOW_FUNCTION,
        "gives the `Key` to read; the item: `uow.get_response`",
        default=None,
    )
    batch_get_request: Make | None = option(
        UOW_FUNCTION, "gives `Keys` to read; items: `uow.batch_get_response`", default=None
    )
    read_table: str = option(NAME, "what the table is called that is read", default=TABLE_RESOURCE)
    consistent: bool = option(
        BOOLEAN, "reads what was written last, for twice the price", default=False
    )
    rate: Rate | None = option(
        instance_of("a Rate", _rate), "how many go on in a time, in an invocation", default=None
    )

    def front(self) -> tuple[Step, ...]:
        """Give the steps of these options."""
        steps: list[Step] = []
        if self.compact:
            steps.append((self.compact if isinstance(self.compact, Compact) else Compact()).step())
        if self.split is not None:
            steps.append(split_step(self.split))
        if self.group:
            steps.append(group_step(by_partition_key if self.group is True else self.group))
        if self.batch is not None:
            steps.append(batch_step(self.batch))
        steps += self._reads()
        if self.rate is not None:
            steps.append(self.rate.step())
        return tuple(steps)

    def _reads(self) -> list[Step]:
        steps: list[Step] = []
        if self.query_request is not None:
            from cdk_streamer_runtime.streams.queries.pages import query

            steps.append(request_step("query_request", self.query_request))
            steps.append(query(table=self.read_table, consistent=self.consistent))
        if self.get_request is not None:
            from cdk_streamer_runtime.streams.queries.items import get

            steps.append(request_step("get_request", self.get_request))
            steps.append(get(table=self.read_table, consistent=self.consistent))
        if self.batch_get_request is not None:
            from cdk_streamer_runtime.streams.queries.items import batch_get

            steps.append(request_step("batch_get_request", self.batch_get_request))
            steps.append(batch_get(table=self.read_table, consistent=self.consistent))
        return steps
