"""What a batch is written with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from cdk_streamer_runtime.batches.functions import Function, Functions, function_of

if TYPE_CHECKING:
    from cdk_streamer_runtime.batches.world import Teller, World
    from cdk_streamer_runtime.durable.course import Course

F = TypeVar("F", bound=Callable[..., Any])

_LONGEST_NAME = 20  # of what an id within a request says of the batch


class Within(Protocol):
    """The request that a batch runs in: `RequestContext` is one."""

    @property
    def idempotency_key(self) -> str:
        """What no other request has, and each attempt of this one."""
        ...

    @property
    def course(self) -> Course:
        """The steps that the request takes."""
        ...


class Batch:
    """The functions of one batch, in the module that the construct names.

    `publish` runs in as many threads as the construct's `max_concurrency` says.
    """

    def __init__(self) -> None:
        """Start without functions."""
        self._functions: dict[str, Function] = {}
        self._worlds: dict[str, World] = {}

    def discover(self, function: F) -> F:
        """Register what gives the ids, page by page: `(cursor) -> (ids, next cursor)`.

        The first cursor is None, and None ends it. Each page is remembered, of 255 KB at most.
        """
        return self._add("discover", function)

    def load(self, function: F) -> F:
        """Register what gives the data of ids: `(ids) -> {id: data}`, or a list as long.

        An id without data has failed. Default: an item is its id.
        """
        return self._add("load", function)

    def publish(self, function: F) -> F:
        """Register what publishes items: `(items) -> ids of those that were not taken`, or None.

        These are tried again, all of them when it raises. Default: the construct's target.
        """
        return self._add("publish", function)

    def aggregate(self, function: F) -> F:
        """Register what makes something of a `BatchResult` in the end; it becomes the summary.

        It is not called when more items failed than are tolerated.
        """
        return self._add("aggregate", function)

    @property
    def functions(self) -> Functions:
        """What was registered; raises ValueError when nothing gives the ids."""
        if "discover" not in self._functions:
            raise ValueError("a batch needs to know its ids; register a function by batch.discover")
        return Functions(**self._functions)

    def run(
        self,
        name: str,
        payload: object = None,
        *,
        context: Within,
        progress: Teller | None = None,
        batch_id: str | None = None,
    ) -> dict[str, Any]:
        """Run it within a request, as the batch of the construct id `name`; give its result.

        In a durable action its record is that of the request: what is done is not done again.
        It is cancelled with the request and has its deadline. `batch_id` is what keys are made of;
        default: the same for each attempt of this request. Raises BatchFailed, BatchTooLarge.
        """
        from cdk_streamer_runtime.batches.course import BatchCourse
        from cdk_streamer_runtime.batches.telling import Silence

        world = self.world(name)
        course = BatchCourse(
            self.functions,
            batch_id=batch_id or f"{context.idempotency_key}-{_plain(name)}",
            world=world,
            course=context.course,
            listen=lambda _tenant: progress or Silence(),
        )
        try:
            return course.run(payload).document()
        finally:
            world.metrics.flush()

    def world(self, name: str) -> World:
        """Give where the batch of a construct runs; raises ValueError for one of no construct."""
        world = self._worlds.get(name)
        if world is None:
            from cdk_streamer_runtime.batches.assembly import world_of

            world = self._worlds[name] = world_of(name, self.functions)
        return world

    def install(self, name: str, world: World) -> None:
        """Let the batch of a construct run here, in a test."""
        self._worlds[name] = world

    def _add(self, role: str, function: F) -> F:
        if role in self._functions:
            raise ValueError(f"a batch has one {role} function; let it call the others")
        self._functions[role] = function_of(function, role)
        return function


def _plain(name: str) -> str:
    return "".join(letter for letter in name if letter.isalnum())[:_LONGEST_NAME]
