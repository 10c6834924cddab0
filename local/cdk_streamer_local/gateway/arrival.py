"""One accepted connection of TCP: plain or TLS, as its first byte says, and whoever takes it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, Protocol, cast

from cdk_streamer_local.gateway.tls import Tls

_TLS_HANDSHAKE = 0x16  # https://www.rfc-editor.org/rfc/rfc8446#section-5.1
_LINGER_SECONDS = 5.0


class Taker(Protocol):
    """Who takes what a client sends."""

    def data_received(self, data: bytes) -> None:
        """Take plain bytes."""
        ...

    def connection_lost(self, exc: Exception | None) -> None:
        """Take that nothing comes any more."""
        ...

    def pause_writing(self) -> None:
        """Take that the client does not read."""
        ...

    def resume_writing(self) -> None:
        """Take that it reads again."""
        ...


class Arrival(asyncio.Protocol):
    """Stands between a socket and its taker, which `first` becomes to begin with."""

    __slots__ = (
        "_context", "_end", "_is_broken", "_is_closing", "_is_lost", "_taker", "_tls", "_transport",
    )  # fmt: skip

    def __init__(self, context: ssl.SSLContext, first: Callable[[Arrival], Taker]) -> None:
        self._context: ssl.SSLContext | None = context
        self._tls: Tls | None = None
        self._transport: asyncio.Transport | None = None
        self._end: asyncio.TimerHandle | None = None
        self._is_broken = False
        self._is_closing = False
        self._is_lost = False
        self._taker = first(self)

    @property
    def source_ip(self) -> str:
        """Give the client's address."""
        name: Any = self.get_extra_info("peername")
        return str(name[0]) if name else ""

    def hand_over(self, taker: Taker) -> None:
        """Let another take what comes from now on, even if that is only the end."""
        self._taker = taker
        if self._is_lost:
            taker.connection_lost(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hand on what the client sent; the first byte says how it speaks."""
        if self._is_closing:
            return
        if self._context is not None:
            if data[0] == _TLS_HANDSHAKE:
                self._tls = Tls(self._context)
            self._context = None
        if self._tls is not None:
            data = self._decrypted(self._tls, data)
        if data:
            self._taker.data_received(data)
        if self._tls is not None and self._tls.is_ended:
            self.close()  # who said farewell may wait for ours before it hangs up

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the taker."""
        if self._end is not None:
            self._end.cancel()
        self._is_closing = self._is_lost = True
        self._tls = None
        self._taker.connection_lost(exc)

    def pause_writing(self) -> None:
        """Tell the taker."""
        self._taker.pause_writing()

    def resume_writing(self) -> None:
        """Tell the taker."""
        self._taker.resume_writing()

    # What takers call; asyncio's names.

    def write(self, data: bytes) -> None:
        """Send the bytes, or keep them until they can be sent."""
        if self._transport is not None and not self.is_closing():
            self._transport.write(data if self._tls is None else self._tls.encrypt(data))

    def close(self) -> None:
        """End when all is sent; what still comes is dropped, for some seconds at most.

        An end with bytes unread would be a reset, which takes away what the client has not read.
        """
        if self._transport is None or self.is_closing():
            return
        if self._tls is not None:
            self._transport.write(self._tls.close())
        self._is_closing = True
        self._transport.write_eof()
        self.resume_reading()
        self.linger()

    def linger(self) -> None:
        """End in some seconds, unless the client ends before."""
        if self._end is None and self._transport is not None:
            loop = asyncio.get_running_loop()
            self._end = loop.call_later(_LINGER_SECONDS, self._transport.abort)

    def abort(self) -> None:
        """End at once."""
        self._is_closing = True
        if self._transport is not None:
            self._transport.abort()

    def is_closing(self) -> bool:
        """Tell whether it ends or has ended."""
        return self._is_closing or (self._transport is not None and self._transport.is_closing())

    def get_write_buffer_size(self) -> int:
        """Give how many bytes are not sent yet."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Give what the socket knows; asyncio's names."""
        return self._transport.get_extra_info(name, default) if self._transport else default

    def pause_reading(self) -> None:
        """Take nothing more from the client for now."""
        if self._transport is not None and self._transport.is_reading():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on taking."""
        transport = self._transport
        if transport is not None and not (transport.is_reading() or transport.is_closing()):
            transport.resume_reading()

    def _decrypted(self, tls: Tls, data: bytes) -> bytes:
        try:
            return tls.decrypt(data)
        except ssl.SSLError:
            self._is_broken = True
            return b""
        finally:
            self._settle(tls)

    def _settle(self, tls: Tls) -> None:
        """Send what TLS has to say, which of a broken connection is why it ends."""
        if self._transport is None or self._transport.is_closing():
            return
        pending = tls.pending()
        if pending:
            self._transport.write(pending)
        if self._is_broken:
            self._is_closing = True
            self._transport.close()
