"""A timer as it is stored, what a dispatcher reads of it, and how a write changes it."""

from __future__ import annotations

from dataclasses import dataclass

from cdk_streamer_runtime.contract.timers import TIMER_RETENTION_SECONDS
from cdk_streamer_runtime.timers.definition import Definition
from cdk_streamer_runtime.timers.schedules.schedule import Once
from cdk_streamer_runtime.timers.table.keys import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A stored timer. `rev` never comes twice for an id, not even after it was deleted.

    `slot` is where it lies, None while it is paused or when it never fires again. Nominal moments
    before `since` are not this timer's: it was elsewhere then, or nowhere. Where revisions
    are compared, an older one's firing that was due before `updated_at` was due rightly.
    `slot_since`, `created_at` and `updated_at` are in milliseconds.
    """

    definition: Definition
    rev: int
    slot: Key | None
    slot_since: int
    created_at: int
    updated_at: int

    @property
    def id(self) -> str:
        """Its name."""
        return self.definition.id

    @property
    def since(self) -> int:
        """The millisecond before which nominal moments are not this timer's."""
        return since_of(self.definition, self.slot_since)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What lies in the wheel, or waits as a next firing, under `key`.

    Its definition has what firing needs: the schedule is the recurrence, with all jitter in it
    that can be; a next firing's alone has that of the whole timer too. Owner and state are in the
    timer's item alone, and so is the data if `is_apart`.
    """

    key: Key
    definition: Definition
    rev: int
    since: int

    @property
    def is_apart(self) -> bool:
        """Whether the data has to be read from the timer's item: JSON text is never empty."""
        return not self.definition.data


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is under an id. `rev` is used up, also by a timer that is there no more.

    `slot` is where a row of it may lie, and `timer` is None unless it is there.
    """

    id: str
    timer: Timer | None
    rev: int | None
    slot: Key | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of what was found. Without a timer none is there any more.

    `unread` is a shard and its `claimed_until`, for a timer that may lie there only as long as
    nobody has claimed more.
    """

    found: Found
    timer: Timer | None
    rev: int
    unread: tuple[str, int] | None = None


def since_of(definition: Definition, slot_since: int) -> int:
    """Give when a timer begins that lies there since a millisecond.

    That is when it came, but for a one-shot that was late by then: its moment is its own.
    """
    if isinstance(definition.schedule, Once):
        return min(slot_since, definition.schedule.moment * 1000)
    return slot_since


def last_moment(definition: Definition) -> int | None:
    """Give the moment after which it never fires; None when it has no end."""
    once = definition.schedule.moment if isinstance(definition.schedule, Once) else None
    ends = [moment for moment in (once, definition.end) if moment is not None]
    return min(ends, default=None)


def expiry(definition: Definition) -> int | None:
    """Give the second from which the timer is as none; None when it stays."""
    last = last_moment(definition)
    return None if last is None else last + TIMER_RETENTION_SECONDS
