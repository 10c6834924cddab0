"""The processes in which functions run, and ways to hurt them, for tests of crashes."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections import defaultdict

from cdk_streamer_local.functions.reports import Report, ReportKind


class Workers:
    """The living workers of every function, as far as they told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pids: defaultdict[str, set[int]] = defaultdict(set)

    def receive(self, report: Report) -> None:
        """Take note of a worker that began or ended."""
        with self._lock:
            if report.kind is ReportKind.WORKER:
                self._pids[report.function].add(report.pid)
            elif report.kind is ReportKind.GONE:
                self._pids[report.function].discard(report.pid)

    def of(self, function: str) -> frozenset[int]:
        """Give the process ids of a function's workers."""
        with self._lock:
            return frozenset(self._pids[function])

    def signal(self, function: str, what: signal.Signals) -> frozenset[int]:
        """Send a signal to every worker of a function; gives whom it reached."""
        reached = set[int]()
        for pid in self.of(function):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, what)
                reached.add(pid)
        return frozenset(reached)
