"""Runs one attempt of an async request, from its message to its end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from cdk_streamer_runtime.contract import Executor, Metric, State
from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.durable.course import Course, Direct
from cdk_streamer_runtime.errors import (
    LeaseLost,
    RequestChanged,
    RequestNotFound,
)
from cdk_streamer_runtime.progress.progress import Carrier, Progress
from cdk_streamer_runtime.progress.pump import Sink
from cdk_streamer_runtime.requests import news
from cdk_streamer_runtime.requests.actions import Call, RequestContext
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.requests.endings import Endings
from cdk_streamer_runtime.requests.failures import Failure, failure_of
from cdk_streamer_runtime.requests.items import Body
from cdk_streamer_runtime.requests.lease import Lease
from cdk_streamer_runtime.requests.queues import Queue, WorkMessage
from cdk_streamer_runtime.requests.repair import GRACE, LOST_AFTER, Repair
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.results import Results, Success, kept, most_bytes, result_text
from cdk_streamer_runtime.requests.store import RequestStore
from cdk_streamer_runtime.requests.transitions import Event, next_state
from cdk_streamer_runtime.requests.uploads import Uploads
from cdk_streamer_runtime.sockets.posts import Counter, Posts

R = TypeVar("R")

logger = logging.getLogger(__name__)

CLOSING_TIME = 3_000  # kept back of the function's own time, to store and tell how it ended


class StoppableCarrier(Carrier, Protocol):
    """A carrier that can be asked to come to an end."""

    def stop(self) -> Mapping[str, Any] | None:
        """Finish the write in flight, begin no other, and give the report that still waits."""
        ...


class Platform(Protocol):
    """What the worker needs of the machine; the simulator has its own."""

    def clock(self) -> int:
        """Give the time."""
        ...

    def new_id(self) -> str:
        """Give a text that was never given before."""
        ...

    def uniform(self) -> float:
        """Give a random number between 0 and 1."""
        ...

    def sleep(self, milliseconds: int) -> None:
        """Wait."""
        ...

    def pumping(
        self, sink: Sink, interval: int, deadline: int
    ) -> AbstractContextManager[StoppableCarrier]:
        """Carry reports to `sink` while the block runs, one an `interval` at the most."""
        ...

    def each(self, act: Callable[[str], R], names: Iterable[str], /) -> Iterable[R]:
        """Do the same for several names, at once if that helps."""
        ...

    def several(self, act: Callable[[int], R], count: int, at_once: int, /) -> list[R]:
        """Do the same for each number below `count`, some of them beside each other."""
        ...

    def alarm(self, milliseconds: int) -> AbstractContextManager[object]:
        """Raise DeadlineExceeded in the block when it takes longer, where that can be done."""
        ...


class Worker:
    """Claims the attempt that a message names, runs its handler, and stores how it ended."""

    def __init__(
        self,
        app: AsyncApp,
        *,
        store: RequestStore,
        posts: Posts,
        endings: Endings,
        work: Queue,
        metrics: Counter,
        platform: Platform,
        lease: int,
        interval: int,
        watch: Queue | None = None,
        results: Results | None = None,
        uploads: Uploads | None = None,
    ) -> None:
        """Take the app and the world; `lease` and the progress `interval` are milliseconds.

        Without a bucket for `results` and `uploads` results are small, and nothing is uploaded.
        """
        self._results = results
        self._uploads = uploads
        self._app = app
        self._store = store
        self._posts = posts
        self._work = work
        self._endings = endings
        self._metrics = metrics
        self._platform = platform
        self._lease = lease
        self._interval = interval
        self._watch = watch
        self._repair = Repair(
            store=store, work=work, endings=endings, clock=platform.clock, lease=lease
        )

    def handle(self, message: WorkMessage, remaining: Callable[[], int]) -> bool:
        """Run the attempt; False leaves the message in the queue, for it may be needed again.

        `remaining` tells how many milliseconds the function itself has left.
        """
        platform = self._platform
        try:
            request = self._store.claim(
                message.key, message.attempt, platform.new_id(), platform.clock(), self._lease
            )
        except RequestNotFound:
            logger.warning("request is gone", extra={"key": message.key})
            return True
        except RequestChanged as changed:
            return self._refused(message, changed.request)
        if request.attempt == 1:
            self._metrics.milliseconds(Metric.QUEUE_AGE, platform.clock() - request.created_at)
        self._announce_late(request)
        self._run(request, remaining)
        return True

    def _announce_late(self, request: Request) -> None:
        """Let a late attempt be watched: what waits for long is looked at ever less often."""
        due = request.retry_at or request.created_at
        if self._watch is not None and self._platform.clock() - due >= LOST_AFTER:
            message = WorkMessage(
                key=request.key, attempt=request.attempt, trace=request.trace, follows=True
            )
            self._watch.send(message, self._lease + GRACE)

    def _refused(self, message: WorkMessage, request: Request) -> bool:
        """Tell whether a message whose attempt cannot be claimed has done its duty."""
        if request.is_terminal or message.attempt < request.attempt:
            return True
        if request.executor is Executor.DURABLE:
            return True  # the watcher starts it where it belongs
        if request.is_leased(self._platform.clock()):
            return False
        self._repair.look(request)
        return True

    def _run(self, request: Request, remaining: Callable[[], int]) -> None:
        platform = self._platform
        # Before anything runs, so that a table out of reach counts as a crash, not as a failure.
        body = self._store.body(request.key)
        end = min(request.deadline_at, platform.clock() + remaining() - CLOSING_TIME)
        lease = Lease(
            request,
            store=self._store,
            posts=self._posts,
            length=self._lease,
            clock=platform.clock,
            metrics=self._metrics,
        )
        with platform.pumping(lease, self._interval, end) as pump:
            try:
                course = Direct.on(platform, pump.check)
                outcome = self._execute(request, body, Progress(pump), end, course)
            finally:
                last = pump.stop()
        self._conclude(lease, outcome, last)

    def _execute(
        self, request: Request, body: Body, progress: Progress, end: int, course: Course
    ) -> Success | Failure | None:
        """Run the handler; None when the attempt is somebody else's."""
        retry = None
        try:
            action = self._app.find(request.action)
            retry = action.retry
            context = _context(request, body.metadata, end, course, self._uploads)
            call = Call(action=action, payload=body.payload, context=context, progress=progress)
            with self._platform.alarm(end - self._platform.clock()):
                result = self._app.execute(call)
            most = most_bytes(self._results, beside_chunks=progress.has_chunks)
            success = Success(result=result_text(result, most=most))
        except LeaseLost:
            return None
        except course.beyond:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a handler raises ends its attempt
            return failure_of(error, request, retry, self._platform.uniform)
        # While the lease is kept. A bucket out of reach counts as a crash, as a table does.
        return kept(success, request, self._results, beside_chunks=progress.has_chunks)

    def _conclude(
        self, lease: Lease, outcome: Success | Failure | None, last: Mapping[str, Any] | None
    ) -> None:
        if outcome is None:
            self._metrics.count(Metric.LEASES_LOST)
            return
        try:
            request = self._store_outcome(lease, outcome, last)
        except RequestChanged as changed:
            if changed.request.attempt != lease.request.attempt or changed.request.is_terminal:
                self._metrics.count(Metric.LEASES_LOST)
                logger.warning("result refused", extra={"request": lease.request.request_id})
                return
            lease.request = changed.request  # the client's wish to cancel came in between
            request = self._store_outcome(lease, outcome, last)
        self._tell(lease, request, last)

    def _store_outcome(
        self, lease: Lease, outcome: Success | Failure, last: Mapping[str, Any] | None
    ) -> Request:
        now = self._platform.clock()
        held = lease.request
        event = outcome.event if isinstance(outcome, Failure) else Event.SUCCEED
        changes = _changes(outcome, next_state(held.state, event), held, now)
        if last is not None:
            changes["progress"] = encode({**last, "attempt": held.attempt})
        return self._store.transition(
            held,
            event,
            now,
            messages=1 if last is None else 2,
            changes=changes,
            gone=lease.gone,
        )

    def _tell(self, lease: Lease, request: Request, last: Mapping[str, Any] | None) -> None:
        if request.state is State.RETRY_WAIT:
            self._enqueue(request, request.retry_at - self._platform.clock())
        if last is not None:
            report = {**last, "attempt": lease.request.attempt}
            lease.request = request
            lease.tell(news.progress(request, report, request.seq - 1, self._platform.clock()))
        if request.state is State.RETRY_WAIT:
            self._endings.retrying(request)
        else:
            self._endings.ended(request)

    def _enqueue(self, request: Request, delay: int) -> None:
        """Let the next attempt start after `delay` milliseconds."""
        message = WorkMessage(key=request.key, attempt=request.attempt, trace=request.trace)
        self._work.send(message, delay)


def _changes(outcome: Success | Failure, state: State, held: Request, now: int) -> dict[str, Any]:
    if isinstance(outcome, Success):
        return outcome.changes
    match state:
        case State.RETRY_WAIT:
            return {"attempt": held.attempt + 1, "retry_at": now + outcome.wait}
        case State.FAILED:
            return {"error": encode(outcome.fault)}
        case _:
            return {}


def _context(
    request: Request,
    metadata: Mapping[str, Any],
    end: int,
    course: Course,
    uploads: Uploads | None,
) -> RequestContext:
    return RequestContext(
        request_id=request.request_id,
        action=request.action,
        tenant=request.tenant,
        owner=request.owner,
        attempt=request.attempt,
        idempotency_key=request.key,
        deadline=end,
        metadata=metadata,
        course=course,
        uploads=uploads,
    )
