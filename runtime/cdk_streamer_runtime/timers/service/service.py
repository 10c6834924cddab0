"""Timers as their users have them: written at once, several together, and never half."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cdk_streamer_runtime.contract.timers import TIMER_BATCH, TimerState
from cdk_streamer_runtime.timers.definition import Definition
from cdk_streamer_runtime.timers.faults import (
    BatchRefused,
    TimerError,
    TimerNotFound,
    TimerUnavailable,
)
from cdk_streamer_runtime.timers.schedules.wheel import WheelClass
from cdk_streamer_runtime.timers.service.conditions import UNCONDITIONAL, Conditions
from cdk_streamer_runtime.timers.service.edits import Edit, Editor, Intent
from cdk_streamer_runtime.timers.service.entries import Change, Delete, Entry, Patch, Put
from cdk_streamer_runtime.timers.service.fast_path import FastPath, Sends
from cdk_streamer_runtime.timers.table.shards import Shard
from cdk_streamer_runtime.timers.table.store import Page, TimerStore
from cdk_streamer_runtime.timers.timer import Found, Timer
from cdk_streamer_runtime.timers.world import Meter, Platform

_ATTEMPTS = 8
# Pauses are random, from 0 to PAUSE doubled each time, in milliseconds.
_PAUSE, _LONGEST_PAUSE = 25, 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A timer as it is stored now, and whether there was none before."""

    timer: Timer
    created: bool


class TimerService:
    """Creates, changes, deletes, shows and lists timers.

    What it has written is sent in time, or the write fails and is to be repeated: the same again
    is harmless and completes what lacks, whatever its preconditions say. All methods raise
    TimerError, and AwsError when the table fails.
    """

    def __init__(
        self,
        *,
        store: TimerStore,
        sender: Sends,
        platform: Platform,
        shards: int,
        look_ahead: int,
        strict: bool,
        metrics: Meter,
    ) -> None:
        """Take where timers are kept and how they are sent, as the dispatchers do it."""
        self._store = store
        self._platform = platform
        self._shards = shards
        self._fast_path = FastPath(
            store=store,
            sender=sender,
            platform=platform,
            metrics=metrics,
            shards=shards,
            look_ahead=look_ahead,
            strict=strict,
        )

    def put(
        self,
        definition: Definition,
        conditions: Conditions = UNCONDITIONAL,
        owner: str | None = None,
    ) -> Written:
        """Have a timer be so. With an owner it is theirs, and another's id is taken."""
        return _there(self._one(Put(definition=definition, conditions=conditions), owner))

    def patch(
        self,
        id: str,
        change: Change,
        conditions: Conditions = UNCONDITIONAL,
        owner: str | None = None,
    ) -> Written:
        """Change a timer that is there; `change` may be asked several times."""
        return _there(self._one(Patch(id=id, change=change, conditions=conditions), owner))

    def delete(
        self, id: str, conditions: Conditions = UNCONDITIONAL, owner: str | None = None
    ) -> None:
        """Have no such timer; that there was none is no fault."""
        self._one(Delete(id=id, conditions=conditions), owner)

    def get(self, id: str, owner: str | None = None) -> Timer:
        """Give a timer; raises TimerNotFound."""
        (found,) = self._store.read([id], self._platform.clock())
        if found.timer is None or owner not in {None, found.timer.definition.owner}:
            raise TimerNotFound(f"no timer is named {id!r}")
        return found.timer

    def page(
        self,
        *,
        owner: str,
        state: TimerState | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        """List an owner's timers; of the owner "" are those that have none.

        Raises ValueError for a cursor that is none.
        """
        now = self._platform.clock()
        return self._store.page(owner, state=state, limit=limit, cursor=cursor, now=now)

    def batch(self, entries: Sequence[Entry], owner: str | None = None) -> list[Written | None]:
        """Do all or none, and give what each has become: None is deleted.

        Raises BatchRefused when one cannot be done, and ValueError for ids that repeat.
        """
        ids = {entry.id for entry in entries}
        if not 1 <= len(entries) <= TIMER_BATCH or len(ids) < len(entries):
            raise ValueError(f"a batch must have 1 to {TIMER_BATCH} entries of different ids")
        return self._write(entries, owner)

    def _one(self, entry: Entry, owner: str | None) -> Written | None:
        try:
            return self._write([entry], owner)[0]
        except BatchRefused as refused:
            raise refused.errors[0] from None

    def _write(self, entries: Sequence[Entry], owner: str | None) -> list[Written | None]:
        for attempt in range(_ATTEMPTS):
            now = self._platform.clock()
            found = self._store.read([entry.id for entry in entries], now)
            edits = self._edits(entries, found, owner, now)
            changes = [edit.change for edit in edits if edit.change is not None]
            # Before the write: what the old definitions owe, nobody would remember after it.
            self._fast_path.pay(edits, now)
            is_stored = not changes or self._store.write(changes, now)
            if is_stored and self._fast_path.catch_up(edits, now):
                return [_written(edit) for edit in edits]
            longest = min(_LONGEST_PAUSE, _PAUSE << attempt)
            self._platform.sleep(int(self._platform.uniform() * longest))
        raise TimerUnavailable("too many writes to the same timers at once")

    def _edits(
        self, entries: Sequence[Entry], found: Sequence[Found], owner: str | None, now: int
    ) -> list[Edit]:
        ground = _Ground(self._store, now)
        young = self._fast_path.young
        editor = Editor(ground=ground, shards=self._shards, now=now, young=young)
        intents: list[Intent] = []
        errors: dict[int, TimerError] = {}
        for index, (entry, each) in enumerate(zip(entries, found, strict=True)):
            try:
                intents.append(editor.intent(entry, each, owner))
            except TimerError as error:
                errors[index] = error
        if errors:
            raise BatchRefused(errors)
        return [editor.edit(intent) for intent in intents]


class _Ground:
    """The table, in which each shard is looked up once."""

    def __init__(self, store: TimerStore, now: int) -> None:
        self._store = store
        self._now = now
        self._shards: dict[str, Shard] = {}

    def shard(self, name: str) -> Shard:
        if name not in self._shards:
            self._shards[name] = self._store.shard(name, self._now)
        return self._shards[name]

    def admits(self, shard: str, wheel_class: WheelClass) -> bool:
        return self._store.classes.admits(shard, wheel_class)


def _written(edit: Edit) -> Written | None:
    return None if edit.after is None else Written(timer=edit.after, created=edit.is_new)


def _there(written: Written | None) -> Written:
    if written is None:
        raise TypeError("what was put is not there")
    return written
