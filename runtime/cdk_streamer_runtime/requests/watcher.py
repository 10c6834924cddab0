"""Looks after each request until it has ended, so that no crash leaves one behind."""

from __future__ import annotations

from collections.abc import Callable

from cdk_streamer_runtime.contract import MAX_VISIBILITY_SECONDS, WATCH_RECEIVES
from cdk_streamer_runtime.requests.queues import Queue, WorkMessage
from cdk_streamer_runtime.requests.repair import Repair
from cdk_streamer_runtime.requests.store import RequestStore

# With a short lease a long request is looked at more often than SQS lets a message be received;
# what is left are as many looks that may fail.
RENEWED_AFTER = WATCH_RECEIVES * 9 // 10


class Watcher:
    """Handles watch messages: one a request, hidden again and again until the request has ended."""

    def __init__(
        self, *, store: RequestStore, watch: Queue, repair: Repair, clock: Callable[[], int]
    ) -> None:
        """Take where requests are, the queue that the messages come from, and the remedy."""
        self._store = store
        self._watch = watch
        self._repair = repair
        self._clock = clock

    def handle(self, key: str, receipt: str, receives: int = 1) -> bool:
        """Look at a request; False keeps its message, hidden until the next look is due.

        A message that was received too often is followed by another one instead.
        """
        request = self._store.read(key, self._clock())
        look_again = None if request is None else self._repair.look(request)
        if look_again is None:
            return True
        if receives >= RENEWED_AFTER:
            self._watch.send(WorkMessage(key=key, attempt=1), look_again)
            return True
        self._watch.show_again(receipt, min(look_again, MAX_VISIBILITY_SECONDS * 1000))
        return False
