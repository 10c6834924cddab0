"""Tells the command what happens between a stream and its function, as workers tell theirs."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time

# Values of ReportKind, which is not there in the engine's process.
POLLER = "poller"
CHAOS = "chaos"
EXPOSED = "exposed"


class Teller:
    """The command's end of its socket; without a command everything is dropped."""

    def __init__(self, path: str | None) -> None:
        """Take the socket's path; it is opened by the first word."""
        self._path = path
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def tell(self, kind: str, function: str, text: str = "", *, request: str | None = None) -> None:
        """Tell one thing about a function, or about one invocation of it."""
        report = {
            "kind": kind,
            "function": function,
            "pid": os.getpid(),
            "time": time.time(),
            "request": request,
            "text": text,
        }
        with self._lock, contextlib.suppress(OSError):
            if self._socket is None and self._path:
                self._socket = socket.socket(socket.AF_UNIX)
                self._socket.connect(self._path)
            if self._socket is not None:
                self._socket.sendall(json.dumps(report).encode() + b"\n")
