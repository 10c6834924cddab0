"""Time for several threads: it goes on to the next moment when all of them wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.memory.platform import START

R = TypeVar("R")


class ThreadedTime:
    """A machine whose threads are real and whose clock is not; `freezes` stops all of it once."""

    def __init__(self, freezes: tuple[int, int] = (10**15, 0)) -> None:
        self.now = START
        self._freezes = freezes  # the moment, and how long
        self._changed = threading.Condition()
        self._running = 0
        self._wakings: list[int] = []

    def clock(self) -> int:
        return self.now

    def uniform(self) -> float:
        return 0.5

    def sleep(self, milliseconds: int) -> None:
        with self._changed:
            end = self.now + milliseconds
            self._wakings.append(end)
            self._go_on()
            self._changed.wait_for(lambda: self.now >= end, timeout=30)

    def several(self, act: Callable[[int], R], count: int, at_once: int) -> list[R]:
        left = [count]
        self._running = min(count, at_once)  # also those that have not come to their start

        def run(number: int) -> R:
            try:
                return act(number)
            finally:
                with self._changed:
                    left[0] -= 1
                    self._running = min(self._running, left[0])
                    self._go_on()

        return Machine().several(run, count, at_once)

    def _go_on(self) -> None:
        self._wakings = [moment for moment in self._wakings if moment > self.now]
        if self._wakings and len(self._wakings) >= self._running:
            self.now = min(self._wakings)
            moment, length = self._freezes
            if self.now - START >= moment:
                self.now, self._freezes = self.now + length, (10**15, 0)
            self._wakings = [moment for moment in self._wakings if moment > self.now]
            self._changed.notify_all()
