"""From what is there to what somebody wants: what is to be written, and what was owed before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from cdk_streamer_runtime.contract.timers import TIMER_RETENTION_SECONDS
from cdk_streamer_runtime.timers.definition import Definition
from cdk_streamer_runtime.timers.faults import Fault, InvalidTimer, TimerNotFound
from cdk_streamer_runtime.timers.firing import is_late, successor
from cdk_streamer_runtime.timers.schedules.moments import text_of
from cdk_streamer_runtime.timers.schedules.schedule import Once
from cdk_streamer_runtime.timers.schedules.wheel import WheelClass, place_of
from cdk_streamer_runtime.timers.service.conditions import Conditions
from cdk_streamer_runtime.timers.service.entries import Delete, Entry, Patch
from cdk_streamer_runtime.timers.table import keys
from cdk_streamer_runtime.timers.table.items import due_moment, is_slot
from cdk_streamer_runtime.timers.table.keys import Key
from cdk_streamer_runtime.timers.timer import Change, Found, Timer, last_moment, since_of

if TYPE_CHECKING:
    from cdk_streamer_runtime.timers.table.shards import Shard


class Ground(Protocol):
    """Where timers can lie, as it is while edits are made."""

    def shard(self, name: str) -> Shard:
        """Give how far the dispatchers of a shard are."""
        ...

    def admits(self, shard: str, wheel_class: WheelClass) -> bool:
        """Tell whether a shard's dispatcher reads a class."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is wanted of what was found: a definition, or none; `is_done` if it is so already."""

    found: Found
    definition: Definition | None
    is_done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What becomes of one timer. Without a change all is as it is wanted already.

    A timer that moves was sent by its old definition up to `sent_until`, and up to now that
    definition stays responsible.
    """

    before: Timer | None
    after: Timer | None
    change: Change | None = None
    sent_until: int | None = None

    @property
    def is_new(self) -> bool:
        """Whether there was no such timer."""
        return self.before is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    """Makes edits at a moment, in milliseconds. `young` is how long a place counts as new."""

    ground: Ground
    shards: int
    now: int
    young: int

    def intent(self, entry: Entry, found: Found, owner: str | None) -> Intent:
        """Give what is wanted of a timer, before anything is asked or written for it.

        With an owner, another's timer is as none, but for its id, which is taken. Raises TimerError
        when it cannot be.
        """
        before = found.timer
        is_foreign = before is not None and owner not in {None, before.definition.owner}
        if isinstance(entry, Delete):
            if before is not None and not is_foreign:
                entry.conditions.check(before.rev)
            return Intent(found=found, definition=None, is_done=is_foreign)
        if is_foreign or (before is None and isinstance(entry, Patch)):
            raise TimerNotFound(f"no timer is named {entry.id!r}")
        definition = _wanted(entry, before)
        if owner is not None:
            definition = replace(definition, owner=owner)
        if before is not None and before.definition == definition:
            self._check_repeated(before, entry.conditions)
            return Intent(found=found, definition=definition, is_done=True)
        entry.conditions.check(None if before is None else before.rev)
        self._refuse_past(definition)
        self._refuse_forgotten(definition)
        return Intent(found=found, definition=definition)

    def edit(self, intent: Intent) -> Edit:
        """Give what becomes of a timer; raises TimerUnavailable and AwsError."""
        found, definition = intent.found, intent.definition
        if intent.is_done:
            after = None if definition is None else found.timer
            return Edit(before=after, after=after)
        if definition is None:
            # A trace even of nothing: a write that was given up, and lands late, must fail.
            change = Change(found=found, timer=None, rev=self._rev(found))
            return Edit(before=found.timer, after=None, change=change)
        return self._changed(definition, found)

    def _check_repeated(self, before: Timer, conditions: Conditions) -> None:
        """Take a repetition for what it is, though the first time has changed the revision.

        https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1 allows that for If-Match. For
        If-None-Match it is a repetition only soon after the first time.
        """
        if conditions.if_none_match is not None and self.now >= before.created_at + self.young:
            conditions.check(before.rev)

    def _refuse_past(self, definition: Definition) -> None:
        if definition.paused or not isinstance(definition.schedule, Once):
            return
        moment = definition.schedule.moment
        if is_late(moment + definition.delay(moment), definition.misfire, self.now):
            grace = definition.misfire.grace
            detail = (
                f"must not be past by more than the grace of {grace} s, got {text_of(moment)!r}"
            )
            raise InvalidTimer([Fault(pointer="/schedule/at", detail=detail)])

    def _refuse_forgotten(self, definition: Definition) -> None:
        """Refuse what would be there no more as soon as it was stored."""
        last = last_moment(definition)
        if last is None or (last + TIMER_RETENTION_SECONDS) * 1000 > self.now:
            return
        days = TIMER_RETENTION_SECONDS // 86_400
        detail = (
            f"must not be past by more than {days} days, after which a timer is forgotten, "
            f"got {text_of(last)!r}"
        )
        place = "/schedule/at" if isinstance(definition.schedule, Once) else "/end"
        raise InvalidTimer([Fault(pointer=place, detail=detail)])

    def _changed(self, definition: Definition, found: Found) -> Edit:
        before = found.timer
        unread, sent_until = None, None
        if before is not None and _course(before.definition) == _course(definition):
            slot, since = before.slot, before.slot_since
        else:
            since = self.now
            slot, unread = self._place(definition)
            sent_until = self._sent_until(before)
        timer = Timer(
            definition=definition,
            rev=self._rev(found),
            slot=slot,
            slot_since=since,
            created_at=self.now if before is None else before.created_at,
            updated_at=self.now,
        )
        change = Change(found=found, timer=timer, rev=timer.rev, unread=unread)
        return Edit(before=before, after=timer, change=change, sent_until=sent_until)

    def _rev(self, found: Found) -> int:
        return max((found.rev or 0) + 1, self.now)

    def _place(self, definition: Definition) -> tuple[Key | None, tuple[str, int] | None]:
        """Give where a timer is to lie, and what must be unread for that; see `Change`."""
        since = seconds(since_of(definition, self.now))
        first = successor(definition, since)
        if definition.paused or first is None:
            return None, None
        shard = keys.shard_of(definition.id, self.shards)
        if isinstance(definition.schedule, Once):
            return keys.due(shard, first, definition.id), None
        place = place_of(definition.recurrence)
        if place is not None and self.ground.admits(shard, place.wheel_class):
            name = place.wheel_class.key
            return keys.slot(shard, name, place.slot, place.second, definition.id), None
        # What a window held when it was read is all that is sent of it: so the chain of next
        # firings begins in one that nobody has claimed, at the moment of the write.
        claimed_until = self.ground.shard(shard).claimed_until
        first = successor(definition, max(claimed_until, since))
        if first is None:
            return None, None
        return keys.due(shard, first, definition.id), (shard, claimed_until)

    def _sent_until(self, before: Timer | None) -> int | None:
        """Give up to when a timer was sent from where it lies; None when it lies nowhere."""
        if before is None or before.slot is None:
            return None
        done_until = self.ground.shard(keys.shard_of(before.id, self.shards)).done_until
        # A chain that has ended keeps its last firing.
        return max(done_until, due_moment(before.slot)) if is_chained(before) else done_until


def is_chained(timer: Timer) -> bool:
    """Tell whether a timer lives from one next firing to the following."""
    return (
        timer.slot is not None
        and not is_slot(timer.slot)
        and not isinstance(timer.definition.schedule, Once)
    )


def seconds(milliseconds: int) -> int:
    """Give the first second that is not before a moment in milliseconds."""
    return -(-milliseconds // 1000)


def _wanted(entry: Entry, before: Timer | None) -> Definition:
    if isinstance(entry, Patch):
        if before is None:
            raise TimerNotFound(f"no timer is named {entry.id!r}")
        return entry.change(before.definition)
    if isinstance(entry, Delete):
        raise TypeError("a deletion wants no timer")
    return entry.definition


def _course(definition: Definition) -> object:
    """Give all that decides when a timer fires, and whether."""
    return (
        definition.schedule,
        definition.start,
        definition.end,
        definition.jitter,
        definition.paused,
    )
