"""Looks after each request until it has ended, so that no crash leaves one behind."""

from __future__ import annotations

from collections.abc import Callable

from cdk_streamer_runtime.contract import MAX_VISIBILITY_SECONDS
from cdk_streamer_runtime.requests.queues import Queue
from cdk_streamer_runtime.requests.repair import Repair
from cdk_streamer_runtime.requests.store import RequestStore


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

    def handle(self, key: str, receipt: str) -> bool:
        """Look at a request; False keeps its message, hidden until the next look is due."""
        request = self._store.read(key, self._clock())
        look_again = None if request is None else self._repair.look(request)
        if look_again is None:
            return True
        self._watch.show_again(receipt, min(look_again, MAX_VISIBILITY_SECONDS * 1000))
        return False
