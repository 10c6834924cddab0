"""An HTTP request and its answer, as values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

JSON = "application/json"


class Request(NamedTuple):
    """One request. Path and query are percent-encoded, header names in lower case.

    Of a body that is larger than anybody takes, nothing is kept.
    """

    method: str
    path: str
    query: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    is_too_large: bool = False

    def header(self, name: bytes) -> bytes | None:
        """Give the value of the only header of this name."""
        values = [value for known, value in self.headers if known == name]
        return values[0] if len(values) == 1 else None


class Answer(NamedTuple):
    """What is answered; `error` is the name that AWS gives to the fault."""

    status: int
    body: bytes = b""
    error: str | None = None

    @classmethod
    def json(cls, status: int, content: Mapping[str, object], error: str | None = None) -> Answer:
        """Answer with a JSON object."""
        return cls(status, json.dumps(content).encode(), error)
