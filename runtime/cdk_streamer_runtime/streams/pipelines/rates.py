"""Rates: no more than so many in a time, in one invocation."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock

from cdk_streamer_runtime.errors import DeadlineExceeded
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.steps import Call
from cdk_streamer_runtime.streams.uow import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many in any span of this length; the others wait.

    It holds for one invocation. The function's concurrency times this is what the other side sees.
    """

    count: int
    per: timedelta

    def __post_init__(self) -> None:
        """Refuse a rate that nothing passes."""
        is_span = isinstance(self.per, timedelta) and self.per >= timedelta(milliseconds=1)  # pyright: ignore[reportUnnecessaryIsInstance] - the user's
        if type(self.count) is not int or self.count < 1 or not is_span:
            raise ValueError(
                f"a rate must be of 1 or more in 1 millisecond or more, got {self.count!r} in "
                f"{self.per!r}"
            )

    def step(self) -> Call:
        """Give the step that waits."""
        key = object()  # of this step: two of the same rate do not share it

        def send(uow: UnitOfWork, world: World) -> UnitOfWork:
            # setdefault is one step for all threads.
            starts: _Starts = world.memory.setdefault(key, _Starts(self))
            now = world.platform.clock()
            start = starts.book(now, world.deadline)
            if start > now:
                world.platform.sleep(start - now)
            return uow

        return Call(name="rate_limit", send=send)


class _Starts:
    """When the last ones start; it is asked by several threads."""

    def __init__(self, rate: Rate) -> None:
        self._span = rate.per // timedelta(milliseconds=1)
        self._last: deque[int] = deque(maxlen=rate.count)
        self._lock = Lock()

    def book(self, now: int, deadline: int) -> int:
        """Give when the next one may start; raises DeadlineExceeded if there is no time for it."""
        with self._lock:
            is_full = len(self._last) == self._last.maxlen
            start = max(now, self._last[0] + self._span) if is_full else now
            if start >= deadline:
                raise DeadlineExceeded("the rate leaves no time for this one; it comes again")
            self._last.append(start)
        return start
