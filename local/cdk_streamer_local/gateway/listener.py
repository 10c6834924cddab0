"""Takes what connects, until it is known who it is for: a WebSocket, or plain HTTP."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from cdk_streamer_local.gateway import answers
from cdk_streamer_local.gateway.admission import Admission, Admitted
from cdk_streamer_local.gateway.answers import Refusal, refusal
from cdk_streamer_local.gateway.arrival import Arrival, Taker
from cdk_streamer_local.gateway.client import Farewell
from cdk_streamer_local.gateway.connection import FRAME_BYTES, MESSAGE_BYTES, Connection
from cdk_streamer_local.gateway.connections import Connections
from cdk_streamer_local.gateway.events import new_id
from cdk_streamer_local.gateway.handshake import HEAD_BYTES, Handshake, is_complete, is_upgrade
from cdk_streamer_local.gateway.messages import Messages

# Who does not say in so many seconds what it wants is not waited for.
HEAD_SECONDS = 10.0
_SHORTEST_SWEEP = 600  # of these in the shortest limit: what is due may be late by so little


class Listener:
    """Makes arrivals into connections; one sweep ends what is due."""

    def __init__(
        self,
        *,
        context: ssl.SSLContext,
        connections: Connections,
        admission: Admission,
        messages: Messages,
        management: Callable[[], asyncio.Protocol],
        head_seconds: float = HEAD_SECONDS,
    ) -> None:
        self._context = context
        self._connections = connections
        self._admission = admission
        self._messages = messages
        self._management = management
        self._head_seconds = head_seconds
        self._silent: dict[Head, float] = {}
        self._opening: set[asyncio.Task[None]] = set()
        self._sweep: asyncio.TimerHandle | None = None

    def protocol(self) -> Arrival:
        """Give the protocol of a new connection of TCP."""
        return Arrival(self._context, self._first)

    def take(self, head: Head, data: bytes) -> None:
        """Take a complete head, and what came behind it."""
        self._silent.pop(head, None)
        arrival = head.arrival
        if not is_upgrade(data):
            management = self._management()
            arrival.hand_over(cast("Taker", management))
            management.connection_made(cast("asyncio.BaseTransport", arrival))
            management.data_received(data)
            return
        arrival.pause_reading()
        opening = asyncio.ensure_future(self._open(arrival, data))
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)

    def forget(self, head: Head) -> None:
        """Take that nothing comes any more."""
        self._silent.pop(head, None)

    def _first(self, arrival: Arrival) -> Head:
        head = Head(arrival, self)
        self._silent[head] = time.monotonic() + self._head_seconds
        self._sweep_within(self._head_seconds)
        return head

    async def _open(self, arrival: Arrival, data: bytes) -> None:
        try:
            await self._decide(arrival, data)
        except Exception:
            _refuse(arrival, _malformed(HTTPStatus.BAD_GATEWAY))  # a client must not wait for ever
            raise

    async def _decide(self, arrival: Arrival, data: bytes) -> None:
        end = data.index(b"\r\n\r\n") + 4
        protocol = _server_protocol()
        protocol.receive_data(data[:end])
        request = next(iter(protocol.events_received()), None)
        if not isinstance(request, Request):
            _refuse(arrival, _malformed(HTTPStatus.BAD_REQUEST))
            return
        response = protocol.accept(request)
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            _refuse(arrival, _malformed(response.status_code))
            return
        decision = await self._admission.decide(Handshake.read(request), arrival.source_ip)
        if isinstance(decision, Refusal):
            _refuse(arrival, decision.response())
            return
        key = response.headers["Sec-WebSocket-Accept"]
        connection = self._connect(arrival, protocol, decision, key)
        if data[end:]:
            connection.receive(data[end:])

    def _connect(
        self, arrival: Arrival, protocol: ServerProtocol, admitted: Admitted, key: str
    ) -> Connection:
        connection = Connection(
            admitted.client, protocol, arrival, self._messages.take, self._ended
        )
        self._connections.add(connection)
        self._sweep_within(self._connections.soonest)
        connection.accept(answers.accepted(key, admitted.subprotocol))
        arrival.hand_over(Socket(connection))
        arrival.resume_reading()
        return connection

    def _ended(self, connection: Connection, farewell: Farewell) -> None:
        self._connections.remove(connection)
        self._messages.end(connection, farewell)

    def _sweep_within(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if self._sweep is None or self._sweep.when() > loop.time() + seconds:
            if self._sweep is not None:
                self._sweep.cancel()
            self._sweep = loop.call_later(seconds, self._sweep_now)

    def _sweep_now(self) -> None:
        self._sweep = None
        now = time.monotonic()
        for head, due in list(self._silent.items()):
            if due <= now:
                del self._silent[head]
                head.arrival.abort()
        soonest = [due - now for due in self._silent.values()][:1]
        if len(self._connections):
            soonest.append(self._connections.sweep())
        if soonest:
            self._sweep_within(max(min(soonest), self._connections.soonest / _SHORTEST_SWEEP))


class Head:
    """Collects the head of a request."""

    __slots__ = ("_begun", "_listener", "arrival")

    def __init__(self, arrival: Arrival, listener: Listener) -> None:
        self.arrival = arrival
        self._listener = listener
        self._begun = b""

    def data_received(self, data: bytes) -> None:
        """Hand it on when it is complete."""
        self._begun += data
        if is_complete(self._begun):
            begun, self._begun = self._begun, b""
            self._listener.take(self, begun)
        elif len(self._begun) > HEAD_BYTES:
            self._begun = b""
            _refuse(self.arrival, _malformed(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE))

    def connection_lost(self, exc: Exception | None) -> None:
        """Take that nothing comes any more."""
        del exc
        self._listener.forget(self)

    def pause_writing(self) -> None:
        """Nothing is written yet."""

    def resume_writing(self) -> None:
        """Nothing is written yet."""


class Socket:
    """Brings what a socket does to its connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        self._connection.receive(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end."""
        del exc
        self._connection.lost()

    def pause_writing(self) -> None:
        """Read no further from who does not read."""
        self._connection.stuffed(is_stuffed=True)

    def resume_writing(self) -> None:
        """Go on."""
        self._connection.stuffed(is_stuffed=False)


def _server_protocol() -> ServerProtocol:
    return ServerProtocol(max_size=(MESSAGE_BYTES, FRAME_BYTES))


def _malformed(status: int) -> Response:
    message = HTTPStatus(status).phrase
    return refusal(status, message, new_id()).response()


def _refuse(arrival: Arrival, response: Response) -> None:
    arrival.write(response.serialize())
    arrival.close()
