"""Kept-alive connections by origin, each used by one thread at a time."""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from cdk_streamer_runtime._http import Connection, Origin

if TYPE_CHECKING:
    from ssl import SSLContext

# A NAT gateway forgets a connection after 350 s of silence, and then answers with a reset.
IDLE_SECONDS = 300
IDLE_CONNECTIONS = 16


class Pool:
    """Idle connections. What a thread takes is its own until it gives it back."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._idle: dict[Origin, list[Connection]] = defaultdict(list)
        self._context: tuple[str | None, SSLContext] | None = None

    def take(self, origin: Origin) -> Connection | None:
        """Give the connection that was used last and still lives, None if there is none."""
        while True:
            with self._lock:
                idle = self._idle[origin]
                if not idle:
                    return None
                connection = idle.pop()
            fresh = self._monotonic() - connection.used_at < IDLE_SECONDS
            if fresh and connection.is_quiet():
                return connection
            connection.close()

    def give(self, origin: Origin, connection: Connection) -> None:
        """Keep a connection for the next request."""
        connection.used_at = self._monotonic()
        with self._lock:
            idle = self._idle[origin]
            if len(idle) < IDLE_CONNECTIONS:
                idle.append(connection)
                return
        connection.close()

    def connect(self, origin: Origin, ca_bundle: str | None, timeout: float) -> Connection:
        """Make a new connection; raises OSError."""
        connected = socket.create_connection((origin.host.strip("[]"), origin.port), timeout)
        try:
            # A request is one write: waiting for more to send with it only delays the answer.
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if origin.scheme == "https":
                context = self._tls(ca_bundle)
                connected = context.wrap_socket(connected, server_hostname=origin.host.strip("[]"))
        except BaseException:
            connected.close()
            raise
        return Connection(connected)

    def close(self) -> None:
        """End all idle connections."""
        with self._lock:
            connections = [each for idle in self._idle.values() for each in idle]
            self._idle.clear()
        for connection in connections:
            connection.close()

    def _tls(self, ca_bundle: str | None) -> SSLContext:
        # Late, for it costs 10 ms and plain http on this machine needs none.
        import ssl

        with self._lock:
            if self._context is None or self._context[0] != ca_bundle:
                try:
                    context = ssl.create_default_context(cafile=ca_bundle)
                except FileNotFoundError:
                    raise ValueError(
                        f"AWS_CA_BUNDLE or SSL_CERT_FILE is {ca_bundle!r}, which does not exist"
                    ) from None
                self._context = (ca_bundle, context)
            return self._context[1]
