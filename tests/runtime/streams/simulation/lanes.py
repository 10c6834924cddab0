"""The machine of an invocation: its lanes are tasks, so that each order of their calls is tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from tests.runtime.simulation.platform import SimulatedPlatform
from tests.runtime.simulation.scheduler import Bell, Group, Scheduler

R = TypeVar("R")
T = TypeVar("T")


class LanePlatform(SimulatedPlatform):
    """A platform that does several things at once."""

    def __init__(self, scheduler: Scheduler, group: Group) -> None:
        super().__init__(scheduler, group)
        self._threads = scheduler
        self._own = group

    def each(self, act: Callable[[T], R], of: Iterable[T], /) -> Iterable[R]:
        several = list(of)
        if len(several) < 2:
            return map(act, several)
        bell = Bell(self._threads)
        results: dict[int, R | Exception] = {}

        def run(place: int) -> None:
            try:
                results[place] = act(several[place])
            except Exception as error:  # noqa: BLE001 - raised where the results are read
                results[place] = error
            bell.ring()

        for place in range(len(several)):
            self._threads.spawn(self._own, lambda place=place: run(place))
        while len(results) < len(several):
            bell.wait(None)
        return _given(results[place] for place in range(len(several)))


def _given(results: Iterable[R | Exception]) -> Iterator[R]:
    for result in results:
        if isinstance(result, Exception):
            raise result
        yield result
