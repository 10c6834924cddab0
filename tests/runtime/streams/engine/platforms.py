"""Machines for lanes: one that chooses who goes on, reproducibly, and one of real threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from greenlet import getcurrent, greenlet

from cdk_streamer_runtime.memory.platform import MemoryPlatform


class Interleaved(MemoryPlatform):
    """Lanes that take turns in the middle of their calls, as a seed says."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = Random(seed)
        self._hub: greenlet | None = None

    def switch(self) -> None:
        """Let another lane go on, if there are several."""
        if self._hub is not None and getcurrent() is not self._hub:
            self._hub.switch()

    def sleep(self, milliseconds: int) -> None:
        """Let time pass, and others go on."""
        super().sleep(milliseconds)
        self.switch()

    def each(self, act: Callable[[Any], Any], of: Iterable[Any]) -> list[Any]:
        """Run all, one piece of one of them at a time."""
        self._hub = getcurrent()
        results: dict[int, Any] = {}

        def run(number: int, item: Any) -> None:
            results[number] = act(item)

        waiting = [(greenlet(run), each) for each in enumerate(of)]
        while waiting:
            lane, arguments = self._random.choice(waiting)
            lane.switch(*(() if lane else arguments))
            waiting = [each for each in waiting if not each[0].dead]
        return [results[number] for number in sorted(results)]
