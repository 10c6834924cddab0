"""How requests reach the service: over kept-alive connections of urllib3."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from cdk_streamer_client.addresses import is_loopback, is_safe
from cdk_streamer_client.errors import ConnectionLost, Unreachable

if TYPE_CHECKING:
    from urllib3 import PoolManager

CONNECT_SECONDS = 5.0
CONNECTIONS = 10
_TRUST = "AWS_CA_BUNDLE"

Authorize = Callable[[str, str, Mapping[str, str], bytes], Mapping[str, str]]


class Answer(NamedTuple):
    """What the service said."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """Carries one request to the service.

    `path` begins behind the service's address, and has the query. What breaks on the way raises
    OSError, ConnectionLost or Unreachable, and is tried again.
    """

    def __call__(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, /
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Give status, headers and body."""
        ...


class Untrusted(Unreachable):
    """The certificate is not one of those that are trusted, and will not be at the next try."""


class HttpTransport:
    """Sends to an address what `authorize` adds its headers to.

    Whom it trusts says `ca_bundle`, or AWS_CA_BUNDLE as for the AWS CLI, or else the system.
    """

    def __init__(
        self,
        *,
        url: str,
        authorize: Authorize,
        timeout: float,
        ca_bundle: str | Path | None = None,
    ) -> None:
        if not is_safe(url) or urlsplit(url).query or urlsplit(url).fragment:
            raise ValueError(f"url must be the https:// address of a timer service, got {url!r}")
        self._url = url.rstrip("/")
        self._host = urlsplit(url).netloc
        self._authorize = authorize
        self._pool = _pool(url, timeout, ca_bundle)

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send one request; raises ConnectionLost, and Unreachable when it was not sent."""
        from urllib3 import exceptions

        url = f"{self._url}{path}"
        signed = self._authorize(method, url, headers, body)
        try:
            answer = self._pool.request(
                method, url, body=body or None, headers=signed, redirect=False, retries=False
            )
        except exceptions.SSLError as error:
            raise self._untrusted(error) from error
        except (exceptions.NewConnectionError, exceptions.ConnectTimeoutError) as error:
            raise Unreachable(f"{self._host} cannot be reached: {error}") from error
        except exceptions.ProxyError as error:
            raise Unreachable(f"{self._host} cannot be reached by its proxy: {error}") from error
        except exceptions.HTTPError as error:
            text = f"the connection to {self._host} broke: {error}"
            raise ConnectionLost(text, may_have_run=True) from error
        return Answer(answer.status, answer.headers, answer.data)

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def _untrusted(self, error: Exception) -> Unreachable:
        reason = error.args[0] if error.args else error
        if isinstance(reason, ssl.SSLCertVerificationError):
            text = f"the certificate of {self._host} is not trusted: {reason.verify_message}"
            remedy = f"as ca_bundle, with --ca or in {_TRUST}"
            return Untrusted(f"{text}; give the authority's certificate {remedy}")
        return Unreachable(f"no secure connection to {self._host}: {error}")


def _pool(url: str, timeout: float, ca_bundle: str | Path | None) -> PoolManager:
    try:
        from urllib3 import PoolManager, ProxyManager, Timeout
    except ImportError as error:
        text = "timers need urllib3; install it with: pip install 'cdk-streamer[timers]'"
        raise ImportError(text) from error
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxy = getproxies().get(parts.scheme)
    settings: dict[str, Any] = {
        "maxsize": CONNECTIONS,
        "timeout": Timeout(connect=min(CONNECT_SECONDS, timeout), read=timeout),
        "ssl_context": _context(ca_bundle) if parts.scheme == "https" else None,
    }
    # A proxy is for what is out there.
    if proxy is None or is_loopback(host) or proxy_bypass(host):
        return PoolManager(**settings)
    return ProxyManager(proxy, **settings)


def _context(ca_bundle: str | Path | None) -> ssl.SSLContext:
    name, file = "ca_bundle", ca_bundle
    if file is None:
        name, file = _TRUST, os.environ.get(_TRUST) or None
    try:
        return ssl.create_default_context(cafile=file)
    except OSError as error:
        raise ValueError(f"{name} {str(file)!r} cannot be used: {error}") from error
