"""Looks after each request until it has ended, so that no crash leaves one behind."""

from __future__ import annotations

from collections.abc import Callable

from cdk_streamer_runtime.contract import (
    MAX_VISIBILITY_SECONDS,
    MESSAGE_RETENTION_SECONDS,
    WATCH_RECEIVES,
    Executor,
    State,
)
from cdk_streamer_runtime.requests.queues import Queue, WorkMessage
from cdk_streamer_runtime.requests.repair import LOST_AFTER, Repair
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.store import RequestStore

# With a short lease a long request is looked at more often than SQS lets a message be received;
# what is left are as many looks that may fail.
RENEWED_AFTER = WATCH_RECEIVES * 9 // 10
# And one that takes months outlives every message; a day is left for looks that fail.
OLDEST = (MESSAGE_RETENTION_SECONDS - 86_400) * 1000


class Watcher:
    """Handles watch messages: one a request, hidden again and again until the request has ended."""

    def __init__(
        self,
        *,
        store: RequestStore,
        watch: Queue,
        repair: Repair,
        clock: Callable[[], int],
        durable: Repair | None = None,
    ) -> None:
        """Take where requests are, the queue that the messages come from, and the remedies."""
        self._store = store
        self._watch = watch
        self._repair = repair
        self._durable = durable or repair
        self._clock = clock

    def handle(
        self, message: WorkMessage, receipt: str, receives: int = 1, sent_at: int | None = None
    ) -> bool:
        """Look at a request; False keeps its message, hidden until the next look is due.

        A message that was received too often, or is as old as SQS lets it be, is followed by
        another one instead.
        """
        now = self._clock()
        request = self._store.read(message.key, now)
        look_again = None if request is None else self._repair_of(request).look(request)
        if request is None or look_again is None or _is_done(message, request, now):
            return True
        age = 0 if sent_at is None else now - sent_at
        if receives >= RENEWED_AFTER or age + look_again >= OLDEST:
            self._watch.send(message, look_again)
            return True
        self._watch.show_again(receipt, min(look_again, MAX_VISIBILITY_SECONDS * 1000))
        return False

    def _repair_of(self, request: Request) -> Repair:
        return self._durable if request.executor is Executor.DURABLE else self._repair


def _is_done(message: WorkMessage, request: Request, now: int) -> bool:
    """Tell whether a message that follows an attempt is of no use any more; the other one goes on.

    That of a late claim stays, for the other one looks seldom by then, until the attempt that is
    due is late itself: whoever claims that one sends another.
    """
    if not message.follows:
        return False
    if request.executor is Executor.DURABLE:
        return request.state is not State.RETRY_WAIT or request.attempt > message.attempt
    return request.state is State.RETRY_WAIT and now - request.retry_at >= LOST_AFTER
