"""The machine of a simulated Lambda invocation."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from types import TracebackType
from typing import TypeVar

from cdk_streamer_runtime.durable.course import in_turn
from cdk_streamer_runtime.progress.coalescer import Coalescer
from cdk_streamer_runtime.progress.pump import Pump, Sink
from tests.runtime.simulation.scheduler import Bell, Group, Scheduler

R = TypeVar("R")
T = TypeVar("T")


class SimulatedMonitor:
    """A condition without a lock: tasks switch only where they wait."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._bell = Bell(scheduler)

    def __enter__(self) -> object:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        return None

    def wait(self, timeout: float | None = None) -> None:
        self._bell.wait(None if timeout is None else max(int(timeout * 1000), 1))

    def notify_all(self) -> None:
        self._bell.ring()


class SimulatedPlatform:
    """A `worker.Platform` whose threads are tasks of one group."""

    def __init__(self, scheduler: Scheduler, group: Group, skew: int = 0) -> None:
        self._scheduler = scheduler
        self._group = group
        self._skew = skew

    def clock(self) -> int:
        return self._scheduler.now + self._skew

    def new_id(self) -> str:
        return f"{self._scheduler.random.getrandbits(64):016x}"

    def uniform(self) -> float:
        return self._scheduler.random.random()

    def sleep(self, milliseconds: int) -> None:
        self._scheduler.sleep(milliseconds)

    def each(self, act: Callable[[T], R], of: Iterable[T], /) -> Iterable[R]:
        return map(act, of)

    def several(self, act: Callable[[int], R], count: int, at_once: int) -> list[R]:
        return in_turn(act, count, at_once)

    @contextmanager
    def pumping(self, sink: Sink, interval: int, deadline: int) -> Generator[Pump]:
        monitor = SimulatedMonitor(self._scheduler)
        pump = Pump(sink, Coalescer(interval=interval), self.clock, monitor, deadline)
        self._scheduler.spawn(self._group, pump.run)
        yield pump

    @contextmanager
    def alarm(self, milliseconds: int) -> Generator[None]:
        del milliseconds
        yield
