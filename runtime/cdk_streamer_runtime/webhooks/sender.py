"""Sends a webhook to a server of the public internet, and to nothing else.

Each address of its name is checked, and the connection goes to an address that was checked: a name
that gives another answer when it is asked again changes nothing. Proxies, redirects and netrc files
of the machine have no say, since no library that reads them is used.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from cdk_streamer_runtime._http import BadAnswer, Connection, NoAnswer, encoded_request
from cdk_streamer_runtime.requests.webhook_url import HTTPS_PORT
from cdk_streamer_runtime.webhooks.addresses import is_public
from cdk_streamer_runtime.webhooks.resolver import resolve

TOTAL_SECONDS = 15.0
CONNECT_SECONDS = 5.0


class NotSent(Exception):
    """No answer came; the text is one of few and holds nothing of what a caller has chosen."""


class Reply(NamedTuple):
    """What a receiver answers: its body is not read."""

    status: int
    retry_after: str | None


class Sender(Protocol):
    """What deliveries need of the network; memory.webhooks has another one."""

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send one request; raises NotSent."""
        ...


Resolve = Callable[[str, float], list[str]]
Dial = Callable[[str, float], socket.socket]


def dial(address: str, timeout: float) -> socket.socket:
    """Connect to a numeric address; raises OSError."""
    return socket.create_connection((address, HTTPS_PORT), timeout)


class HttpsSender:
    """Posts over TLS, verified for the URL's host."""

    def __init__(
        self,
        *,
        resolve: Resolve = resolve,
        dial: Dial = dial,
        tls: ssl.SSLContext | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        total: float = TOTAL_SECONDS,
    ) -> None:
        """Take the network; `total` is how many seconds one request may take, all in all."""
        self._resolve = resolve
        self._dial = dial
        self._tls = tls or ssl.create_default_context()
        self._monotonic = monotonic
        self._total = total

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send one request to a URL that `WebhookHosts` let pass; raises NotSent."""
        end = self._monotonic() + self._total

        def remaining() -> float:
            left = end - self._monotonic()
            if left <= 0:
                raise TimeoutError("the time is over")
            return left

        parts = urlsplit(url)
        host = parts.hostname or ""
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = encoded_request(
            "POST", target, {"host": host, **headers, "connection": "close"}, body
        )
        try:
            return self._exchange(host, request, remaining)
        except ssl.SSLError as error:
            raise NotSent("no trusted TLS connection") from error
        except TimeoutError as error:
            raise NotSent("no answer in time") from error
        except (OSError, NoAnswer, BadAnswer, ValueError) as error:
            raise NotSent("no connection, or no HTTP answer") from error

    def _exchange(self, host: str, request: bytes, remaining: Callable[[], float]) -> Reply:
        with self._connected(host, remaining) as plain:
            plain.settimeout(remaining())
            with self._tls.wrap_socket(plain, server_hostname=host) as secure:
                status, headers = Connection(secure).ask(request, remaining)
        return Reply(status, headers.get("retry-after"))

    def _connected(self, host: str, remaining: Callable[[], float]) -> socket.socket:
        failure: OSError | None = None
        for address in self._addresses(host, remaining):
            try:
                return self._dial(address, min(CONNECT_SECONDS, remaining()))
            except OSError as error:
                failure = error
        raise failure or OSError("the name has no address")

    def _addresses(self, host: str, remaining: Callable[[], float]) -> list[str]:
        addresses = self._resolve(host, remaining())
        # One that leads inside shows what the name is for, whatever the others are.
        if not all(is_public(address) for address in addresses):
            raise NotSent("the host has an address that is not public")
        return addresses
