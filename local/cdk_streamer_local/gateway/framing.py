"""Messages on a stream of bytes: JSON behind four bytes of length; both processes use it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

_LENGTH = 4


class Framing:
    """Takes a stream apart into its messages."""

    def __init__(self) -> None:
        self._begun = bytearray()

    @staticmethod
    def encode(document: Mapping[str, object]) -> bytes:
        """Give a document as a message."""
        data = json.dumps(document, separators=(",", ":")).encode()
        return len(data).to_bytes(_LENGTH, "big") + data

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take bytes, and give the messages that are complete by them."""
        self._begun += data
        while len(self._begun) >= _LENGTH:
            end = _LENGTH + int.from_bytes(self._begun[:_LENGTH], "big")
            if len(self._begun) < end:
                return
            message = bytes(self._begun[_LENGTH:end])
            del self._begun[:end]
            yield message
