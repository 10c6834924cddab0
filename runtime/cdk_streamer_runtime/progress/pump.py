"""One background loop that writes progress and keeps the lease while a handler works."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

from cdk_streamer_runtime.errors import AwsError, DeadlineExceeded, Interrupted, LeaseLost
from cdk_streamer_runtime.progress.coalescer import Coalescer

logger = logging.getLogger(__name__)

PAUSE_AFTER_FAILURE = 1_000


class Monitor(Protocol):
    """What `threading.Condition` offers; the simulator has its own."""

    def __enter__(self) -> object: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> object: ...
    def wait(self, timeout: float | None = None) -> object:
        """Sleep until notified, or for `timeout` seconds."""
        ...

    def notify_all(self) -> None:
        """Wake everybody who waits."""
        ...


class Sink(Protocol):
    """Where reports go."""

    def write(self, report: Mapping[str, Any] | None) -> bool:
        """Store and send one report, or only keep the lease; True asks for a slower pace.

        Raises Interrupted when the handler's result is no longer wanted.
        """
        ...

    def keep_at(self) -> int | None:
        """Tell when to write next even if nothing is reported."""
        ...


@dataclass(frozen=True, slots=True)
class _Job:
    report: Mapping[str, Any] | None


class Pump:
    """Takes reports from the handler at any rate and hands them to a sink at its own."""

    def __init__(
        self,
        sink: Sink,
        coalescer: Coalescer,
        clock: Callable[[], int],
        monitor: Monitor,
        deadline: int | None = None,
    ) -> None:
        """Take where reports go, which of them, the time, the lock with its bell, and the end."""
        self._sink = sink
        self._coalescer = coalescer
        self._clock = clock
        self._monitor = monitor
        self._deadline = deadline
        self._busy = False
        self._stopping = False
        self._resume_at = 0
        self._interruption: Interrupted | None = None

    def offer(self, report: Mapping[str, Any]) -> None:
        """Take a report without waiting for anything; raises Interrupted like `check`."""
        self.check()
        with self._monitor:
            self._coalescer.offer(report)
            self._monitor.notify_all()

    def check(self) -> None:
        """Raise the Interrupted that tells the handler to stop, if there is one."""
        if self._interruption is not None:
            raise self._interruption
        if self._deadline is not None and self._clock() >= self._deadline:
            raise DeadlineExceeded("the action's time is up")

    def run(self) -> None:
        """Write until stopped; runs beside the handler."""
        while (job := self._next_job()) is not None:
            self._do(job)

    def stop(self) -> Mapping[str, Any] | None:
        """Wait for the write in flight, end the loop, and give the report that still waits."""
        with self._monitor:
            self._stopping = True
            self._monitor.notify_all()
            while self._busy:
                self._monitor.wait()
            return self._coalescer.take(self._clock())

    def _next_job(self) -> _Job | None:
        with self._monitor:
            while not self._stopping:
                now = self._clock()
                due = self._due_at()
                if due is not None and due <= now:
                    self._busy = True
                    return _Job(self._report(now))
                self._monitor.wait(None if due is None else (due - now) / 1000)
            return None

    def _due_at(self) -> int | None:
        if isinstance(self._interruption, LeaseLost):
            return None
        moments = [at for at in (self._coalescer.due_at(), self._sink.keep_at()) if at is not None]
        return max(min(moments), self._resume_at) if moments else None

    def _report(self, now: int) -> Mapping[str, Any] | None:
        due = self._coalescer.due_at()
        return self._coalescer.take(now) if due is not None and due <= now else None

    def _do(self, job: _Job) -> None:
        busy = False
        failed = False
        interruption = None
        try:
            busy = self._sink.write(job.report)
        except Interrupted as reason:
            interruption = reason
        except AwsError as error:
            failed = True
            logger.warning("progress not written", extra={"code": error.code})
        except Exception:  # a dead loop would lose the lease, and the worker would wait for it
            failed = True
            logger.exception("progress not written")
        self._done(job, busy=busy, failed=failed, interruption=interruption)

    def _done(
        self, job: _Job, *, busy: bool, failed: bool, interruption: Interrupted | None
    ) -> None:
        with self._monitor:
            self._busy = False
            self._interruption = interruption or self._interruption
            if failed:
                self._resume_at = self._clock() + PAUSE_AFTER_FAILURE
                if job.report is not None and self._coalescer.due_at() is None:
                    self._coalescer.offer(job.report)
            elif busy:
                self._coalescer.slow_down()
            elif job.report is not None:
                self._coalescer.speed_up()
            self._monitor.notify_all()
