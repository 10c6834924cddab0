"""A real WebSocket server that says what a test tells it to, and greets by itself."""

from __future__ import annotations

import asyncio
import functools
import json
import ssl as tls
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from types import TracebackType
from typing import Any, ParamSpec, Self

from jsonschema import Draft202012Validator
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from cdk_streamer_client.schemas import closed, schema
from tests.clients import say

P = ParamSpec("P")

PATIENCE = 30  # seconds that a whole test may take on a busy machine
CLIENT = Draft202012Validator(schema("client"))
SERVER = Draft202012Validator(closed(schema("server")))


def asynchronous(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Run a coroutine function as a test."""

    @functools.wraps(test)
    def run(*arguments: P.args, **keywords: P.kwargs) -> None:
        async def limited() -> None:
            async with asyncio.timeout(PATIENCE):
                await test(*arguments, **keywords)

        asyncio.run(limited())

    return run


class Peer:
    """The server's end of one connection."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket

    async def receive(self) -> dict[str, Any]:
        """Give the next frame, which must be of the protocol."""
        frame = json.loads(await self._socket.recv())
        CLIENT.validate(frame)
        return frame

    async def expect(self, action: str) -> dict[str, Any]:
        """Give the next frame, which must be this action."""
        frame = await self.receive()
        assert frame["action"] == action
        return frame

    async def send(self, *messages: dict[str, Any]) -> None:
        """Say something of the protocol."""
        for message in messages:
            SERVER.validate(message)
            await self._socket.send(json.dumps(message))

    async def send_text(self, text: str | bytes | Iterable[str]) -> None:
        """Say anything; a series of texts travels as the fragments of one message."""
        await self._socket.send(text)

    def drop(self) -> None:
        """Cut the connection."""
        self._socket.transport.abort()

    async def closed(self) -> None:
        """Wait until the client has closed the connection, and assert that it said nothing."""
        try:
            said = await self._socket.recv()
        except ConnectionClosed:
            return
        raise AssertionError(f"the client should have closed, and said {said!r}")

    async def gone(self) -> None:
        """Wait until the connection has ended, whatever the client says before."""
        await self._socket.wait_closed()


class FakeServer:
    """Refuses with `refusals` first, then greets with `hello` and hands connections over."""

    def __init__(self, *, ssl: tls.SSLContext | None = None, **hello: Any) -> None:
        self.hello = say.hello(**hello)
        self.refusals: deque[int] = deque()
        self.handshakes: list[Headers] = []
        self._ssl = ssl
        self._peers: asyncio.Queue[Peer] = asyncio.Queue()
        self._server: Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            0,
            process_request=self._admit,
            ssl=self._ssl,
            ping_interval=None,
            close_timeout=1,
            # What API Gateway refuses, the client must not send.
            max_size=(128 * 1024, 32 * 1024),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Where it listens."""
        assert self._server is not None
        port = next(iter(self._server.sockets)).getsockname()[1]
        scheme = "ws" if self._ssl is None else "wss"
        return f"{scheme}://127.0.0.1:{port}/stage"

    async def accept(self) -> Peer:
        """Give the next connection, which was greeted."""
        return await self._peers.get()

    def _admit(self, socket: ServerConnection, request: Request) -> Response | None:
        self.handshakes.append(request.headers)
        if self.refusals:
            return socket.respond(HTTPStatus(self.refusals.popleft()), "no\n")
        return None

    async def _serve(self, socket: ServerConnection) -> None:
        peer = Peer(socket)
        await peer.expect("hello")
        await peer.send(self.hello)
        self._peers.put_nowait(peer)
        await socket.wait_closed()
