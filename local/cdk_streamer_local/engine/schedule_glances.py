"""Tells the console when schedules and rules invoked their targets; in the engine's process.

Nothing that the engine answers has that, and AWS tells it in metrics alone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
Clock = Callable[[], float]

OCCASIONS_PATH = "/_cdk-streamer/occasions"


class ScheduleGlances:
    """The engine, with what its schedules and rules did, by their ARNs."""

    def __init__(
        self,
        application: Application,
        scheduler: Any,  # noqa: ANN401 - modules of the engine
        events: Any,  # noqa: ANN401
        clock: Clock = time.time,
    ) -> None:
        """Take note from now on."""
        self._application = application
        self._scheduler = scheduler
        self._events = events
        self._clock = clock
        self._invoked: dict[str, tuple[float, int]] = {}
        self._invoke: Callable[..., None] = events._invoke_target  # noqa: SLF001
        events._invoke_target = self._noted  # noqa: SLF001

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer what the console asks, and leave everything else to the engine."""
        if scope["type"] != "http" or scope["path"] != OCCASIONS_PATH:
            await self._application(scope, receive, send)
            return
        body = json.dumps(self.document()).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def document(self) -> Mapping[str, Any]:
        """Give how often each invoked a target and when last, and since when a rate counts."""
        return {
            "invoked": dict(self._invoked),
            "since": {
                **_since(self._scheduler._schedules, self._scheduler._schedule_last_fired),  # noqa: SLF001
                **_since(self._events._rules, self._events._rule_last_fired),  # noqa: SLF001
            },
        }

    def _noted(
        self,
        target: Mapping[str, Any],
        event: Mapping[str, Any],
        rule: Mapping[str, Any],
        *rest: object,
    ) -> None:
        arn = str(rule.get("Arn", ""))
        self._invoked[arn] = (self._clock(), self._invoked.get(arn, (0.0, 0))[1] + 1)
        self._invoke(target, event, rule, *rest)


def _since(kept: Any, fired: Mapping[Any, float]) -> Mapping[str, float]:  # noqa: ANN401 - the engine's
    items = list(kept._data.items())  # noqa: SLF001
    return {str(each.get("Arn", "")): fired[key] for key, each in items if key in fired}
