"""Runs one invocation of a durable attempt, which may be one of many."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_runtime.contract import Metric, State
from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.durable.attempt import Attempt
from cdk_streamer_runtime.durable.lease import DurableLease
from cdk_streamer_runtime.durable.question import Question
from cdk_streamer_runtime.durable.steps import Execution, Steps
from cdk_streamer_runtime.durable.store import DurableStore
from cdk_streamer_runtime.errors import (
    AwsError,
    Cancelled,
    LeaseLost,
    RequestChanged,
    RequestNotFound,
)
from cdk_streamer_runtime.progress.progress import Progress
from cdk_streamer_runtime.requests import news
from cdk_streamer_runtime.requests.failures import Failure, failure_of
from cdk_streamer_runtime.requests.queues import WorkMessage
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.store import RequestStore
from cdk_streamer_runtime.requests.transitions import Event
from cdk_streamer_runtime.requests.worker import StoppableCarrier, Worker

logger = logging.getLogger(__name__)


class DurableWorker(Worker):
    """Takes an attempt for its execution, runs the handler on, and stores how it ended.

    `work` is the watch queue: the next attempt is an execution of its own, which the watcher
    starts.
    """

    def resting_in(self, store: DurableStore) -> DurableWorker:
        """Take where claims and sleeps of executions are written."""
        self._durable = store
        return self

    def run(self, start: WorkMessage, execution: Execution, steps: Steps) -> None:
        """Run an invocation to the attempt's end, or until the handler waits.

        What the steps suspend by rises. Any other exception, an AwsError above all, means that
        this invocation has to be repeated.
        """
        clock = self._platform.clock
        try:
            request = self._durable.claim(start.key, start.attempt, execution, clock())
        except (RequestNotFound, RequestChanged, LeaseLost) as reason:
            about = {"execution": execution.name, "reason": str(reason)}
            logger.info("execution is not wanted", extra=about)
            return
        if request.attempt == 1 and not steps.is_replaying():
            self._metrics.milliseconds(Metric.QUEUE_AGE, clock() - request.created_at)
        self._go_on(request, steps)

    def _go_on(self, request: Request, steps: Steps) -> None:
        body = self._store.body(request.key)
        lease = DurableLease(
            request,
            store=self._store,
            posts=self._posts,
            length=self._lease,
            clock=self._platform.clock,
            metrics=self._metrics,
        )
        end = request.deadline_at
        with self._platform.pumping(lease, self._interval, end) as pump:
            asking = Asking(lease, self._store, self._durable, pump, self._platform.clock)
            attempt = Attempt(steps, pump, asking, self._platform.clock)
            last = None
            try:
                progress = Progress(attempt, attempt)
                outcome = self._execute(request, body, progress, end, attempt)
            except steps.suspension:
                if self._may_rest(lease, attempt, pump.stop()):
                    raise
                outcome = self._stopped(lease)
            finally:
                last = lease.floored(pump.stop())
        self._conclude(lease, outcome, last)

    def _may_rest(
        self, lease: DurableLease, attempt: Attempt, last: Mapping[str, Any] | None
    ) -> bool:
        """Write what a suspended handler leaves; False when nobody wants it to go on."""
        try:
            if attempt.wakes_at is not None:
                lease.rest(self._durable, attempt.wakes_at, last)
            elif last is not None:
                lease.write(last)
        except (Cancelled, LeaseLost):
            return False
        except AwsError as error:
            logger.warning("rest not written", extra={"code": error.code})
        return True

    def _stopped(self, lease: DurableLease) -> Failure | None:
        """Give the end of a handler that is not woken any more; None when it ended already."""
        if lease.request.state is not State.CANCELLING:
            return None
        wish = Cancelled(lease.request.cancel_reason or "the client cancelled the request")
        return failure_of(wish, lease.request, None, self._platform.uniform)

    def _enqueue(self, request: Request, delay: int) -> None:
        message = WorkMessage(
            key=request.key, attempt=request.attempt, trace=request.trace, follows=True
        )
        self._work.send(message, delay)


class Asking:
    """Tells subscribers of a question, and the table that it is settled."""

    def __init__(
        self,
        lease: DurableLease,
        store: RequestStore,
        durable: DurableStore,
        pump: StoppableCarrier,
        clock: Callable[[], int],
    ) -> None:
        """Take the attempt and where it is stored."""
        self._lease = lease
        self._store = store
        self._durable = durable
        self._pump = pump
        self._clock = clock

    @property
    def request(self) -> Request:
        """The request as it was last seen."""
        return self._lease.request

    def announce(self, question: Question) -> None:
        """Store and push a question, after what was reported before it."""
        last = self._lease.floored(self._pump.stop())
        changes = {"input": encode(question.stored)}
        if last is not None:
            last = {**last, "attempt": self.request.attempt}
            changes["progress"] = encode(last)
        now = self._clock()
        request = self._lease.request = self._asked(now, changes, 1 if last is None else 2)
        if last is not None:
            self._lease.tell(news.progress(request, last, request.seq - 1, now))
        self._lease.tell(news.input_required(request, now))

    def _asked(self, now: int, changes: Mapping[str, Any], messages: int) -> Request:
        held, gone = self.request, self._lease.gone
        while True:
            try:
                return self._store.transition(
                    held, Event.ASK, now, messages=messages, changes=changes, gone=gone, exact=True
                )
            except RequestChanged as changed:
                request = changed.request
                if (request.state, request.attempt) != (State.RUNNING, held.attempt):
                    raise self._interruption(request) from None
                held = request  # a report that was given up has landed after all

    def settle(self, question: Question, *, in_vain: bool) -> None:
        """Go on after an answer, or without one; nothing to do for one that is long settled."""
        held = self._lease.request
        if held.state is State.INPUT_REQUIRED and question.is_known_to(held):
            try:
                self._lease.request = self._store.transition(
                    held, Event.RESUME, self._clock(), messages=0, exact=True
                )
                return
            except RequestChanged as changed:
                if changed.request.attempt != held.attempt or changed.request.is_terminal:
                    raise self._interruption(changed.request) from None
                held = self._lease.request = changed.request
        if (held.answer or {}).get("input_id") == question.input_id:
            self._lease.request = self._durable.heard(held, in_vain=in_vain)

    def _interruption(self, request: Request) -> Cancelled | LeaseLost:
        if request.state is State.CANCELLING and request.attempt == self.request.attempt:
            self._lease.request = request
            return Cancelled(request.cancel_reason or "the client cancelled the request")
        return LeaseLost(f"attempt {self.request.attempt} is no longer this execution's")
