"""A real HTTP server that keeps what is sent to it and gives what it was told to."""

from __future__ import annotations

import ssl as tls
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass
class Sent:
    """One request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FakeStorage:
    """Answers with `statuses` first, then with what `content` has at a path."""

    ssl: tls.SSLContext | None = None
    content: dict[str, bytes] = field(default_factory=dict)
    statuses: deque[int] = field(default_factory=deque)
    location: str | None = None
    requests: list[Sent] = field(default_factory=list)

    def __enter__(self) -> Self:
        storage = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                storage.take(self, b"")

            def do_PUT(self) -> None:
                storage.take(self, self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if self.ssl is not None:
            self._server.socket = self.ssl.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str) -> str:
        """Give the address of a path."""
        scheme = "http" if self.ssl is None else "https"
        return f"{scheme}://127.0.0.1:{self._server.server_port}{path}"

    def take(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """Keep a request, and answer it."""
        headers = dict(handler.headers.items())
        self.requests.append(Sent(handler.command, handler.path, headers, body))
        status = self.statuses.popleft() if self.statuses else 200
        content = self.content.get(handler.path, b"") if status == 200 else b"no"
        handler.send_response(status)
        if self.location is not None:
            handler.send_header("Location", self.location)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
