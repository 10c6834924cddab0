"""Keeps the engine's appointments as AWS does; in the engine's process.

The engine looks at schedules every ten seconds, and a new rate waits for its first period there. On
AWS it is invoked at once, but for one that has a StartDate.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html

A delayed message waits there for the pollers' next look, up to a second after its time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

SCHEDULES_PATH = "/_cdk-streamer/schedules"
_SCHEDULES_SECONDS = 1
_MESSAGES_SECONDS = 0.1
_LONG_AGO = 0.0


class SchedulesFront:
    """The engine with schedules that wait until it is told that their targets are ready.

    A target that is not wired yet would run without what it needs here.
    """

    def __init__(
        self,
        application: Application,
        scheduler: Any,  # noqa: ANN401 - a module of the engine
        begin: Callable[[], object] = lambda: None,
        look: Callable[[], object] = lambda: None,
    ) -> None:
        """Take what else begins when targets are ready, and who looks before each tick."""
        self._begin = begin
        self._look = look
        self._application = application
        self._scheduler = scheduler
        self._tick: Callable[[], None] = scheduler._tick_schedules  # noqa: SLF001
        self._ready = False
        scheduler._SCHEDULE_TICK_INTERVAL = _SCHEDULES_SECONDS  # noqa: SLF001
        scheduler._tick_schedules = self.tick  # noqa: SLF001

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Take the word that all is ready, and leave everything else to the engine."""
        if scope["type"] != "http" or scope["path"] != SCHEDULES_PATH:
            await self._application(scope, receive, send)
            return
        self._ready = True
        self._begin()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def tick(self) -> None:
        """Invoke what is due, once the targets are ready."""
        if not self._ready:
            return
        fired = self._scheduler._schedule_last_fired  # noqa: SLF001
        for key, schedule in list(self._scheduler._schedules._data.items()):  # noqa: SLF001
            if begins_at_once(schedule):
                fired.setdefault(key, _LONG_AGO)
        self._look()
        self._tick()


def begins_at_once(schedule: Mapping[str, Any]) -> bool:
    """Tell whether a schedule's first invocation is when it was made."""
    expression: str = schedule.get("ScheduleExpression", "")
    return expression.startswith("rate(") and schedule.get("StartDate") is None


def deliver_delayed(queues: Any, wake: threading.Event) -> None:  # noqa: ANN401 - a module of the engine
    """Wake those who poll for functions whenever a message's delay or invisibility ends."""

    def watch() -> None:
        seen = time.time()
        while True:
            time.sleep(_MESSAGES_SECONDS)
            now = time.time()
            if any(
                seen < message["visible_at"] <= now
                for queue in list(queues._queues._data.values())  # noqa: SLF001
                for message in list(queue["messages"])
            ):
                wake.set()
            seen = now

    threading.Thread(target=watch, name="delayed-messages", daemon=True).start()
