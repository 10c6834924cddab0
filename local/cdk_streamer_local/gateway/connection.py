"""One WebSocket, from its handshake's end to its own: frames in and out, what it sent and got."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from cdk_streamer_local.gateway.client import Client, Farewell
from cdk_streamer_local.gateway.wire import Wire

# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
MESSAGE_BYTES = 128 * 1024
FRAME_BYTES = 32 * 1024
# What waits for a client that does not read; AWS names no number, only that there is one.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
BUFFER_BYTES = 1024 * 1024
# https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-binary-media-types.html
_NO_BINARY = "Binary frames are not supported"
_NO_CODE = "Client-side close frame status not set"
_PIECE = 1024
_REASON_BYTES = 123  # https://www.rfc-editor.org/rfc/rfc6455#section-5.5


class Posted(StrEnum):
    """What became of a post: TAKEN is in the buffer, which is not yet with the client."""

    TAKEN = "taken"
    FULL = "full"
    GONE = "gone"


class Connection:
    """An open connection; `on_message` is told each text, `on_end` the end, once."""

    __slots__ = (
        "_begun",
        "_closing",
        "_ended",
        "_is_held",
        "_is_stuffed",
        "_on_end",
        "_on_message",
        "_protocol",
        "_unread",
        "_wire",
        "client",
        "last_active_at",
        "received",
        "sent",
    )

    def __init__(
        self,
        client: Client,
        protocol: ServerProtocol,
        wire: Wire,
        on_message: Callable[[Connection, str], None],
        on_end: Callable[[Connection, Farewell], None],
    ) -> None:
        self.client = client
        self.last_active_at = client.connected_at
        self.received = 0
        self.sent = 0
        self._protocol = protocol
        self._wire = wire
        self._on_message = on_message
        self._on_end = on_end
        self._begun: bytearray | None = None
        self._unread = bytearray()
        self._closing: Farewell | None = None
        self._ended = False
        self._is_held = False
        self._is_stuffed = False

    @property
    def id(self) -> str:
        """Give the id that functions and the management API know it by."""
        return self.client.id

    @property
    def api_id(self) -> str:
        """Give the API that it is of."""
        return self.client.api_id

    @property
    def stage(self) -> str:
        """Give the stage that it is of."""
        return self.client.stage

    @property
    def connected_at(self) -> float:
        """Give when it was made, in seconds since 1970."""
        return self.client.connected_at

    @property
    def source_ip(self) -> str:
        """Give the client's address."""
        return self.client.source_ip

    @property
    def user_agent(self) -> str:
        """Give the client's own name, or an empty text."""
        return self.client.user_agent

    @property
    def authorizer(self) -> Mapping[str, Any] | None:
        """Give what the authorizer said about the client."""
        return self.client.authorizer

    @property
    def buffered(self) -> int:
        """Give how many bytes the client has not taken yet."""
        return self._wire.get_write_buffer_size()

    @property
    def is_open(self) -> bool:
        """Tell whether messages can still be sent."""
        return self._protocol.state is State.OPEN and not self._wire.is_closing()

    def post(self, text: str) -> Posted:
        """Send a message, unless the client is gone or reads too slowly."""
        if not self.is_open:
            return Posted.GONE
        data = text.encode()
        if self.buffered + len(data) > BUFFER_BYTES:
            return Posted.FULL
        self._send_text(data)
        self.sent += 1
        self.last_active_at = time.time()
        return Posted.TAKEN

    def tell(self, text: str) -> None:
        """Send what the gateway itself has to say; a client that does not read misses it."""
        if self.is_open and self.buffered <= BUFFER_BYTES:
            self._send_text(text.encode())

    def hold(self) -> None:
        """Read no further until `go_on`."""
        self._is_held = True
        self._wire.pause_reading()

    def go_on(self) -> None:
        """Read on after `hold`."""
        if self._is_held:
            self._is_held = False
            self._read_on()

    def stuffed(self, *, is_stuffed: bool) -> None:
        """Take that the client reads too slowly, or again fast enough: who does not is not read."""
        self._is_stuffed = is_stuffed
        if is_stuffed:
            self._wire.pause_reading()
        else:
            self._read_on()

    def close(self, code: int, reason: str) -> None:
        """End it from here; `$disconnect` is told this code and reason."""
        if self._closing is None:
            self._closing = Farewell(code=code, reason=reason)
        if self.is_open:
            self._protocol.send_close(code, _shortened(reason))
            self._flush()
            self._wire.linger()

    def accept(self, response: Response) -> None:
        """Answer the handshake; from here on it is open."""
        self._protocol.send_response(response)
        self._flush()

    def receive(self, data: bytes) -> None:
        """Take what the client sent; while it is held, keep it."""
        self._unread += data
        self._read()

    def lost(self) -> None:
        """Take that nothing comes any more; tells the end."""
        if not self._ended:
            self._ended = True
            self._unread.clear()
            self._protocol.receive_eof()
            self._on_end(self, self._farewell())

    def _read_on(self) -> None:
        self._read()
        waits = self._unread or self._is_held or self._is_stuffed
        if not waits and not self._wire.is_closing():
            self._wire.resume_reading()

    def _read(self) -> None:
        """Take little by little: what arrives at once may be very many messages."""
        while self._unread and not self._is_held and not self._is_stuffed:
            piece = bytes(self._unread[:_PIECE])
            del self._unread[:_PIECE]
            self._protocol.receive_data(piece)
            self._flush()
            for event in self._protocol.events_received():
                if isinstance(event, Frame):
                    self._take(event)
            self._flush()

    def _take(self, frame: Frame) -> None:
        match frame.opcode:
            case Opcode.TEXT | Opcode.CONT:
                self._take_text(frame)
            case Opcode.BINARY:
                self._fail(CloseCode.UNSUPPORTED_DATA, _NO_BINARY)
            case Opcode.PING | Opcode.PONG:
                self.last_active_at = time.time()
            case Opcode.CLOSE:
                pass  # the protocol answered it, and the wire ends

    def _take_text(self, frame: Frame) -> None:
        self.last_active_at = time.time()
        if self._closing is not None:
            return
        data = frame.data
        if self._begun is not None or not frame.fin:
            self._begun = bytearray() if self._begun is None else self._begun
            self._begun += frame.data
            data = self._begun
        if not frame.fin:
            return
        self._begun = None
        try:
            text = bytes(data).decode()
        except UnicodeDecodeError:
            self._fail(CloseCode.INVALID_DATA, "Invalid UTF-8")
            return
        self.received += 1
        self._on_message(self, text)

    def _fail(self, code: CloseCode, reason: str) -> None:
        if self._closing is None:
            self._closing = Farewell(code=code, reason=reason)
        self._begun = None
        if self._protocol.state is State.OPEN:
            self._protocol.fail(code, reason)

    def _send_text(self, data: bytes) -> None:
        # A message above the limit of a frame travels in several, as from API Gateway.
        for at in range(0, max(len(data), 1), FRAME_BYTES):
            part, last = data[at : at + FRAME_BYTES], at + FRAME_BYTES >= len(data)
            if at == 0:
                self._protocol.send_text(part, fin=last)
            else:
                self._protocol.send_continuation(part, fin=last)
        self._flush()

    def _flush(self) -> None:
        ends = False
        chunks = self._protocol.data_to_send()
        for chunk in chunks:
            ends = ends or not chunk
        if chunks:
            self._wire.write(b"".join(chunks))
        if ends:
            self._wire.close()

    def _farewell(self) -> Farewell:
        received, sent = self._protocol.close_rcvd, self._protocol.close_sent
        if self._closing is not None:
            return self._closing
        if received is not None and self._protocol.close_rcvd_then_sent:
            reason = _NO_CODE if received.code == CloseCode.NO_STATUS_RCVD else received.reason
            return Farewell(code=received.code, reason=reason)
        if sent is not None:
            return Farewell(code=sent.code, reason=sent.reason)
        return Farewell(code=CloseCode.ABNORMAL_CLOSURE, reason="")


def _shortened(reason: str) -> str:
    return reason.encode()[:_REASON_BYTES].decode(errors="ignore")
