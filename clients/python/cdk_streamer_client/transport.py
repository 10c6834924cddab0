"""Opens WebSocket connections, each with a fresh token."""

from __future__ import annotations

import ssl as tls
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from cdk_streamer_client.addresses import is_loopback
from cdk_streamer_client.credentials import Credentials, NoCredentials
from cdk_streamer_client.errors import StreamerClientError
from cdk_streamer_client.wire import PROTOCOL

OPEN_SECONDS = 15
CLOSE_SECONDS = 2
# The platform's messages have 128 KB; nothing larger can be one of them.
MESSAGE_BYTES = 256 * 1024


class NotOpened(StreamerClientError):
    """A connection could not be opened; `status` is HTTP's, if there was one."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Transport:
    """Knows where the API is and how to be let in."""

    def __init__(self, *, url: str, credentials: Credentials, ssl: tls.SSLContext | None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"ws", "wss"} or not parts.hostname:
            raise ValueError(f"url must be a wss:// or ws:// address, got {url!r}")
        self._url = url
        self._host = parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"
        self._credentials = credentials
        self._ssl = (ssl or tls.create_default_context()) if parts.scheme == "wss" else None
        # A proxy is for what is out there.
        self._proxy: Literal[True] | None = None if is_loopback(parts.hostname) else True

    async def open(self) -> ClientConnection:
        """Open a connection; raises NotOpened."""
        try:
            admission = await self._credentials.fresh(self._url)
        except NoCredentials as error:
            raise NotOpened(str(error)) from error
        try:
            return await connect(
                self._url,
                additional_headers=admission.headers,
                subprotocols=[Subprotocol(name) for name in (PROTOCOL, *admission.subprotocols)],
                ssl=self._ssl,
                proxy=self._proxy,
                compression=None,  # API Gateway offers none
                # The protocol has pings of its own, which keep API Gateway's idle timer too.
                ping_interval=None,
                open_timeout=OPEN_SECONDS,
                close_timeout=CLOSE_SECONDS,
                max_size=MESSAGE_BYTES,
            )
        except InvalidStatus as refusal:
            status = refusal.response.status_code
            raise NotOpened(f"{self._host} answered HTTP {status}", status) from refusal
        except tls.SSLCertVerificationError as error:
            remedy = "give the authority's certificate as ca_bundle, or with --ca"
            reason = f"the certificate of {self._host} is not trusted: {error.verify_message}"
            raise NotOpened(f"{reason}; {remedy}") from error
        except TimeoutError as error:
            reason = f"{self._host} did not answer within {OPEN_SECONDS} seconds"
            raise NotOpened(reason) from error
        except (InvalidHandshake, OSError) as error:
            raise NotOpened(f"{self._host} cannot be reached: {error}") from error


def context_of(ssl: tls.SSLContext | None, ca_bundle: str | Path | None) -> tls.SSLContext | None:
    """Give whom to trust; None: whom the system trusts."""
    if ssl is not None and ca_bundle is not None:
        raise ValueError("give ssl or ca_bundle, not both")
    if ca_bundle is None:
        return ssl
    try:
        return tls.create_default_context(cafile=ca_bundle)
    except OSError as error:
        raise ValueError(f"ca_bundle {str(ca_bundle)!r} cannot be used: {error}") from error
