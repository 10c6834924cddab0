"""Puts a durable request back on its way: Lambda knows how its execution is, so no lease tells."""

from __future__ import annotations

from collections.abc import Callable

from cdk_streamer_runtime.contract import ErrorCode, State
from cdk_streamer_runtime.durable.answers import Answers
from cdk_streamer_runtime.durable.executions import Executions, Status
from cdk_streamer_runtime.durable.steps import Execution, execution_name
from cdk_streamer_runtime.durable.store import DurableStore
from cdk_streamer_runtime.errors import Conflict
from cdk_streamer_runtime.requests.endings import Endings
from cdk_streamer_runtime.requests.queues import Queue
from cdk_streamer_runtime.requests.repair import (
    GRACE,
    LONGEST_LOOK,
    LOST_AFTER,
    OVERTIME,
    Repair,
)
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.store import RequestStore
from cdk_streamer_runtime.requests.transitions import Event

LONGEST_SLEEP = 12 * 3_600_000  # of a request whose handler sleeps; no message hides longer


class DurableRepair(Repair):
    """Decides what a request needs whose attempts are durable executions."""

    def __init__(
        self,
        *,
        store: RequestStore,
        durable: DurableStore,
        executions: Executions,
        work: Queue,
        endings: Endings,
        clock: Callable[[], int],
        lease: int,
    ) -> None:
        """Take where requests and executions are; `lease` is how soon the first look follows."""
        super().__init__(store=store, work=work, endings=endings, clock=clock, lease=lease)
        self._durable = durable
        self._executions = executions
        self._answers = Answers(store=store, executions=executions, clock=clock)

    def look(self, request: Request) -> int | None:
        """Do what is needed; an execution that nobody waits for any more is ended too."""
        unwanted = request.state in {State.CANCELLED, State.FAILED, State.EXPIRED}
        if unwanted and request.execution is not None:
            self._executions.stop(request.execution)
        return super().look(request)

    def _send(self, request: Request) -> None:
        """Start the attempt that is due; one that was started stays as it is."""
        self._executions.start(request.key, request.attempt)

    def _send_again(self, request: Request, age: int) -> int:
        self._send(request)
        if age >= LOST_AFTER and self._take_over(request):
            return GRACE
        return min(max(age, self._lease), LONGEST_LOOK)

    def _take_over(self, request: Request) -> bool:
        """Claim an attempt for its execution that ended before it could: the next look sees it."""
        found = self._executions.find(request.key, request.attempt)
        if found is None or found[1] is Status.RUNNING:
            return False
        execution = Execution(name=execution_name(request.key, request.attempt), arn=found[0])
        self._durable.claim(request.key, request.attempt, execution, self._clock())
        return True

    def _first(self, request: Request, now: int) -> int | None:
        """Start what was not started yet; Lambda's own queue is as patient as it takes."""
        if now >= request.expires_at:
            return self._end(request, Event.EXPIRE, "the request was not started in time")
        pause = self._send_again(request, now - request.created_at)
        return min(pause, request.expires_at - now) + GRACE

    def _next(self, request: Request, now: int) -> int | None:
        """Start the attempt that is due as soon as it is: nobody else does."""
        overdue = now - request.retry_at
        if overdue < 0:
            return -overdue
        if overdue < GRACE:
            self._send(request)
        return self._waiting(request, now)

    def _going_on(self, request: Request, now: int) -> int | None:
        if now >= request.deadline_at + OVERTIME and request.state is not State.CANCELLING:
            return self._end(request, Event.FAIL, "the request took too long")
        arn = request.execution
        status = Status.GONE if arn is None else self._executions.status(arn)
        if status is not Status.RUNNING:
            return self._ended(request, now, status)
        if request.state is State.CANCELLING:
            return self._stopping(request, now)
        self._pass_on(request)
        return self._next_look(request, now)

    def _ended(self, request: Request, now: int, status: Status) -> int | None:
        # Between the answer and now it may have stored its end after all.
        fresh = self._store.read(request.key, now)
        if fresh is None:
            return None
        if fresh.is_terminal:
            return self._endings.owed(fresh)
        if (fresh.state, fresh.attempt) != (request.state, request.attempt):
            return GRACE
        # An execution begins before its claim, so its own time may be over a little earlier.
        return self._lost(
            request, now, seen=request.deadline_at if status is Status.TIMED_OUT else now
        )

    def _stopping(self, request: Request, now: int) -> int | None:
        """Wait for a handler that was asked to stop, but not as long as it may sleep."""
        left = request.stopping_at + LOST_AFTER - now
        return left + GRACE if left > 0 else self._end(request, Event.STOP, "")

    def _pass_on(self, request: Request) -> None:
        try:
            self._answers.pass_on(request)
        except Conflict:
            return  # too late: the handler goes on with its timeout

    def _next_look(self, request: Request, now: int) -> int:
        longest, age = LONGEST_LOOK, now - (request.deadline_at - request.timeout)
        if request.asleep_until > now:
            longest = min(LONGEST_SLEEP, request.asleep_until - now + self._lease)
            age = longest
        pause = min(max(age, self._lease), longest)
        return min(pause, max(request.deadline_at + OVERTIME - now, GRACE)) + GRACE

    def _end(
        self, request: Request, event: Event, reason: str, code: ErrorCode = ErrorCode.TIMEOUT
    ) -> int | None:
        look_again = super()._end(request, event, reason, code)
        if request.execution is not None:
            self._executions.stop(request.execution)
        return look_again

    _steps = {  # noqa: RUF012 - a table, never changed
        State.QUEUED: _first,
        State.RETRY_WAIT: _next,
        State.RUNNING: _going_on,
        State.INPUT_REQUIRED: _going_on,
        State.CANCELLING: _going_on,
    }
