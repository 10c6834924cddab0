"""Job: something is done with each item of a table, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from cdk_streamer_runtime.contract.streams import BUS_RESOURCE, TABLE_RESOURCE, ResourceKind
from cdk_streamer_runtime.dynamodb import Item, unmarshal_item
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.pipelines.emission import PUBLISH_REQUEST, emission
from cdk_streamer_runtime.streams.pipelines.functions import request_step
from cdk_streamer_runtime.streams.pipelines.gathering import group_step
from cdk_streamer_runtime.streams.pipelines.steps import Call, Spread, Step, Use
from cdk_streamer_runtime.streams.pipelines.stream import Stream
from cdk_streamer_runtime.streams.queries.pages import pages, wire
from cdk_streamer_runtime.streams.routing.patterns import EventTypeOption
from cdk_streamer_runtime.streams.rules.options import (
    COUNT,
    EVENT_TYPE,
    NAME,
    NAMES,
    UOW_FUNCTION,
    function_of,
    option,
)
from cdk_streamer_runtime.streams.rules.rule import Rule, flavor
from cdk_streamer_runtime.streams.sinks.dynamodb import update
from cdk_streamer_runtime.streams.sinks.events import publish
from cdk_streamer_runtime.streams.store.jobs import Job as JobRow, job_of, move_on
from cdk_streamer_runtime.streams.store.sparing import sparing
from cdk_streamer_runtime.streams.uow import UnitOfWork

Make = Callable[[UnitOfWork], Any]
# Exact ones: an entity of the user's may be called `job-offer`.
JOB_TYPES = ("job-created", "job-updated")


@flavor
class Job(Rule):
    """Do something with each item that a query or a scan gives.

    Whoever puts an item, by default one whose `discriminator` is `job`, into the table whose
    stream this reads, starts it. The item keeps how far it has come: `page`, `cursor`, `items`
    and `state`, which somebody may set to `cancelled`, and to `running` again. Each item of a page
    is `uow.item`; a page may be done more than once, with the same ids of events.
    """

    kind: ClassVar[str] = "job"

    event_type: EventTypeOption = option(
        EVENT_TYPE, "the types of the changes of the job's item", default=JOB_TYPES
    )
    to_scan: Make | None = option(
        UOW_FUNCTION, "gives the parameters of a Scan; the job's item is `uow.job`", default=None
    )
    to_query: Make | None = option(
        UOW_FUNCTION, "gives the parameters of a Query; the job's item is `uow.job`", default=None
    )
    to_update: Make | None = option(
        UOW_FUNCTION, "gives what UpdateItem takes for an item, or None", default=None
    )
    to_event: Callable[[UnitOfWork], Mapping[str, Any] | None] | None = option(
        UOW_FUNCTION, "gives the event to publish of an item, or None", default=None
    )
    each: Callable[[Stream], Stream] | None = option(
        function_of("a stream"), "adds steps of one's own for each item", default=None
    )
    page_size: int | None = option(
        COUNT, "how many items a page has at most; as many as a megabyte has", default=None
    )
    item_key: tuple[str, ...] | list[str] = option(
        NAMES, "the attributes of an item's key", default=("pk", "sk")
    )
    jobs: str = option(NAME, "what the table of the job's item is called", default=TABLE_RESOURCE)
    table: str = option(NAME, "what the table of the items is called", default=TABLE_RESOURCE)
    bus: str = option(NAME, "what the bus is called", default=BUS_RESOURCE)
    emitted_types: tuple[str, ...] | list[str] | None = option(
        NAMES, "the types that `to_event` gives, for graphs", default=None
    )

    def contradiction(self) -> str | None:
        """Say which options do not go together."""
        if (self.to_scan is None) == (self.to_query is None):
            return "it needs either to_scan or to_query"
        if self.to_update is None and self.to_event is None and self.each is None:
            return "it does nothing; give it to_update, to_event or each"
        return None

    def accepts(self) -> Callable[[UnitOfWork], bool]:
        """Give the test of an event of a fitting type."""
        content = self.filter
        return lambda uow: job_of(uow.event) is not None and (content is None or bool(content(uow)))

    def emits(self) -> tuple[str, ...]:
        """Give the types of the events that it publishes, as far as they are known."""
        return (*self._built().emits, *(self.emitted_types or ()))

    def steps(self) -> tuple[Step, ...]:
        """Give what is done."""
        reading = "dynamodb:Query" if self.to_scan is None else "dynamodb:Scan"
        read = Use(kind=ResourceKind.TABLE, name=self.table, actions=(reading,))
        moved = Use(kind=ResourceKind.TABLE, name=self.jobs, actions=("dynamodb:UpdateItem",))
        return (
            Call(name="read_page", send=self._read, uses=(read,)),
            Spread(name="items", apply=self._items),
            *(sparing(step, _is_end) for step in self._each_item()),
            group_step(_page),
            Call(name="move_on", send=self._move_on, uses=(moved,)),
        )

    def _each_item(self) -> Iterator[Step]:
        yield from self._built().steps
        if self.to_update is not None:
            yield request_step("update_request", self.to_update)
            yield update(table=self.table)
        if self.to_event is not None:
            yield emission(self.id, self.to_event)
            yield publish(request=PUBLISH_REQUEST, bus=self.bus)

    def _built(self) -> Stream:
        stream = Stream(pipeline=self.id)
        built: Any = stream if self.each is None else self.each(stream)
        if isinstance(built, Stream):
            return built
        raise ValueError(
            f"{self}: each must return the stream with its steps, got {built!r}; "
            "write `return stream.map(...)`"
        )

    def _read(self, uow: UnitOfWork, world: World) -> UnitOfWork | None:
        job = job_of(uow.event)
        if job is None:
            return None
        uow = uow.extend(job=uow.event["raw"]["new"])
        operation, make = (
            ("Query", self.to_query) if self.to_scan is None else ("Scan", self.to_scan)
        )
        request = {} if make is None else dict(make(uow))
        if self.page_size is not None:
            request.setdefault("Limit", self.page_size)
        parameters = wire(request, world.resources.address(ResourceKind.TABLE, self.table))
        if job.cursor is not None:
            parameters["ExclusiveStartKey"] = job.cursor
        page = next(pages(world.aws, operation, parameters))
        return uow.extend(job_row=job, page=page)

    def _items(self, uow: UnitOfWork) -> Iterator[UnitOfWork]:
        job: JobRow = uow.job_row
        for each in uow.page.items:
            item = unmarshal_item(each)
            yield uow.extend(event=self._event(uow.event, job, item), item=item)
        yield uow.extend(item=_END)

    def _event(self, event: Event, job: JobRow, item: Item) -> Event:
        """Give the event of an item: each has an id of its own, and no order with the others."""
        lacking = [name for name in self.item_key[:1] if name not in item]
        if lacking:
            raise ValueError(f"an item lacks {lacking}; tell the attributes of its key by item_key")
        key = {name: item[name] for name in self.item_key if name in item}
        own = {"id": job.item_id(key), "partitionKey": str(item[self.item_key[0]])}
        return Event({**event, **own})

    def _move_on(self, uow: UnitOfWork, world: World) -> UnitOfWork:
        page = uow.page
        move_on(world, self.jobs, uow.job_row, page.next_key, len(page.items))
        return uow


class _End:
    """Of a page: it passes all steps of items, so that also a page without any is moved on."""


_END = _End()


def _is_end(uow: UnitOfWork) -> bool:
    return uow.get("item") is _END


def _page(uow: UnitOfWork) -> str:
    return uow.job_row.page_id
