"""What a sink's functions need of where they run: a machine, who counts, and the circuit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from cdk_streamer_runtime.contract.sinks import SinkMetric

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

    def watching(self, milliseconds: int, act: Callable[[], None]) -> AbstractContextManager[None]:
        """Do `act` beside the block if it still runs after that time: once, in another thread."""
        ...


class Meter(Protocol):
    """Who counts: `metrics.Metrics`."""

    def count(self, metric: SinkMetric, value: int = 1, /) -> None:
        """Add to the sum of a metric."""
        ...

    def milliseconds(self, metric: SinkMetric, value: float, /) -> None:
        """Keep one duration."""
        ...

    def flush(self) -> None:
        """Write what was measured."""
        ...


class Downstream(Protocol):
    """What all workers know of whom the sink delivers to: `circuit.SinkCircuit`.

    Times are milliseconds since the epoch. Nothing of it raises AwsError: without an answer of the
    table it goes on with what it knew. Two threads may use it at once.
    """

    def closed_off(self, now: int) -> int | None:
        """Give until when nothing is to be delivered; None: it may be.

        The table is asked once a second at most. Whoever finds an opening that its process had not
        heard of tells the controller, once.
        """
        ...

    def succeeded(self) -> None:
        """Note a delivery that was taken: no call, it is told with the next failure."""
        ...

    def failed(self, now: int) -> int | None:
        """Note one that counts against the downstream, at once; then as `closed_off`."""
        ...
