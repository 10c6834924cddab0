"""The machine that the worker really runs on: its clock, its threads and its alarm."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from cdk_streamer_runtime.errors import DeadlineExceeded

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from cdk_streamer_runtime.progress.pump import Pump, Sink

R = TypeVar("R")
T = TypeVar("T")

_FAREWELL = 1.0  # seconds


class Machine:
    """The platform of a Lambda function."""

    def clock(self) -> int:
        """Give the milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def new_id(self) -> str:
        """Give an id that sorts by the time it was made, to the millisecond."""
        import uuid  # it loads `platform` too, and few functions make ids

        return f"{self.clock():012x}-{uuid.uuid4().hex[:20]}"

    def uniform(self) -> float:
        """Give a random number between 0 and 1."""
        import random

        return random.random()  # noqa: S311 - jitter, nobody gains from guessing it

    def sleep(self, milliseconds: int) -> None:
        """Wait."""
        time.sleep(milliseconds / 1000)

    @contextmanager
    def pumping(self, sink: Sink, interval: int, deadline: int) -> Generator[Pump]:
        """Carry reports to `sink` in a thread of its own while the block runs."""
        from cdk_streamer_runtime.progress.coalescer import Coalescer
        from cdk_streamer_runtime.progress.pump import Pump

        coalescer = Coalescer(interval=interval)
        pump = Pump(sink, coalescer, self.clock, threading.Condition(), deadline)
        thread = threading.Thread(target=pump.run, daemon=True)
        thread.start()
        yield pump
        thread.join()

    def each(self, act: Callable[[T], R], of: Iterable[T]) -> Iterable[R]:
        """Do the same for several at once; for a single one without any thread."""
        several = list(of)
        return _threads().map(act, several) if len(several) > 1 else map(act, several)

    def several(self, act: Callable[[int], R], count: int, at_once: int) -> list[R]:
        """Do the same for each number below `count`, in `at_once` threads of its own.

        What one raises ends it all: those that run come to their end, others do not begin.
        """
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(max_workers=at_once) as threads:
            try:
                return list(threads.map(act, range(count)))
            finally:
                threads.shutdown(wait=False, cancel_futures=True)

    @contextmanager
    def watching(self, milliseconds: int, act: Callable[[], None]) -> Generator[None]:
        """Do `act` beside the block if it still runs after that time, in a thread of its own.

        What it has begun then is waited for, but no longer than the block itself may.
        """
        watch = threading.Timer(milliseconds / 1000, act)
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()
            # A frozen sandbox would do the rest in the middle of its next invocation.
            watch.join(_FAREWELL)

    @contextmanager
    def alarm(self, milliseconds: int) -> Generator[None]:
        """Raise DeadlineExceeded inside the block, even in the middle of a system call.

        Only the main thread can be interrupted so; elsewhere the handler must ask `progress`.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        import signal

        previous = signal.signal(signal.SIGALRM, _ring)
        signal.setitimer(signal.ITIMER_REAL, max(milliseconds, 1) / 1000)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(max_workers=8)


def _ring(_signal: int, _frame: object) -> None:
    raise DeadlineExceeded("the action's time is up")
