"""Fetches one document over https, from one address, within one time."""

from __future__ import annotations

import contextlib
import http.client
import queue
import socket
import ssl
import threading
from urllib.parse import urlsplit

from cdk_streamer_runtime.auth.jwks import JwksUnavailable

TIMEOUT_SECONDS = 2.0
LIMIT_BYTES = 256 * 1024
THREAD_NAME = "https-source"


class HttpsSource:
    """The document at a URL that configuration alone decides; redirects are not followed.

    `ca_bundle` adds to the certificates that the machine trusts.
    """

    def __init__(
        self, url: str, *, ca_bundle: str | None = None, timeout: float = TIMEOUT_SECONDS
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or parts.fragment:
            raise ValueError(
                f"jwks_url must be https://host/path without credentials, got {url!r}; "
                "keys over plain http could be anybody's"
            )
        self._host = parts.hostname
        self._port = parts.port
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._timeout = timeout
        self._tls = ssl.create_default_context()
        if ca_bundle:
            self._tls.load_verify_locations(cafile=ca_bundle)

    def __call__(self) -> bytes:
        """Give the document; raises JwksUnavailable when that takes too long or fails."""
        connection = http.client.HTTPSConnection(
            self._host, self._port, timeout=self._timeout, context=self._tls
        )
        answers: queue.SimpleQueue[bytes | JwksUnavailable] = queue.SimpleQueue()
        # A socket's timeout bounds one step, and a name server or a dripping body takes many: only
        # another thread can be left behind when the whole takes too long.
        threading.Thread(
            target=lambda: answers.put(self._exchange(connection)), name=THREAD_NAME, daemon=True
        ).start()
        try:
            answer = answers.get(timeout=self._timeout)
        except queue.Empty:
            _interrupt(connection)
            raise JwksUnavailable(f"no whole answer within {self._timeout:g} s") from None
        if isinstance(answer, JwksUnavailable):
            raise answer
        return answer

    def _exchange(self, connection: http.client.HTTPSConnection) -> bytes | JwksUnavailable:
        try:
            connection.request("GET", self._target, headers={"Accept": "application/json"})
            response = connection.getresponse()
            if response.status != http.client.OK:
                return JwksUnavailable(f"status {response.status}")
            data = response.read(LIMIT_BYTES + 1)
        except (OSError, http.client.HTTPException, ValueError) as fault:
            return JwksUnavailable(type(fault).__name__)
        finally:
            connection.close()
        if len(data) > LIMIT_BYTES:
            return JwksUnavailable(f"more than {LIMIT_BYTES} bytes")
        return data


def _interrupt(connection: http.client.HTTPSConnection) -> None:
    """Wake a thread that reads; it closes the connection itself."""
    if connection.sock is not None:
        with contextlib.suppress(OSError):  # it may have ended by itself
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)
