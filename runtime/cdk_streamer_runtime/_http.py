"""HTTP/1.1 over one kept-alive connection: what an AWS endpoint needs and no more.

Not `http.client`, for it parses each answer with the email package: that costs a cold start 25 ms
of CPU and each call 100 us, twice what signing and encoding take together. For the same reason the
values here are named tuples: a frozen dataclass takes 0.5 ms to define and longer to make.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Mapping
from operator import methodcaller
from typing import NamedTuple, Self

HEAD_BYTES = 64 * 1024
BODY_BYTES = 64 * 1024 * 1024
RECEIVE_BYTES = 64 * 1024
FINAL = 200  # below it a status only announces the real answer
REDIRECTION = 300
_PORTS = {"https": 443, "http": 80}


class Origin(NamedTuple):
    """Where a connection leads."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """The `host` header: with the port where it is not the scheme's own."""
        own = self.port == _PORTS[self.scheme]
        return self.host if own else f"{self.host}:{self.port}"


class Target(NamedTuple):
    """What a URL addresses; `path` and `query` are percent-encoded, as they go over the wire."""

    origin: Origin
    path: str
    query: str

    @classmethod
    def at(cls, url: str) -> Self:
        """Read an absolute URL; raises ValueError."""
        scheme, _, rest = url.partition("://")
        address, _, query = rest.partition("?")
        authority, slash, path = address.partition("/")
        host, _, port = authority.partition(":")
        if authority.startswith("["):
            end = authority.find("]") + 1
            host, port = authority[:end], authority[end + 1 :]
        if scheme not in _PORTS or not host or "@" in authority or not (port or "0").isdecimal():
            raise ValueError(f"an AWS endpoint must be an http or https URL, got {url!r}")
        origin = Origin(scheme, host.lower(), int(port or _PORTS[scheme]))
        return cls(origin, f"{slash}{path}", query)

    @property
    def text(self) -> str:
        """What stands in the request line."""
        return f"{self.path or '/'}{'?' if self.query else ''}{self.query}"


class NoAnswer(Exception):
    """The connection closed before the first byte of an answer."""


class BadAnswer(Exception):
    """What came is no HTTP answer, or only a part of one."""


class Answer(NamedTuple):
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    reusable: bool


def encoded_request(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Give the bytes of a request; raises ValueError for what would break out of its place."""
    lines = [f"{method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body or method in {"POST", "PUT", "PATCH"}:
        lines.append(f"content-length: {len(body)}")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1:
        raise ValueError("a request line or header contains a line break")
    if not target.isascii() or not target.isprintable() or " " in target:
        raise ValueError("the URL contains spaces or other characters; percent-encode them")
    return f"{head}\r\n\r\n".encode("latin-1") + body


_field = methodcaller("partition", ":")


class Connection:
    """A connected socket that one thread uses at a time.

    `remaining` gives the seconds that a caller may still wait, and raises when there are none.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._received = bytearray()
        self._arrivals: select.poll | None = None
        self._patience = -1.0  # what the socket waits
        self.used_at = 0.0

    def is_quiet(self) -> bool:
        """Tell whether the connection can be used again: an idle one that can be read has ended."""
        try:
            if self._arrivals is None:
                self._arrivals = select.poll()
                self._arrivals.register(self._socket, select.POLLIN)
            return not self._arrivals.poll(0)
        except (OSError, ValueError):
            return False

    def close(self) -> None:
        """End the connection, whatever its state."""
        self._socket.close()

    def exchange(self, request: bytes, remaining: Callable[[], float]) -> Answer:
        """Send a request and give its answer; raises OSError, NoAnswer and BadAnswer."""
        version, status, headers = self._asked(request, remaining)
        body, delimited = self._body(status, headers, remaining)
        keeps = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
        return Answer(
            status=status,
            headers=headers,
            body=body,
            reusable=delimited and keeps and not self._received,
        )

    def ask(self, request: bytes, remaining: Callable[[], float]) -> tuple[int, Mapping[str, str]]:
        """Send a request and give status and headers of its answer, whose body is left unread."""
        _, status, headers = self._asked(request, remaining)
        return status, headers

    def _asked(
        self, request: bytes, remaining: Callable[[], float]
    ) -> tuple[str, int, dict[str, str]]:
        self._wait_for(remaining())
        self._socket.sendall(request)
        while True:
            version, status, headers = self._head(remaining)
            if status >= FINAL:
                return version, status, headers

    def _head(self, remaining: Callable[[], float]) -> tuple[str, int, dict[str, str]]:
        while (end := self._received.find(b"\r\n\r\n")) < 0:
            if len(self._received) > HEAD_BYTES:
                raise BadAnswer("headers are too long")
            if not self._receive(remaining):
                raise BadAnswer("headers are cut off") if self._received else NoAnswer
        first, *lines = self._taken(end).decode("latin-1").split("\r\n")
        del self._received[:4]
        version, _, rest = first.partition(" ")
        if version not in {"HTTP/1.1", "HTTP/1.0"} or not rest[:3].isdecimal():
            raise BadAnswer("the status line is malformed")
        fields = map(_field, lines)
        return version, int(rest[:3]), {name.lower(): value.strip() for name, _, value in fields}

    def _body(
        self, status: int, headers: Mapping[str, str], remaining: Callable[[], float]
    ) -> tuple[bytes, bool]:
        """Give the body, and whether its end was told by other means than closing."""
        if status in {204, 304}:
            return b"", True
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunks(remaining), True
        length = headers.get("content-length")
        if length is None:
            while self._receive(remaining):
                self._limit(len(self._received))
            return self._taken(len(self._received)), False
        return self._exactly(_decimal(length), remaining), True

    def _chunks(self, remaining: Callable[[], float]) -> bytes:
        body = bytearray()
        while size := _hexadecimal(self._line(remaining).partition(b";")[0]):
            self._limit(len(body) + size)
            body += self._exactly(size, remaining)
            if self._line(remaining):
                raise BadAnswer("a chunk does not end where it should")
        while self._line(remaining):  # trailers
            pass
        return bytes(body)

    def _line(self, remaining: Callable[[], float]) -> bytes:
        while (end := self._received.find(b"\r\n")) < 0:
            if len(self._received) > HEAD_BYTES or not self._receive(remaining):
                raise BadAnswer("a chunk is cut off")
        line = self._taken(end)
        del self._received[:2]
        return line

    def _exactly(self, length: int, remaining: Callable[[], float]) -> bytes:
        self._limit(length)
        while len(self._received) < length:
            if not self._receive(remaining):
                raise BadAnswer("the body is cut off")
        return self._taken(length)

    def _limit(self, length: int) -> None:
        if length > BODY_BYTES:
            raise BadAnswer(f"the body is over {BODY_BYTES} bytes")

    def _taken(self, length: int) -> bytes:
        taken = bytes(self._received[:length])
        del self._received[:length]
        return taken

    def _wait_for(self, seconds: float) -> None:
        if seconds != self._patience:  # setting it costs a system call
            self._patience = seconds
            self._socket.settimeout(seconds)

    def _receive(self, remaining: Callable[[], float]) -> bool:
        self._wait_for(remaining())
        received = self._socket.recv(RECEIVE_BYTES)
        self._received += received
        return bool(received)


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise BadAnswer("the length is no number")
    return int(text)


def _hexadecimal(text: bytes) -> int:
    digits = text.strip()
    if not digits or digits.strip(b"0123456789abcdefABCDEF"):
        raise BadAnswer("the size of a chunk is no number")
    return int(digits, 16)
