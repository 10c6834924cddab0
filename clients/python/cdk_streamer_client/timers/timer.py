"""Timers as the service tells them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, cast

from cdk_streamer_client.timers.moments import moment_of, seconds_of
from cdk_streamer_client.timers.schedules import Schedule, read_schedule
from cdk_streamer_client.wire import Malformed, read_moment, read_object, read_text
from cdk_streamer_runtime.contract.timers import TimerState
from cdk_streamer_runtime.timers.definition import Definition, Jitter, Misfire, Policy

_MISFIRE = Misfire()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerSummary:
    """A timer as a list has it."""

    id: str
    state: TimerState
    schedule: Schedule
    owner: str = ""
    start: datetime | None = None
    end: datetime | None = None
    next_fire_at: datetime | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A timer, as it was when the service answered.

    `etag` names this revision: given as `if_match`, a change is made to no other. `next_fire_at`
    and `last_due_at` are when it should fire next, and should have fired last.
    """

    id: str
    state: TimerState
    schedule: Schedule
    data: Any
    etag: str
    owner: str = ""
    start: datetime | None = None
    end: datetime | None = None
    jitter: Jitter | None = None
    misfire: Misfire = _MISFIRE
    next_fire_at: datetime | None = None
    last_due_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    def next(self, n: int = 1, *, after: datetime | None = None) -> list[datetime]:
        """Compute the next n firings at or after a moment, without asking the service.

        Default: from now on. Fewer when the timer ends before; none when it is paused.
        """
        if self.state is not TimerState.ACTIVE:
            return []
        start = datetime.now(UTC).replace(microsecond=0) if after is None else after
        moments = firings(self._definition(), seconds_of(start, "after"))
        return [moment_of(moment) for moment in islice(moments, n)]

    def _definition(self) -> Definition:
        return Definition(
            id=self.id,
            schedule=self.schedule.pure(self.id),
            data="",
            start=None if self.start is None else int(self.start.timestamp()),
            end=None if self.end is None else int(self.end.timestamp()),
            jitter=self.jitter,
        )


def firings(definition: Definition, start: int) -> Iterator[int]:
    """Give when a timer fires at or after a moment, in order, as long as it does."""
    while (found := definition.next(start)) is not None:
        yield found.fire_at
        start = found.fire_at + 1


def read_timer(document: Mapping[str, Any], etag: str) -> Timer:
    """Read a timer; raises Malformed."""
    return Timer(
        **_shared(document),
        data=document.get("data"),
        etag=etag,
        jitter=_jitter(document.get("jitter")),
        misfire=_misfire(document.get("misfire")),
        last_due_at=_moment(document, "last_due_at"),
        updated_at=_moment(document, "updated_at"),
    )


def read_summary(document: Mapping[str, Any]) -> TimerSummary:
    """Read an entry of a list; raises Malformed."""
    return TimerSummary(**_shared(document))


def _shared(document: Mapping[str, Any]) -> dict[str, Any]:
    id, state = read_text(document, "id"), document.get("state")
    if id is None or state not in list(TimerState):
        raise Malformed(f"a timer must have an id and a state, got {dict(document)!r:.80}")
    return {
        "id": id,
        "state": TimerState(cast("str", state)),
        "schedule": read_schedule(read_object(document, "schedule")),
        "owner": read_text(document, "owner") or "",
        **{name: _moment(document, name) for name in _MOMENTS},
    }


_MOMENTS = ("start", "end", "next_fire_at", "created_at")


def _moment(document: Mapping[str, Any], name: str) -> datetime | None:
    return None if document.get(name) is None else read_moment(document, name)


def _jitter(value: Any) -> Jitter | None:  # noqa: ANN401 - any JSON
    try:
        return value and Jitter(seconds=value["seconds"], each=value.get("mode") == "each")
    except (TypeError, LookupError, AttributeError):
        raise Malformed(f"jitter of a timer cannot be read: {value!r:.80}") from None


def _misfire(value: Any) -> Misfire:  # noqa: ANN401 - any JSON
    try:
        if value is None or isinstance(value, str):
            return _MISFIRE if value is None else Misfire(policy=Policy(value))
        policy = Policy(value.get("policy", _MISFIRE.policy))
        return Misfire(policy=policy, grace=value.get("grace", _MISFIRE.grace))
    except (ValueError, AttributeError):
        raise Malformed(f"misfire of a timer cannot be read: {value!r:.80}") from None
