"""Kills and freezes workers in the middle of what they do, as a seed says."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from cdk_streamer_local.functions.reports import Report, ReportKind
from cdk_streamer_local.pollers.chaos import Chaos, Harm, Trouble

Tell = Callable[[str, str], None]


class Harmer:
    """Harms workers of functions that are invoked again: those that read a queue or a stream.

    `tell` gets the function's name and what is done to it.
    """

    def __init__(self, chaos: Chaos, tell: Tell) -> None:
        self._chaos = chaos
        self._tell = tell
        self._timeouts: Mapping[str, float] = {}
        self._numbers: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)
        self._requests: dict[int, str | None] = {}  # what each worker is at

    def watch(self, timeouts: Mapping[str, float]) -> None:
        """Harm workers of these functions, which have these timeouts in seconds."""
        self._timeouts = timeouts

    def receive(self, report: Report) -> None:
        """Take note of what a worker is at, and see what is in store for it."""
        if report.kind is ReportKind.START and report.function in self._timeouts:
            self._requests[report.pid] = report.request
            number = next(self._numbers[report.function])
            harm = self._chaos.harm(report.function, number, self._timeouts[report.function])
            if harm is not None:
                _later(harm.after, lambda: self._strike(report, harm))
        elif report.kind in {ReportKind.END, ReportKind.GONE}:
            self._requests.pop(report.pid, None)

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
