"""Tells a schedule's target about its occasion, as EventBridge Scheduler does; in the engine.

The engine leaves the context attributes in an input as they are written.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from typing import Any

_SOURCE = "aws.scheduler"
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


class Occasions:
    """Puts the context attributes of each occasion into the inputs of schedules."""

    def __init__(
        self,
        events: Any,  # noqa: ANN401 - modules of the engine
        scheduler: Any,  # noqa: ANN401
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        """Take the engine's events, which invoke the targets of its schedules."""
        self._events = events
        self._scheduler = scheduler
        self._new_id = new_id
        self._invoke: Callable[..., None] = events._invoke_target  # noqa: SLF001
        self._fired: dict[Any, float] = {}
        events._invoke_target = self._invoke_with_attributes  # noqa: SLF001

    def look(self) -> None:
        """Remember when everything was invoked last: before the engine looks what is due."""
        self._fired = dict(self._scheduler._schedule_last_fired)  # noqa: SLF001

    def _invoke_with_attributes(
        self,
        target: Mapping[str, Any],
        event: Mapping[str, Any],
        rule: Mapping[str, Any],
        *rest: object,
    ) -> None:
        if event.get("Source") == _SOURCE and target.get("Input"):
            attributes = {
                "<aws.scheduler.schedule-arn>": str(rule.get("Arn", "")),
                "<aws.scheduler.scheduled-time>": self._time(rule, event["Time"]),
                "<aws.scheduler.execution-id>": self._new_id(),
                "<aws.scheduler.attempt-number>": "1",
            }
            text = str(target["Input"])
            for name, value in attributes.items():
                text = text.replace(name, value)
            target = {**target, "Input": text}
        self._invoke(target, event, rule, *rest)

    def _time(self, rule: Mapping[str, Any], now: float) -> str:
        moment = dt.datetime.fromtimestamp(self._moment(rule, now), dt.UTC)
        return moment.strftime(_FORMAT)

    def _moment(self, rule: Mapping[str, Any], now: float) -> float:
        """Give when it was due, which is before it was looked at."""
        expression: str = rule.get("ScheduleExpression", "")
        at = self._scheduler._at_time_epoch(expression)  # noqa: SLF001
        if at is not None:
            return at
        last = self._last(rule)
        if not last:
            return now
        period = self._events._parse_rate_seconds(expression)  # noqa: SLF001
        if period is not None:
            return min(last + period, now)
        fields = self._events._parse_cron_fields(expression)  # noqa: SLF001
        due = self._events._cron_next_fire(fields, dt.datetime.fromtimestamp(last, dt.UTC))  # noqa: SLF001
        return due.timestamp() if due is not None else now

    def _last(self, rule: Mapping[str, Any]) -> float:
        for key, schedule in self._scheduler._schedules._data.items():  # noqa: SLF001
            if schedule is rule:
                return self._fired.get(key, 0.0)
        return 0.0
