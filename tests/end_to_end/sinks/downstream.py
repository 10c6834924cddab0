"""The downstream of the tests: a small HTTP server, as slow, busy or away as a test wants it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.end_to_end import running

PATIENCE = 60.0 * running.PATIENCE
OK, AWAY = 200, 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One call, as it began."""

    place: str
    at: float
    key: str
    id: str
    attempt: int
    group: str | None
    kinds: Sequence[str]
    data: dict[str, Any]


@dataclass(slots=True)
class Downstream:
    """What is behind the sinks. Each test has a place of its own there."""

    arrivals: list[Arrival] = field(default_factory=list[Arrival])
    busiest: dict[str, int] = field(default_factory=dict[str, int])
    _answers: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    _held: dict[str, threading.Event] = field(default_factory=dict[str, threading.Event])
    _under_way: dict[str, int] = field(default_factory=dict[str, int])
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: ThreadingHTTPServer | None = None

    @contextmanager
    def serving(self) -> Iterator[Downstream]:
        """Listen meanwhile."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            for held in self._held.values():
                held.set()
            self._server.shutdown()
            self._server.server_close()

    def address(self, place: str) -> str:
        """Give the address of a place."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}/{place}"

    def answer(self, place: str, *statuses: int) -> None:
        """Answer so from now on, one status after the other, and then with the last."""
        with self._lock:
            self._answers[place] = [*statuses]

    def hold(self, place: str) -> None:
        """Let calls wait, until `release`."""
        self._held[place] = threading.Event()

    def release(self, place: str) -> None:
        """Answer those that wait."""
        held = self._held.pop(place, None)
        if held is not None:
            held.set()

    def at(self, place: str) -> list[Arrival]:
        """Give what came to a place so far."""
        with self._lock:
            return [each for each in self.arrivals if each.place == place]

    def numbers(self, place: str, group: str | None = None) -> list[int]:
        """Give the numbers that came to a place, of all groups or of one."""
        return [each.data["n"] for each in self.at(place) if group in {None, each.group}]

    def _take(self, place: str, told: dict[str, Any]) -> int:
        with self._lock:
            self.arrivals.append(Arrival(place=place, at=time.monotonic(), **told))
            self._under_way[place] = self._under_way.get(place, 0) + 1
            self.busiest[place] = max(self.busiest.get(place, 0), self._under_way[place])
            answers = self._answers.get(f"{place}/{told['data']['n']}") or self._answers.get(place)
            status = OK if not answers else answers.pop(0) if len(answers) > 1 else answers[0]
            held = self._held.get(f"{place}/{told['data']['n']}") or self._held.get(place)
        if held is not None:
            held.wait()
        with self._lock:
            self._under_way[place] -= 1
        return status

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                status = take(self.path.removeprefix("/"), json.loads(self.rfile.read(length)))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
                """Tell nobody."""

        return Handler


def until(look: Any, what: str = "it", *, patience: float = PATIENCE) -> Any:
    """Give what a look finds, as soon as it finds something; raises TimeoutError."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise TimeoutError(f"{what} did not happen within {patience:g} s")
