"""The third party: a calendar that is asked for many users at a time, and fails once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FAILING = 3  # the question that is not answered
UNAVAILABLE, OK = 503, 200


class CalendarServer:
    """Serves a calendar on a free port of this machine until it is closed.

    It does not know the users `unknown`, and has a bad moment at one question.
    """

    def __init__(self, *, unknown: frozenset[str] = frozenset(), failing: int = FAILING) -> None:
        self.questions = 0
        self._unknown = unknown
        self._failing = failing
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Calendar, self._answer))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="calendar", daemon=True).start()

    @property
    def url(self) -> str:
        """Where the calendar is."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, question: dict[str, Any]) -> tuple[int, dict[str, str]]:
        with self._lock:
            self.questions += 1
            if self.questions == self._failing:
                return UNAVAILABLE, {}
        known = [user for user in question["users"] if user not in self._unknown]
        return OK, {user: f"on {question['day']}: call {user}'s dentist" for user in known}


class _Calendar(BaseHTTPRequestHandler):
    """Answers `POST /events`."""

    def __init__(
        self,
        answer: Callable[[dict[str, Any]], tuple[int, dict[str, str]]],
        *arguments: Any,  # noqa: ANN401 - its base's own
    ) -> None:
        self._answer = answer
        super().__init__(*arguments)

    def do_POST(self) -> None:
        """Answer what users have to do."""
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, events = self._answer(question)
        body = json.dumps(events).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep the terminal for the demo."""
