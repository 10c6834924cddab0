"""TLS without a socket: encrypted bytes in, plain ones out, and back."""

from __future__ import annotations

import contextlib
import ssl

# A record's size; what is given in larger pieces stays allocated for as long as a connection lives.
_PIECE = 16 * 1024


def server_context(certificate: str, key: str) -> ssl.SSLContext:
    """Give what all connections share."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    # A client that reads in a thread while it sends its first request in another may lose the
    # answer when tickets come in between; nobody resumes a session with them here.
    context.num_tickets = 0
    return context


class Tls:
    """One side of one connection; raises ssl.SSLError for what is no TLS."""

    __slots__ = ("_incoming", "_is_ready", "_object", "_outgoing", "is_ended")

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._is_ready = False
        self.is_ended = False  # by the other side's farewell

    def decrypt(self, data: bytes) -> bytes:
        """Take bytes off the wire; what is to be sent for them is in `pending`."""
        plain = bytearray()
        for at in range(0, len(data), _PIECE):
            self._incoming.write(data[at : at + _PIECE])
            if self._shaken():
                self._read(plain)
        return bytes(plain)

    def encrypt(self, data: bytes) -> bytes:
        """Give the bytes for the wire."""
        sent = bytearray()
        for at in range(0, len(data), _PIECE):
            self._object.write(data[at : at + _PIECE])
            sent += self._outgoing.read()
        return bytes(sent)

    def pending(self) -> bytes:
        """Give what TLS itself has to send."""
        return self._outgoing.read()

    def close(self) -> bytes:
        """Give the farewell."""
        with contextlib.suppress(ssl.SSLError):  # the other side's is not here, or never will be
            self._object.unwrap()
        return self._outgoing.read()

    def _shaken(self) -> bool:
        if not self._is_ready:
            try:
                self._object.do_handshake()
            except ssl.SSLWantReadError:
                return False
            self._is_ready = True
        return True

    def _read(self, plain: bytearray) -> None:
        try:
            while read := self._object.read(_PIECE):
                plain += read
        except ssl.SSLWantReadError:
            return
        except ssl.SSLZeroReturnError:
            pass
        self.is_ended = True  # by nothing that is read, too
