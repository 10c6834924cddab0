"""One background loop that writes progress and keeps the lease while a handler works."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

from cdk_streamer_runtime.errors import AwsError, DeadlineExceeded, Interrupted, LeaseLost
from cdk_streamer_runtime.progress.coalescer import Coalescer

logger = logging.getLogger(__name__)

PAUSE_AFTER_FAILURE = 1_000
LAST_TRIES = 3  # of what is left when the handler has ended
LONGEST_WAIT = 60_000
CHUNKS_AT_ONCE = 25
CHUNKS_WAITING = 2 * CHUNKS_AT_ONCE  # so that some can gather while others leave


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

    def put(self, chunks: Sequence[str]) -> bool:
        """Store and send the JSON texts of chunks, all of them; like `write` in all else."""
        ...

    def keep_at(self) -> int | None:
        """Tell when to write next even if nothing is reported."""
        ...


@dataclass(frozen=True, slots=True)
class _Job:
    report: Mapping[str, Any] | None
    chunks: tuple[str, ...] = ()


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
        self._chunks: list[str] = []  # those that are being written are the first
        self._chunks_at = 0
        self._last_tries = LAST_TRIES
        self._failure: Exception | None = None

    def offer(self, report: Mapping[str, Any]) -> None:
        """Take a report without waiting for anything; raises Interrupted like `check`."""
        self.check()
        with self._monitor:
            self._coalescer.offer(report)
            self._monitor.notify_all()

    def put(self, chunk: str) -> None:
        """Take a chunk, after those before it made room; raises Interrupted like `check`."""
        with self._monitor:
            self._admit()
            while len(self._chunks) >= CHUNKS_WAITING:
                self._monitor.wait(self._look_again())
                self._admit()
            self._chunks.append(chunk)
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
        """Let all chunks leave, end the loop, and give the report that still waits.

        Raises what kept chunks from being stored, for without them the work is not done.
        """
        with self._monitor:
            self._stopping = True
            self._monitor.notify_all()
            while self._busy or self._chunks:
                self._monitor.wait()
            failure, self._failure = self._failure, None
            if failure is not None:
                raise failure
            return self._coalescer.take(self._clock())

    def _next_job(self) -> _Job | None:
        with self._monitor:
            while not self._stopping or self._chunks:
                now = self._clock()
                due = self._due_at()
                if due is not None and due <= now:
                    self._busy = True
                    return self._job(now)
                self._monitor.wait(None if due is None else (due - now) / 1000)
            return None

    def _due_at(self) -> int | None:
        if isinstance(self._interruption, LeaseLost):
            return None
        moments = [self._chunks_due_at()]
        if not self._stopping:
            moments += [self._coalescer.due_at(), self._sink.keep_at()]
        known = [at for at in moments if at is not None]
        return max(min(known), self._resume_at) if known else None

    def _chunks_due_at(self) -> int | None:
        if not self._chunks:
            return None
        return 0 if self._stopping else self._chunks_at

    def _job(self, now: int) -> _Job:
        due = self._chunks_due_at()
        if due is None or due > now:
            return _Job(self._report(now))
        self._chunks_at = now + self._coalescer.pace
        return _Job(None, tuple(self._chunks[:CHUNKS_AT_ONCE]))

    def _look_again(self) -> float | None:
        """Tell in how many seconds a deadline may have passed, of which no bell tells."""
        if self._deadline is None:
            return None
        return min(max(self._deadline - self._clock(), 1), LONGEST_WAIT) / 1000

    def _admit(self) -> None:
        self.check()
        if self._stopping:
            raise RuntimeError("the handler has ended, so that no chunk can follow")

    def _report(self, now: int) -> Mapping[str, Any] | None:
        due = self._coalescer.due_at()
        return self._coalescer.take(now) if due is not None and due <= now else None

    def _do(self, job: _Job) -> None:
        busy = False
        failure = None
        interruption = None
        try:
            busy = self._sink.put(job.chunks) if job.chunks else self._sink.write(job.report)
        except Interrupted as reason:
            interruption = reason
        except AwsError as error:
            failure = error
            logger.warning("progress not written", extra={"code": error.code})
        except Exception as error:  # a dead loop would lose the lease, and its worker would wait
            failure = error
            logger.exception("progress not written")
        self._done(job, busy=busy, failure=failure, interruption=interruption)

    def _done(
        self,
        job: _Job,
        *,
        busy: bool,
        failure: Exception | None,
        interruption: Interrupted | None,
    ) -> None:
        with self._monitor:
            self._busy = False
            self._interruption = interruption or self._interruption
            if failure is not None:
                self._failed(job, failure)
            else:
                del self._chunks[: len(job.chunks)]
                self._keep_pace(job, busy=busy)
            if isinstance(self._interruption, LeaseLost):
                self._chunks.clear()  # nobody would ever count them
            self._monitor.notify_all()

    def _failed(self, job: _Job, failure: Exception) -> None:
        self._resume_at = self._clock() + PAUSE_AFTER_FAILURE
        if job.report is not None and self._coalescer.due_at() is None:
            self._coalescer.offer(job.report)
        if self._stopping and self._chunks:
            self._last_tries -= 1
            if not self._last_tries:
                self._failure = failure
                self._chunks.clear()

    def _keep_pace(self, job: _Job, *, busy: bool) -> None:
        if busy:
            self._coalescer.slow_down()
        elif job.report is not None or job.chunks:
            self._coalescer.speed_up()
