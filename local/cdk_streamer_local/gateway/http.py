"""HTTP/1.1 for the management API: requests in their order, many on one connection.

A request that can be answered at once costs no task and no future.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from cdk_streamer_local.gateway.request import JSON, Answer, Request
from cdk_streamer_local.gateway.wire import Wire

Handle = Callable[[Request], Answer | Awaitable[Answer]]

# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
BODY_BYTES = 128 * 1024
HEAD_BYTES = 64 * 1024
# Requests that a client sends before it has read the answers to earlier ones.
_WAITING = 32
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_BAD_REQUEST = Answer.json(400, {"message": "Bad Request"}, "BadRequestException")
FAULT = Answer.json(500, {"message": "Internal server error"}, "InternalServerError")
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class HttpProtocol(asyncio.Protocol):
    """One client's connection. `handle` answers, or gives what will."""

    __slots__ = (
        "_body", "_closes", "_handle", "_head_size", "_headers", "_is_blocked", "_is_broken",
        "_is_busy", "_is_paused", "_parser", "_queue", "_size", "_url", "_wire",
    )  # fmt: skip

    def __init__(self, handle: Handle) -> None:
        # Only the gateway's own environment has it.
        httptools: Any = importlib.import_module("httptools")
        self._handle = handle
        self._parser = httptools.HttpRequestParser(self)
        self._wire: Wire | None = None
        self._queue: deque[tuple[Request, bool]] = deque()
        self._is_busy = False  # with a request that cannot be answered at once
        self._is_blocked = False  # by a client that does not read its answers
        self._is_broken = False  # by what is no HTTP, after the requests in the queue
        self._is_paused = False
        self._closes = False
        self._begin()

    # --- what the wire tells

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - asyncio's, or a wire of ours
        """Take what answers are written to."""
        self._wire = transport

    def data_received(self, data: bytes) -> None:
        """Take a piece of one request or of many."""
        if self._closes or self._is_broken:
            return
        try:
            self._parser.feed_data(data)
        except Exception:  # noqa: BLE001 - the parser's, whose module loads late
            self._is_broken = True
        self._serve()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Forget what nobody waits for."""
        self._closes = True
        self._queue.clear()
        self._wire = None

    def pause_writing(self) -> None:
        """Answer nothing more for now."""
        self._is_blocked = True

    def resume_writing(self) -> None:
        """Go on answering."""
        self._is_blocked = False
        self._serve()

    # --- what the parser tells

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._begin()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request's target."""
        self._url += url
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header."""
        self._headers.append((name.lower(), value))
        self._count(len(name) + len(value))

    def on_headers_complete(self) -> None:
        """Let the client send its body, if it asks first."""
        if (b"expect", b"100-continue") in self._headers and self._wire is not None:
            self._wire.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body; what is too large is only counted."""
        self._size += len(body)
        if self._size <= BODY_BYTES:
            self._body.append(body)
        else:
            self._body.clear()

    def on_message_complete(self) -> None:
        """Queue the request."""
        path, _, query = self._url.decode("latin-1").partition("?")
        request = Request(
            self._parser.get_method().decode("latin-1"),
            path,
            query,
            self._headers,
            b"".join(self._body),
            self._size > BODY_BYTES,
        )
        # An answer with a body to HEAD would be taken for the next request's.
        keep = request.method != "HEAD" and bool(self._parser.should_keep_alive())
        self._queue.append((request, keep))

    # --- answers

    def _begin(self) -> None:
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._size = 0
        self._head_size = 0

    def _count(self, size: int) -> None:
        self._head_size += size
        if self._head_size > HEAD_BYTES:
            raise ValueError(f"a head must not be larger than {HEAD_BYTES} bytes; send less")

    def _serve(self) -> None:
        while self._queue and not (self._is_busy or self._is_blocked):
            request, keep = self._queue.popleft()
            answer = self._handle(request)
            if isinstance(answer, Answer):
                self._write(answer, keep=keep)
            else:
                self._is_busy = True
                asyncio.ensure_future(answer).add_done_callback(
                    lambda done, keep=keep: self._answered(done, keep=keep)
                )
        waits = self._queue or self._is_busy or self._is_blocked or self._closes
        if self._is_broken and not waits:
            self._write(_BAD_REQUEST, keep=False)
        self._pace()

    def _answered(self, done: asyncio.Future[Answer], *, keep: bool) -> None:
        self._is_busy = False
        fault = done.exception()
        self._write(FAULT if fault is not None else done.result(), keep=keep)
        if fault is not None:
            handler = {"message": "a management call failed", "exception": fault}
            done.get_loop().call_exception_handler(handler)
        self._serve()

    def _pace(self) -> None:
        if self._wire is None or self._is_paused == (len(self._queue) >= _WAITING):
            return
        self._is_paused = not self._is_paused
        (self._wire.pause_reading if self._is_paused else self._wire.resume_reading)()

    def _write(self, answer: Answer, *, keep: bool) -> None:
        if self._wire is None:
            return
        self._wire.write(encoded(answer, keep=keep))
        if not keep:
            self._closes = True
            self._queue.clear()
            self._wire.close()


def encoded(answer: Answer, *, keep: bool) -> bytes:
    """Give the bytes of an answer."""
    head = (
        f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}\r\n"
        f"date: {_date(int(time.time()))}\r\n"
        f"x-amzn-requestid: {_RUN}{next(_numbers):012x}\r\n"
        f"content-length: {len(answer.body)}\r\n"
    )
    if answer.body:
        head += f"content-type: {JSON}\r\n"
    if answer.error is not None:
        head += f"x-amzn-errortype: {answer.error}\r\n"
    if not keep:
        head += "connection: close\r\n"
    return f"{head}\r\n".encode("latin-1") + answer.body


# Ids look like those of AWS, and cost less than random ones.
_RUN = str(uuid.uuid4())[:24]
_numbers = itertools.count(1)
_last_date = (0, "")


def _date(second: int) -> str:
    global _last_date  # noqa: PLW0603 - formatting takes as long as everything else here
    if _last_date[0] != second:
        text = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(second))
        _last_date = (second, text)
    return _last_date[1]
