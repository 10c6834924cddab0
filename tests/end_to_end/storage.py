"""The bucket as whoever has an address sees it: no credentials, only HTTP."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.end_to_end.wire import PATIENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the bucket answered."""

    status: int
    type: str | None
    body: bytes


class Storage:
    """Reads and writes at addresses, as they are."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls

    def get(self, url: str) -> Stored:
        """Read what is at an address."""
        return self._ask("GET", url)

    def put(self, url: str, body: bytes, headers: Mapping[str, str]) -> Stored:
        """Write to an address, with these headers and no others."""
        return self._ask("PUT", url, body, headers)

    def _ask(
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] = {}
    ) -> Stored:
        parts = urlsplit(url)
        connection = http.client.HTTPSConnection(parts.netloc, timeout=PATIENCE, context=self._tls)
        try:
            connection.request(method, f"{parts.path}?{parts.query}", body, dict(headers))
            answer = connection.getresponse()
            return Stored(
                status=answer.status, type=answer.headers["Content-Type"], body=answer.read()
            )
        finally:
            connection.close()
