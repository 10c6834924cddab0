"""What may be done to a timer: put it, patch it, delete it; alone or in a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from cdk_streamer_client.errors import StreamerClientError
from cdk_streamer_client.timers.moments import text_of
from cdk_streamer_client.timers.schedules import MEMBERS, Schedule, check_schedule
from cdk_streamer_client.timers.timer import Timer
from cdk_streamer_runtime.contract.timers import TimerState
from cdk_streamer_runtime.timers.definition import Jitter, Misfire


class Keep(Enum):
    """What a patch leaves as it is."""

    KEEP = "keep"

    def __repr__(self) -> str:
        return "KEEP"


KEEP: Final = Keep.KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class PutTimer:
    """Make a timer, or make it what is said here. `start` and `end` bound it: [start, end).

    `data` is any JSON: what its firings carry. `owner` is a label to list by.
    """

    id: str
    schedule: Schedule
    data: Any = None
    start: datetime | None = None
    end: datetime | None = None
    jitter: Jitter | None = None
    misfire: Misfire | None = None
    owner: str | None = None
    paused: bool = False
    if_match: str | None = None
    create_only: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no schedule; raises TypeError."""
        check_schedule(self.schedule)

    def document(self) -> dict[str, Any]:
        """Give the body."""
        optional = {
            **{name: _written(name, getattr(self, name)) for name in _MEMBERS},
            "state": TimerState.PAUSED.value if self.paused else None,
        }
        given = {name: value for name, value in optional.items() if value is not None}
        return {"schedule": self.schedule.document(), **given, "data": self.data}

    def entry(self) -> dict[str, Any]:
        """Give it as an entry of a batch."""
        condition = {"if_none_match": "*"} if self.create_only else _if_match(self.if_match)
        return {"id": self.id, "put": self.document(), **condition}


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchTimer:
    """Change what is given, and keep the rest. None takes away: a start, an end, an owner.

    `data` is merged by RFC 7396: members of objects are kept unless they are given, or None.
    """

    id: str
    schedule: Schedule | Keep = KEEP
    data: Any = KEEP
    start: datetime | Keep | None = KEEP
    end: datetime | Keep | None = KEEP
    jitter: Jitter | Keep | None = KEEP
    misfire: Misfire | Keep | None = KEEP
    owner: str | Keep | None = KEEP
    paused: bool | Keep = KEEP
    if_match: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no schedule; raises TypeError."""
        if self.schedule is not KEEP:
            check_schedule(self.schedule)

    def document(self) -> dict[str, Any]:
        """Give the body."""
        given = {name: getattr(self, name) for name in _MEMBERS}
        document = {
            name: _written(name, value) for name, value in given.items() if value is not KEEP
        }
        if not isinstance(self.schedule, Keep):
            document["schedule"] = dict.fromkeys(MEMBERS) | self.schedule.document()
        if not isinstance(self.paused, Keep):
            state = TimerState.PAUSED if self.paused else TimerState.ACTIVE
            document["state"] = state.value
        return document if self.data is KEEP else {**document, "data": self.data}

    def entry(self) -> dict[str, Any]:
        """Give it as an entry of a batch."""
        return {"id": self.id, "patch": self.document(), **_if_match(self.if_match)}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteTimer:
    """Delete a timer; that there is none is as good."""

    id: str
    if_match: str | None = None

    def entry(self) -> dict[str, Any]:
        """Give it as an entry of a batch."""
        return {"id": self.id, "delete": True, **_if_match(self.if_match)}


BatchEntry = PutTimer | PatchTimer | DeleteTimer


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an entry of a batch: `error` is None when it was done."""

    id: str
    timer: Timer | None = None
    error: StreamerClientError | None = None


_MEMBERS = ("start", "end", "jitter", "misfire", "owner")


def _written(name: str, value: object) -> object:
    match value:
        case datetime():
            return text_of(value, name)
        case Jitter(seconds=seconds, each=each):
            return {"seconds": seconds, "mode": "each" if each else "stable"}
        case Misfire(policy=policy, grace=grace):
            return {"policy": policy.value, "grace": grace}
        case _:
            return value


def _if_match(etag: str | None) -> Mapping[str, str]:
    return {} if etag is None else {"if_match": etag}
