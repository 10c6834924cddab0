"""Locks between the tasks of one thread: a real one would stop them all for ever."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType

from cdk_streamer_runtime.sinks import circuit
from tests.runtime.simulation.scheduler import Bell, Scheduler


class SimulatedLock:
    """A lock for which other tasks wait under the virtual clock."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._bell = Bell(scheduler)
        self._taken = False

    def __enter__(self) -> object:
        while self._taken:
            self._bell.wait(None)
        self._taken = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self._taken = False
        self._bell.ring()


@contextmanager
def simulated_locks(scheduler: Scheduler) -> Generator[None]:
    """Let the circuit of a process, which is held during calls, be locked so."""
    before = circuit.Lock
    circuit.Lock = lambda: SimulatedLock(scheduler)  # pyright: ignore[reportAttributeAccessIssue] - of a lock it needs the two methods
    try:
        yield
    finally:
        circuit.Lock = before
