"""What functions say while they run: their workers' bootstrap sends it line by line."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, cast


class ReportKind(StrEnum):
    """What a worker tells of."""

    WORKER = "worker"  # it lives
    UNLOADABLE = "unloadable"  # it cannot import the handler
    START = "start"  # an invocation begins
    LINE = "line"  # something was printed or logged
    FAILED = "failed"  # the handler raised
    END = "end"  # the invocation is over
    GONE = "gone"  # the worker ended; told by nobody, seen by us
    POLLER = "poller"  # what becomes of a function's stream; told by its poller
    CHAOS = "chaos"  # the bad luck that a delivery has, on purpose; told by a poller
    EXPOSED = "exposed"  # an invocation comes that is made again if it fails; told by the engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One thing that one worker tells. `text` is a line or a traceback."""

    kind: ReportKind
    function: str
    pid: int
    time: float
    request: str | None = None
    text: str = ""
    seconds: float = 0.0

    @classmethod
    def decode(cls, line: bytes) -> Report:
        """Read what the bootstrap wrote."""
        members = cast("dict[str, Any]", json.loads(line))
        members["kind"] = ReportKind(members["kind"])
        return cls(**members)


class Reports:
    """Listens to every worker. `receive` is called on the workers' threads, one call at a time."""

    def __init__(self, path: Path, receive: Callable[[Report], None]) -> None:
        lock = threading.Lock()

        class Listener(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                last: Report | None = None
                for line in self.rfile:
                    last = Report.decode(line)
                    with lock:
                        receive(last)
                if last is not None:
                    with lock:
                        receive(_gone(last))

        self._server = _Server(str(path), Listener)
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="reports", daemon=True
        ).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False  # a worker that still lives keeps its connection


def _gone(last: Report) -> Report:
    # The request is the one that it was at, None if it was idle.
    return Report(
        kind=ReportKind.GONE,
        function=last.function,
        pid=last.pid,
        time=time.time(),
        request=None if last.kind is ReportKind.END else last.request,
    )
