"""Reads and writes at addresses that the service gave: what is too large for a message."""

from __future__ import annotations

import asyncio
import http.client
import io
import os
import ssl as tls
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TypeVar
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from cdk_streamer_client.addresses import is_loopback, is_safe
from cdk_streamer_client.errors import StreamerClientError

T = TypeVar("T")

Source = bytes | bytearray | memoryview | str | os.PathLike[str]

SILENCE_SECONDS = 30
BLOCK = 65_536


class NotTransferred(StreamerClientError):
    """An address was of no use; `status` is HTTP's, if there was one."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Storage:
    """Reads and writes, in threads: the standard library has no other HTTP client."""

    def __init__(self, ssl: tls.SSLContext | None = None) -> None:
        self._ssl = ssl

    async def read(self, url: str, size: int) -> str:
        """Give the text of so many bytes; raises NotTransferred."""
        return await _in_thread(lambda stop: self._read(url, size, stop))

    async def write(self, url: str, headers: Mapping[str, str], source: Source) -> None:
        """Write with these headers; raises NotTransferred, and OSError for a file's faults."""
        await _in_thread(lambda stop: self._write(url, headers, source, stop))

    def _read(self, url: str, size: int, stop: threading.Event) -> str:
        content = bytearray()
        try:
            with self._opener(url).open(Request(url), timeout=SILENCE_SECONDS) as answer:  # noqa: S310
                while len(content) <= size and not stop.is_set():
                    block = answer.read(BLOCK)
                    if not block:
                        break
                    content += block
        except (OSError, http.client.HTTPException) as error:
            raise _failure(url, error) from error
        if len(content) != size:
            raise NotTransferred(f"{_host(url)} did not give the {size} bytes that it should")
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise NotTransferred(f"what {_host(url)} gave is no UTF-8: {error}") from error

    def _write(
        self, url: str, headers: Mapping[str, str], source: Source, stop: threading.Event
    ) -> None:
        size = size_of(source)
        sent = {**headers}
        if "content-length" not in {name.lower() for name in headers}:
            sent["Content-Length"] = str(size)
        with _opened(source) as stream:
            body = _Body(stream, size, stop)
            request = Request(url, data=body, headers=sent, method="PUT")  # noqa: S310 - see _opener
            try:
                self._opener(url).open(request, timeout=SILENCE_SECONDS).close()
            except (OSError, http.client.HTTPException, ValueError) as error:
                if body.fault is not None:
                    raise body.fault from error
                raise _failure(url, error) from error

    def _opener(self, url: str) -> OpenerDirector:
        if not is_safe(url):
            raise NotTransferred(f"{url!r:.80} is neither https nor this machine")
        # A proxy is for what is out there.
        here = is_loopback(urlsplit(url).hostname or "")
        opener = OpenerDirector()
        # Without the handlers of redirects and files: the address was signed for one place.
        for handler in (
            ProxyHandler({}) if here else ProxyHandler(),
            HTTPHandler(),
            HTTPSHandler(context=self._ssl),
            HTTPDefaultErrorHandler(),
            HTTPErrorProcessor(),
        ):
            opener.add_handler(handler)
        return opener


def size_of(source: Source) -> int:
    """Give how many bytes there are; raises OSError for a file that is not there."""
    if isinstance(source, str | os.PathLike):
        return Path(source).stat().st_size
    return memoryview(source).nbytes


class _Body:
    """A file that is as long as was said, and whose reading can be stopped."""

    def __init__(self, stream: IO[bytes], size: int, stop: threading.Event) -> None:
        self.fault: OSError | None = None
        self._stream = stream
        self._left = size
        self._stop = stop

    def read(self, most: int = BLOCK) -> bytes:
        """Give the next bytes; raises OSError when there are fewer than there were."""
        if self._stop.is_set():
            self.fault = OSError("the upload was abandoned")
            raise self.fault
        block = self._stream.read(min(most, self._left))
        if not block and self._left:
            self.fault = OSError(f"the file became shorter: {self._left} bytes are missing")
            raise self.fault
        self._left -= len(block)
        return block


def _opened(source: Source) -> IO[bytes]:
    if isinstance(source, str | os.PathLike):
        return Path(source).open("rb")
    return io.BytesIO(source)


def _failure(url: str, error: Exception) -> NotTransferred:
    if isinstance(error, HTTPError):
        error.close()
        return NotTransferred(f"{_host(url)} answered HTTP {error.code}", error.code)
    if isinstance(reason := getattr(error, "reason", None), tls.SSLCertVerificationError):
        remedy = "give the authority's certificate as ca_bundle, or with --ca"
        return NotTransferred(f"the certificate of {_host(url)} is not trusted; {remedy}")
    return NotTransferred(f"{_host(url)} cannot be reached: {reason or error}")


def _host(url: str) -> str:
    """Name the place without the secrets of its address."""
    return urlsplit(url).netloc


async def _in_thread(work: Callable[[threading.Event], T]) -> T:
    stop = threading.Event()
    try:
        return await asyncio.to_thread(work, stop)
    finally:
        stop.set()
