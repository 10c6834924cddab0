"""Rings when something is due."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_NEVER = float("inf")


class Alarm:
    """Calls `ring` on a thread of its own, at the earliest of the times that were asked for."""

    def __init__(self, ring: Callable[[], object]) -> None:
        self._ring = ring
        self._changed = threading.Condition()
        self._due = _NEVER
        threading.Thread(target=self._run, name="stream-alarm", daemon=True).start()

    def set(self, due: float) -> None:
        """Ring at this time too."""
        with self._changed:
            if due < self._due:
                self._due = due
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while (left := self._due - time.time()) > 0:
                    self._changed.wait(None if left == _NEVER else left)
                self._due = _NEVER
            self._ring()
