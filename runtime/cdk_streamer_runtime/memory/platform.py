"""The machine of a test: time stands still until it is moved, nothing runs beside anything."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

from cdk_streamer_runtime.durable.course import in_turn
from cdk_streamer_runtime.errors import DeadlineExceeded
from cdk_streamer_runtime.progress.coalescer import Coalescer
from cdk_streamer_runtime.progress.pump import Sink

START = 1_700_000_000_000

R = TypeVar("R")
T = TypeVar("T")


class _Watch(NamedTuple):
    moment: int
    act: Callable[[], None]


class MemoryPlatform:
    """A `worker.Platform` on a clock that only `advance` moves. Every report is sent at once."""

    def __init__(self) -> None:
        self.now = START
        self.on_report: Callable[[], None] = lambda: None
        self._ids = 0
        self._watches: list[_Watch] = []

    def clock(self) -> int:
        """Give the milliseconds since the epoch."""
        return self.now

    def advance(self, milliseconds: int) -> None:
        """Let time pass; what watches acts in its moment."""
        end = self.now + milliseconds
        while due := [watch for watch in self._watches if watch.moment <= end]:
            first = min(due, key=lambda watch: watch.moment)
            self._watches.remove(first)
            self.now = max(self.now, first.moment)
            first.act()
        self.now = max(self.now, end)

    def sleep(self, milliseconds: int) -> None:
        """Let time pass."""
        self.advance(milliseconds)

    def new_id(self) -> str:
        """Give ids in their order."""
        self._ids += 1
        return f"id-{self._ids}"

    def uniform(self) -> float:
        """Give the middle, always."""
        return 0.5

    def each(self, act: Callable[[T], R], of: Iterable[T]) -> Iterable[R]:
        """Do one after the other."""
        return map(act, of)

    def several(self, act: Callable[[int], R], count: int, at_once: int) -> list[R]:
        """Do one after the other."""
        return in_turn(act, count, at_once)

    @contextmanager
    def pumping(self, sink: Sink, interval: int, deadline: int) -> Generator[DirectPump]:
        """Carry each report to `sink` in the handler's own thread; `interval` has no meaning."""
        del interval
        yield DirectPump(sink, self, deadline)

    @contextmanager
    def watching(self, milliseconds: int, act: Callable[[], None]) -> Generator[None]:
        """Do `act` when time has passed so far within the block."""
        watch = _Watch(self.now + milliseconds, act)
        self._watches.append(watch)
        try:
            yield
        finally:
            self._watches = [each for each in self._watches if each is not watch]

    @contextmanager
    def alarm(self, milliseconds: int) -> Generator[None]:
        """Let the block run: a handler that looks at `progress` sees its deadline there."""
        del milliseconds
        yield


class DirectPump:
    """Writes each report as it comes, so that a test sees every one of them, in order."""

    def __init__(self, sink: Sink, platform: MemoryPlatform, deadline: int) -> None:
        self._sink = sink
        self._platform = platform
        self._deadline = deadline
        self._coalescer = Coalescer(interval=0)

    def offer(self, report: Mapping[str, Any]) -> None:
        """Write the report; raises Interrupted once the result is no longer wanted."""
        self._check_time()
        self._coalescer.offer(report)
        self._sink.write(self._coalescer.take(self._platform.now))
        self._platform.on_report()

    def put(self, chunk: str) -> None:
        """Write the chunk; raises Interrupted once the result is no longer wanted."""
        self._check_time()
        self._sink.put([chunk])

    def check(self) -> None:
        """Raise Interrupted once the result is no longer wanted: asked of the table, every time."""
        self._check_time()
        self._sink.write(None)

    def stop(self) -> None:
        """Have nothing left."""

    def _check_time(self) -> None:
        if self._platform.now >= self._deadline:
            raise DeadlineExceeded("the action's time is up")
