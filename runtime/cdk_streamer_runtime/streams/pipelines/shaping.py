"""The half of a stream's builder that needs no AWS: to filter, change, split, gather and wait."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Self

from cdk_streamer_runtime.streams.pipelines.compaction import (
    Compact,
    by_partition_key,
    by_timestamp,
)
from cdk_streamer_runtime.streams.pipelines.functions import (
    Function,
    call_step,
    filter_step,
    map_step,
    request_step,
    tap_step,
)
from cdk_streamer_runtime.streams.pipelines.gathering import batch_step, group_step
from cdk_streamer_runtime.streams.pipelines.rates import Rate
from cdk_streamer_runtime.streams.pipelines.splits import split_step
from cdk_streamer_runtime.streams.pipelines.steps import Step
from cdk_streamer_runtime.streams.uow import UnitOfWork

Make = Callable[[UnitOfWork], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaping:
    """A pipeline while it is put together. Each method gives another one, with a step more."""

    pipeline: str
    steps: tuple[Step, ...] = ()
    emits: tuple[str, ...] = ()

    def add(self, step: Step) -> Self:
        """Add a step; of two of the same name the second one is called `name-2`."""
        names = {each.name for each in self.steps}
        name, number = step.name, 1
        while name in names:
            number += 1
            name = f"{step.name}-{number}"
        return replace(self, steps=(*self.steps, replace(step, name=name)))

    def filter(self, accepts: Function) -> Self:
        """Let pass what this is true for; the others are done."""
        return self.add(filter_step(self._plain("filter", accepts)))

    def map(self, function: Function) -> Self:
        """Extend each unit of work by the names that the function gives, or put another for it."""
        return self.add(map_step(self._plain("map", function)))

    def tap(self, function: Function) -> Self:
        """Look at each unit of work, to log or to count; nothing is made of the result."""
        return self.add(tap_step(self._plain("tap", function)))

    def split(
        self, parts: Callable[[UnitOfWork], Iterable[Any] | None], *, into: str = "split"
    ) -> Self:
        """Make a unit of work of each part, with the part under the name `into`."""
        return self.add(split_step(self._plain("split", parts), into))

    def compact(
        self,
        group: Callable[[UnitOfWork], Hashable] = by_partition_key,
        *,
        sort: Callable[[UnitOfWork], Any] = by_timestamp,
    ) -> Self:
        """Let only the last one of a group in the batch go on, with all of them in `batch`."""
        how = Compact(group=self._plain("group", group), sort=self._plain("sort", sort))
        return self.add(how.step())

    def group(self, key: Callable[[UnitOfWork], Hashable] = by_partition_key) -> Self:
        """Make one unit of work of all with the same key, which is in `key`, they in `batch`."""
        return self.add(group_step(self._plain("key", key)))

    def batch(
        self,
        count: int,
        *,
        size: int | None = None,
        size_of: Callable[[UnitOfWork], int] | None = None,
    ) -> Self:
        """Make one unit of work of so many, in `batch`, or of fewer that have `size` bytes.

        What counts is the event as JSON, unless `size_of` tells.
        """
        for name, value in (("count", count), ("size", 1 if size is None else size)):
            if type(value) is not int or value < 1:
                raise self._wrong(f"batch needs a {name} of 1 or more, got {value!r}")
        return self.add(batch_step(count, size, size_of))

    def rate_limit(self, count: int, per: timedelta) -> Self:
        """Let so many go on in any span of this length; the others wait, in this invocation."""
        try:
            return self.add(Rate(count=count, per=per).step())
        except ValueError as error:
            raise self._wrong(str(error)) from None

    def call(self, function: Function, *, into: str | None = None) -> Self:
        """Call somebody, by a function or a coroutine, for several partition keys at once.

        The result goes under the name `into`; without one the function gives names, or None.
        """
        if not callable(function):
            raise self._wrong(f"call needs a function, got {function!r}")
        return self.add(call_step(function, into))

    def _requested(self, name: str, make: Make | None) -> Self:
        return self if make is None else self.add(request_step(name, self._plain("request", make)))

    def _plain(self, name: str, function: Any) -> Any:  # noqa: ANN401 - what is given is given back
        from cdk_streamer_runtime.streams.rules.options import UOW_FUNCTION

        if wrong := UOW_FUNCTION.refusal(function):
            raise self._wrong(f"{name} {wrong}")
        return function

    def _wrong(self, text: str) -> ValueError:
        return ValueError(f"pipeline {self.pipeline!r}: {text}")
