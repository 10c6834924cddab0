"""Puts a request back on its way after a crash, wherever the crash was."""

from __future__ import annotations

import logging
from collections.abc import Callable

from cdk_streamer_runtime.contract import ErrorCode, Metric, State
from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.errors import RequestChanged
from cdk_streamer_runtime.requests.endings import Endings
from cdk_streamer_runtime.requests.queues import Queue, WorkMessage
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.store import RequestStore
from cdk_streamer_runtime.requests.transitions import Event
from cdk_streamer_runtime.sockets import messages

logger = logging.getLogger(__name__)

GRACE = 5_000  # clocks of two functions differ a little
OVERTIME = 30_000  # a worker stops itself at the deadline; this long later it is stopped
LOST_AFTER = 300_000  # a queue may be long, but a message that old may also be lost
LONGEST_LOOK = 900_000


class Repair:
    """Decides what a request needs that nobody may be working on. Times are milliseconds."""

    def __init__(
        self,
        *,
        store: RequestStore,
        work: Queue,
        endings: Endings,
        clock: Callable[[], int],
        lease: int,
    ) -> None:
        """Take where requests are, where work is queued, and how their end is told."""
        self._store = store
        self._work = work
        self._endings = endings
        self._clock = clock
        self._lease = lease

    def look(self, request: Request) -> int | None:
        """Do what is needed and tell in how many milliseconds to look again; None: never."""
        if request.is_terminal:
            return self._endings.owed(request)
        try:
            return self._steps[request.state](self, request, self._clock())
        except RequestChanged as changed:
            return self.look(changed.request)

    def _queued(self, request: Request, now: int) -> int | None:
        if now >= request.expires_at:
            return self._end(request, Event.EXPIRE, "the request was not started in time")
        age = now - request.created_at
        if age < LOST_AFTER:
            # Often, for a worker may take it at any moment, and die.
            return min(self._lease, LOST_AFTER - age, request.expires_at - now) + GRACE
        pause = self._send_again(request, age)
        return min(pause, request.expires_at - now + GRACE)

    def _waiting(self, request: Request, now: int) -> int | None:
        overdue = now - request.retry_at
        # Workers that cannot start at all must not keep a request for ever.
        patience = request.expires_at - request.created_at
        if overdue >= patience:
            return self._end(request, Event.EXPIRE, "the next attempt was not started in time")
        if overdue < GRACE:
            return GRACE - overdue
        return min(self._send_again(request, overdue), patience - overdue + GRACE)

    def _running(self, request: Request, now: int) -> int | None:
        # Time for one heartbeat after the deadline, which tells overtime from a crash.
        overtime = request.deadline_at + max(OVERTIME, self._lease // 3 + GRACE)
        if request.lease_until + GRACE > now and overtime > now:
            return min(request.lease_until + GRACE, overtime) - now
        return self._lost(request, now, seen=request.lease_until - self._lease)

    def _lost(self, request: Request, now: int, *, seen: int) -> int | None:
        """End or repeat an attempt that nobody works on; its worker was last seen at `seen`."""
        self._endings.count(Metric.LEASES_LOST)
        logger.warning(
            "lease lost",
            extra={"request": request.request_id, "attempt": request.attempt},
        )
        if request.state is State.CANCELLING:
            return self._end(request, Event.STOP, "")
        if seen >= request.deadline_at:
            return self._end(request, Event.FAIL, "the request took too long")
        if request.attempt >= request.max_attempts:
            text = f"the worker stopped in each of {request.attempt} attempts"
            return self._end(request, Event.FAIL, text, ErrorCode.PROCESSING_FAILED)
        return self._start_over(request, now)

    _steps = {  # noqa: RUF012 - a table, never changed
        State.QUEUED: _queued,
        State.RETRY_WAIT: _waiting,
        State.RUNNING: _running,
        State.CANCELLING: _running,
        State.INPUT_REQUIRED: _running,
    }

    def _start_over(self, request: Request, now: int) -> int:
        changes = {"attempt": request.attempt + 1, "retry_at": now}
        request = self._store.transition(request, Event.RETRY, now, changes=changes)
        self._send(request)
        self._endings.retrying(request)
        return GRACE

    def _send_again(self, request: Request, age: int) -> int:
        """Send the attempt that is due once more; a duplicate finds its attempt taken."""
        self._send(request)
        # Twice as rare each time, without a counter: the wait is as long as it has been.
        return min(max(age, self._lease), LONGEST_LOOK)

    def _send(self, request: Request) -> None:
        self._work.send(WorkMessage(key=request.key, attempt=request.attempt, trace=request.trace))

    def _end(
        self, request: Request, event: Event, reason: str, code: ErrorCode = ErrorCode.TIMEOUT
    ) -> int | None:
        fault = messages.fault(code, reason, retryable=True, trace=request.trace)
        changes = {} if event is Event.STOP else {"error": encode(fault)}
        ended = self._store.transition(request, event, self._clock(), changes=changes)
        self._endings.ended(ended)
        return self._endings.owed(ended)
