"""The third party: an HTTP API with feeds that somebody polls, in memory."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY_HEADER = "Idempotency-Key"
_PREFIX = "/feeds/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One request: which feed, by what key, and when it came, in seconds since 1970."""

    feed: str
    key: str
    at: float


class FeedServer:
    """Serves feeds on a free port of this machine until it is closed, and remembers who polled."""

    def __init__(self) -> None:
        self._polls: list[Poll] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._receive)
        threading.Thread(target=self._server.serve_forever, name="feeds", daemon=True).start()

    @property
    def url(self) -> str:
        """Where the feeds are."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def polls(self) -> tuple[Poll, ...]:
        """All requests so far, in the order in which they came."""
        with self._lock:
            return tuple(self._polls)

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()

    def _receive(self, poll: Poll) -> int:
        with self._lock:
            self._polls.append(poll)
            return len(self._polls)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], receive: Callable[[Poll], int]) -> None:
        super().__init__(address, partial(_Feeds, receive))


class _Feeds(BaseHTTPRequestHandler):
    """Answers `GET /feeds/NAME`; connections are kept."""

    protocol_version = "HTTP/1.1"
    # On a kept connection the body would wait for the client's word that the headers came.
    disable_nagle_algorithm = True

    def __init__(self, receive: Callable[[Poll], int], *arguments: Any) -> None:  # noqa: ANN401 - its base's own
        self._receive = receive
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Give the feed's latest items."""
        at = time.time()
        if not self.path.startswith(_PREFIX):
            self._answer(404, {"error": "there are feeds here and nothing else"})
            return
        feed = self.path.removeprefix(_PREFIX)
        poll = Poll(feed=feed, key=self.headers.get(KEY_HEADER, ""), at=at)
        self._answer(200, {"feed": feed, "items": self._receive(poll)})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Be silent: there are thousands."""

    def _answer(self, status: int, document: dict[str, object]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
