"""What the timers' functions need of where they run: a machine, and somebody who counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from cdk_streamer_runtime.contract.timers import TimerMetric

R = TypeVar("R")
T = TypeVar("T")


class Platform(Protocol):
    """The machine: `machine.Machine` on Lambda, `memory.platform.MemoryPlatform` in tests."""

    def clock(self) -> int:
        """Give the milliseconds since the epoch."""
        ...

    def sleep(self, milliseconds: int) -> None:
        """Wait."""
        ...

    def new_id(self) -> str:
        """Give an id that nobody else has."""
        ...

    def uniform(self) -> float:
        """Give a random number between 0 and 1."""
        ...

    def each(self, act: Callable[[T], R], of: Iterable[T], /) -> Iterable[R]:
        """Do the same for several, at once if that helps, and give the results in their order."""
        ...


class Meter(Protocol):
    """Who counts: `metrics.Metrics`."""

    def count(self, metric: TimerMetric, value: int = 1, /) -> None:
        """Add to the sum of a metric."""
        ...

    def milliseconds(self, metric: TimerMetric, value: float, /) -> None:
        """Keep one duration."""
        ...

    def seconds(self, metric: TimerMetric, value: float, /) -> None:
        """Keep one duration that is measured in seconds."""
        ...
