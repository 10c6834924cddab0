"""Whose turn it is: a few at once, those that somebody waits for before those that nobody does."""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """So many places; who waits for one is served in order."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._patient: deque[asyncio.Future[None]] = deque()

    async def take(self, *, is_patient: bool = False) -> None:
        """Wait for a place; who is patient lets all others go first."""
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._patient if is_patient else self._waiting).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it came, and nobody is there to use it
                self.give()
            raise

    def give(self) -> None:
        """Leave a place to the next."""
        for queue in (self._waiting, self._patient):
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._free += 1
