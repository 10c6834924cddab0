"""All open connections, and the one sweep that ends those that are idle or old."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from cdk_streamer_local.gateway.connection import Connection
from cdk_streamer_local.gateway.settings import IDLE_SECONDS, LIFETIME_SECONDS

_GOING_AWAY = 1001
_GOING_AWAY_REASON = "Going away"


class Connections:
    """The open connections by their ids; `clock` gives seconds since 1970."""

    def __init__(
        self,
        *,
        idle_seconds: float = IDLE_SECONDS,
        lifetime_seconds: float = LIFETIME_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._open: dict[str, Connection] = {}
        self._idle_seconds = idle_seconds
        self._lifetime_seconds = lifetime_seconds
        self._clock = clock

    def __iter__(self) -> Iterator[Connection]:
        return iter([connection for connection in self._open.values() if connection.is_open])

    def __len__(self) -> int:
        return len(self._open)

    @property
    def soonest(self) -> float:
        """Give after how many seconds a new connection can be due."""
        return min(self._idle_seconds, self._lifetime_seconds)

    def find(self, connection_id: str) -> Connection | None:
        """Give the open connection of this id."""
        found = self._open.get(connection_id)
        return found if found is not None and found.is_open else None

    def add(self, connection: Connection) -> None:
        """Make it findable: its handshake is answered."""
        self._open[connection.id] = connection

    def remove(self, connection: Connection) -> None:
        """Forget it; harmless when it is unknown."""
        self._open.pop(connection.id, None)

    def sweep(self) -> float:
        """End what is due; give in how many seconds the next one can be."""
        now = self._clock()
        soonest = self.soonest
        for connection in self:
            due = self._due(connection) - now
            if due <= 0:
                self.remove(connection)
                connection.close(_GOING_AWAY, _GOING_AWAY_REASON)
            else:
                soonest = min(soonest, due)
        return soonest

    def _due(self, connection: Connection) -> float:
        return min(
            connection.last_active_at + self._idle_seconds,
            connection.connected_at + self._lifetime_seconds,
        )
