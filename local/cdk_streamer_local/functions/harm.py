"""Kills and freezes workers in the middle of what they do, as a seed says."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from cdk_streamer_local.functions.reports import Report, ReportKind
from cdk_streamer_local.pollers.chaos import Chaos, Harm, Trouble

Tell = Callable[[str, str], None]


class Harmer:
    """Harms workers in invocations that are made again when they fail, and in no others.

    Which these are, the engine tells. `tell` gets the function's name and what is done to it.
    """

    def __init__(self, chaos: Chaos, tell: Tell) -> None:
        self._chaos = chaos
        self._tell = tell
        self._timeouts: Mapping[str, float] = {}
        self._numbers: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)
        self._requests: dict[int, str | None] = {}  # what each worker is at
        self._exposed: dict[str | None, Harm] = {}  # what is in store for invocations to come

    def watch(self, timeouts: Mapping[str, float]) -> None:
        """Harm workers of these functions, which have these timeouts in seconds."""
        self._timeouts = timeouts

    def receive(self, report: Report) -> None:
        """Take note of what a worker is at, and see what is in store for it."""
        if report.function not in self._timeouts:
            return
        if report.kind is ReportKind.EXPOSED:
            self._expose(report)
        elif report.kind is ReportKind.START:
            self._requests[report.pid] = report.request
            self._harm(report.pid, report)
        elif report.kind in {ReportKind.END, ReportKind.GONE}:
            self._requests.pop(report.pid, None)

    def _expose(self, report: Report) -> None:
        number = next(self._numbers[report.function])
        timeout = self._timeouts[report.function]
        harm = self._chaos.harm(report.function, number, timeout)
        if harm is None:
            return
        self._exposed[report.request] = harm
        # The worker tells on a line of its own, which may be faster.
        for pid, request in list(self._requests.items()):
            if request == report.request:
                self._harm(pid, report)

    def _harm(self, pid: int, report: Report) -> None:
        harm = self._exposed.pop(report.request, None)
        if harm is not None:
            _later(harm.after, lambda: self._strike(replace(report, pid=pid), harm))

    def _strike(self, report: Report, harm: Harm) -> None:
        if self._requests.get(report.pid) != report.request:
            return  # it was done before
        with contextlib.suppress(ProcessLookupError):
            if harm.trouble is Trouble.CRASH:
                os.kill(report.pid, signal.SIGKILL)
                self._tell(report.function, f"crash: worker {report.pid} was killed")
                return
            os.kill(report.pid, signal.SIGSTOP)
            text = f"freeze: worker {report.pid} stands still for {harm.seconds:.1f} s"
            self._tell(report.function, text)
            _later(harm.seconds, lambda: _wake(report.pid))


def _wake(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def _later(seconds: float, act: Callable[[], None]) -> None:
    if not seconds:
        act()
        return
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()
