"""When a timer fires, as a caller says it: every so often, by a calendar, or once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cdk_streamer_client.timers.moments import moment_of, seconds_of, text_of
from cdk_streamer_client.wire import Malformed, read_moment, read_text
from cdk_streamer_runtime.timers.definition import stable_number
from cdk_streamer_runtime.timers.schedules.cron import Cron as Expression
from cdk_streamer_runtime.timers.schedules.schedule import (
    Calendar,
    Every as Period,
    Once,
    Schedule as Pure,
)

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True, init=False)
class Every:
    """Each so many seconds, minutes, hours or days: `period` is their sum, in seconds.

    `phase` is the second of the period at which it fires, counted from 1970. Default: one that
    depends on the timer's id, so that many timers do not fire at the same time.
    """

    period: int
    phase: int | None

    def __init__(
        self,
        *,
        seconds: int = 0,
        minutes: int = 0,
        hours: int = 0,
        days: int = 0,
        phase: int | None = None,
    ) -> None:
        period = seconds + minutes * _MINUTE + hours * _HOUR + days * _DAY
        if any(type(number) is not int for number in (period, phase or 0)):
            raise ValueError(f"a period and its phase are whole seconds, got {period!r}, {phase!r}")
        Period(period=period, phase=phase or 0)
        object.__setattr__(self, "period", period)
        object.__setattr__(self, "phase", phase)

    def document(self) -> dict[str, Any]:
        """Give it as the service reads it."""
        phase = {} if self.phase is None else {"phase": self.phase}
        return {"every": self.period, **phase}

    def pure(self, id: str) -> Pure:
        """Give what computes the moments of a timer with this id."""
        phase = stable_number(id) % self.period if self.phase is None else self.phase
        return Period(period=self.period, phase=phase)

    def __str__(self) -> str:
        return f"every {self.period} s"


@dataclass(frozen=True, slots=True)
class Cron:
    """By a cron expression of five fields, in a time zone of the IANA database.

    When clocks go forward, a local time that is skipped fires at the first minute after the gap;
    when they go back, one that comes twice fires the first time.
    """

    expression: str
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        """Refuse what no calendar has; raises ValueError."""
        self.pure("")

    def document(self) -> dict[str, Any]:
        """Give it as the service reads it."""
        return {"cron": self.expression, "timezone": self.timezone}

    def pure(self, id: str) -> Pure:
        """Give what computes the moments; the id does not matter."""
        del id
        return Calendar(cron=Expression.parse(self.expression), timezone=self.timezone)

    def __str__(self) -> str:
        return f"cron {self.expression} {self.timezone}"


@dataclass(frozen=True, slots=True)
class At:
    """Once, at a moment with a time zone, to the second."""

    moment: datetime

    def __post_init__(self) -> None:
        """Refuse an unclear moment; raises ValueError."""
        seconds_of(self.moment, "at")

    def document(self) -> dict[str, Any]:
        """Give it as the service reads it."""
        return {"at": text_of(self.moment, "at")}

    def pure(self, id: str) -> Pure:
        """Give what computes the moment; the id does not matter."""
        del id
        return Once(moment=seconds_of(self.moment, "at"))

    def __str__(self) -> str:
        return f"at {text_of(self.moment, 'at')}"


Schedule = Every | Cron | At


def check_schedule(value: object) -> None:
    """Refuse what is none, such as a text; raises TypeError."""
    if not isinstance(value, Every | Cron | At):
        example = "Every(minutes=5), Cron('0 9 * * 1-5') or At(moment)"
        raise TypeError(f"schedule must be such as {example}, got {value!r:.150}")


# What a merge patch has to take away from the schedule that was before (RFC 7396).
MEMBERS = ("every", "phase", "cron", "timezone", "at")


def read_schedule(document: Mapping[str, Any]) -> Schedule:
    """Read what the service wrote; raises Malformed."""
    try:
        if (period := document.get("every")) is not None:
            return Every(seconds=period, phase=document.get("phase"))
        if (expression := read_text(document, "cron")) is not None:
            return Cron(expression, read_text(document, "timezone") or "UTC")
        moment = read_moment(document, "at")
        return At(moment_of(int(moment.timestamp())))
    except (TypeError, ValueError) as error:
        raise Malformed(f"a schedule cannot be read: {error}") from None
