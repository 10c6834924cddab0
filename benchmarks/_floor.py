"""Plain servers to hold a gateway against: what connections take when nothing is behind them.

    python -m benchmarks._floor {websockets | protocol}

Prints its port. `websockets` is that library's server, a task a connection; `protocol` a bare
asyncio.Protocol that answers the handshake and reads no frames.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import resource
import sys
from typing import cast

from websockets.asyncio.server import ServerConnection, serve

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # https://www.rfc-editor.org/rfc/rfc6455
_ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


class Bare(asyncio.Protocol):
    """Answers the handshake."""

    __slots__ = ("_transport",)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where the answer goes."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Accept."""
        _, found, rest = data.partition(b"Sec-WebSocket-Key: ")
        if found:
            digest = hashlib.sha1(rest.partition(b"\r\n")[0] + _MAGIC).digest()  # noqa: S324
            accept = base64.b64encode(digest)
            self._transport.write(_ACCEPTED + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")


async def main() -> None:
    """Serve until stdin ends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if sys.argv[1] == "websockets":
        server = await serve(_wait, "127.0.0.1", 0, ping_interval=None, compression=None)
    else:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Bare, "127.0.0.1", 0, backlog=2048)
    (listener,) = server.sockets
    print(listener.getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


async def _wait(connection: ServerConnection) -> None:
    await connection.wait_closed()


if __name__ == "__main__":
    asyncio.run(main())
