"""What is to be done later, in virtual time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable

Deed = Callable[[int], None]


class Timers:
    """Deeds by key; a key that is set again forgets what it was set to before."""

    def __init__(self) -> None:
        self._deeds: dict[Hashable, tuple[int, Deed]] = {}
        self._order: list[tuple[int, int, Hashable]] = []
        self._count = 0

    def set(self, key: Hashable, at: int, deed: Deed) -> None:
        """Do something at a moment."""
        self._count += 1
        self._deeds[key] = (self._count, deed)
        heapq.heappush(self._order, (at, self._count, key))

    def clear(self, key: Hashable) -> None:
        """Do nothing after all; harmless when nothing was to be done."""
        self._deeds.pop(key, None)

    def clear_all(self) -> None:
        """Forget everything."""
        self._deeds.clear()
        self._order.clear()

    def next_at(self) -> int | None:
        """Tell when the next deed is due; None when there is none."""
        while self._order and not self._is_live(self._order[0]):
            heapq.heappop(self._order)
        return self._order[0][0] if self._order else None

    def run(self, now: int) -> None:
        """Do what is due, in the order of its moments."""
        while (at := self.next_at()) is not None and at <= now:
            _, _, key = heapq.heappop(self._order)
            _, deed = self._deeds.pop(key)
            deed(now)

    def _is_live(self, entry: tuple[int, int, Hashable]) -> bool:
        _, number, key = entry
        return key in self._deeds and self._deeds[key][0] == number
