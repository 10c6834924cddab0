"""Shows events on a thread of its own: functions must not wait for a terminal that stands still."""

from __future__ import annotations

import queue
import threading

from cdk_streamer_local.events import Event, Observer

_LAST_SECONDS = 2.0


class Background:
    """Hands events on in their order, and never blocks whoever tells them."""

    def __init__(self, observe: Observer) -> None:
        self._observe = observe
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._hand_on, name="display", daemon=True)
        self._thread.start()

    def __call__(self, event: Event) -> None:
        """Take one event."""
        self._events.put(event)

    def close(self) -> None:
        """Wait until everything was shown, but not for a reader that has stopped reading."""
        self._events.put(None)
        self._thread.join(_LAST_SECONDS)

    def _hand_on(self) -> None:
        while (event := self._events.get()) is not None:
            self._observe(event)
