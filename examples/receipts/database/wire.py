"""The messages of PostgreSQL's protocol, as far as one client needs them.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from io import BufferedIOBase
from typing import NamedTuple

SSL_REQUEST = 80877103
TEXT = 25  # the type of every value
PARAMETERS = {"server_version": "18.0", "client_encoding": "UTF8", "integer_datetimes": "on"}


class Command(NamedTuple):
    """What a client wants: `run` a statement, or to hear that the server is `ready`."""

    kind: str
    statement: str = ""
    values: Sequence[str | None] = ()


class Wire:
    """Reads what a client says, and writes what it is answered."""

    def __init__(self, reader: BufferedIOBase, writer: BufferedIOBase) -> None:
        self._reader = reader
        self._writer = writer

    def greeting(self) -> None:
        """Hear who comes; encryption is declined."""
        while True:
            (length,) = struct.unpack("!i", self._read(4))
            body = self._read(length - 4)
            if struct.unpack_from("!i", body)[0] != SSL_REQUEST:
                return
            self._writer.write(b"N")
            self._writer.flush()

    def welcome(self) -> None:
        """Say that whoever came may stay."""
        self._send(b"R", struct.pack("!i", 0))
        for name, value in PARAMETERS.items():
            self._send(b"S", _text(name) + _text(value))
        self._send(b"K", struct.pack("!ii", 0, 0))
        self.ready()

    def commands(self) -> Iterator[Command]:
        """Give what the client wants, until it leaves."""
        statement, values = "", list[str | None]()
        while (kind := self._reader.read(1)) and kind != b"X":
            (length,) = struct.unpack("!i", self._read(4))
            body = self._read(length - 4)
            match kind:
                case b"Q":
                    yield Command("run", body[:-1].decode())
                    yield Command("ready")
                case b"P":
                    _, statement, _ = (part.decode() for part in body.split(b"\0", 2))
                    self._send(b"1")
                case b"D":
                    self._describe(statement)
                case b"B":
                    values = _bound(body)
                    self._send(b"2")
                case b"E":
                    yield Command("run", statement, values)
                case b"C":
                    self._send(b"3")
                case b"S":
                    yield Command("ready")
                case _:
                    self._writer.flush()

    def ready(self) -> None:
        """Say that the next command may come."""
        self._send(b"Z", b"I")
        self._writer.flush()

    def result(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Give what a statement gave."""
        for row in rows:
            values = [str(value).encode() for value in row]
            parts = [struct.pack("!i", len(value)) + value for value in values]
            self._send(b"D", struct.pack("!h", len(parts)) + b"".join(parts))
        self._send(b"C", _text(f"{statement.split(maxsplit=1)[0].upper()} {len(rows)}"))

    def error(self, severity: str, code: str, text: str) -> None:
        """Say what went wrong."""
        fields = {"S": severity, "V": severity, "C": code, "M": text}
        body = b"".join(name.encode() + _text(value) for name, value in fields.items())
        self._send(b"E", body + b"\0")
        self._writer.flush()

    def _describe(self, statement: str) -> None:
        parameters = statement.count("$")
        types = struct.pack(f"!h{parameters}i", parameters, *[TEXT] * parameters)
        self._send(b"t", types)
        self._send(b"n")

    def _send(self, kind: bytes, body: bytes = b"") -> None:
        self._writer.write(kind + struct.pack("!i", len(body) + 4) + body)

    def _read(self, count: int) -> bytes:
        body = self._reader.read(count)
        if len(body) < count:
            raise EOFError
        return body


def _text(value: str) -> bytes:
    return value.encode() + b"\0"


def _bound(body: bytes) -> list[str | None]:
    """Read the values of a bind message, which are texts."""
    _, _, rest = body.split(b"\0", 2)
    (formats,) = struct.unpack_from("!h", rest)
    place = 2 + 2 * formats
    (count,) = struct.unpack_from("!h", rest, place)
    place += 2
    values: list[str | None] = []
    for _ in range(count):
        (length,) = struct.unpack_from("!i", rest, place)
        place += 4
        if length < 0:
            values.append(None)
            continue
        values.append(rest[place : place + length].decode())
        place += length
    return values
