"""What an API sends itself: firings in windows that a dispatcher may have read too early to see.

A dispatcher claims a window before it reads it. So if it read before a write, the claim is there
after the write, where the API looks; otherwise the dispatcher sees what was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from cdk_streamer_runtime.contract.timers import TimerMetric
from cdk_streamer_runtime.timers.firing import Firing, firings, successor
from cdk_streamer_runtime.timers.service.edits import Edit, is_chained, seconds
from cdk_streamer_runtime.timers.table import keys
from cdk_streamer_runtime.timers.table.items import due_moment
from cdk_streamer_runtime.timers.table.store import TimerStore
from cdk_streamer_runtime.timers.timer import Change, Found, Timer
from cdk_streamer_runtime.timers.world import Meter, Platform

# An API that died before it sent is repeated by its client within this time, or never.
REPETITION_SECONDS = 120


class Sends(Protocol):
    """Who hands firings to the queue: `sender.Sender`."""

    def send(self, firings: Sequence[Firing], /) -> None:
        """Send all of them; raises TimerUnavailable or AwsError when some may not be sent."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FastPath:
    """Sends what is due so soon that no dispatcher may know of it. `look_ahead` is in seconds.

    `strict`: callbacks drop firings of an older revision that were due after it was replaced.
    """

    store: TimerStore
    sender: Sends
    platform: Platform
    metrics: Meter
    shards: int
    look_ahead: int
    strict: bool

    @property
    def young(self) -> int:
        """For how many milliseconds a write's fast path may be outstanding."""
        return (self.look_ahead + REPETITION_SECONDS) * 1000

    def pay(self, edits: Iterable[Edit], now: int) -> None:
        """Send what timers that are about to move owe: it is due, and was not sent so far."""
        self._send([self._owed(edit, now) for edit in edits])

    def catch_up(self, edits: Iterable[Edit], now: int) -> bool:
        """Send what is due in windows that are claimed, of all that is written now.

        False: not all of it could be completed, and it has to be done again.
        """
        begun = [(edit, timer, self._begin(timer, now)) for edit in edits if (timer := edit.after)]
        todo = [(edit, timer, begin) for edit, timer, begin in begun if begin is not None]
        claims = self._claims([timer.id for _, timer, _ in todo])
        self._send(
            [
                self._due(edit, timer, begin, self._end(timer, claims[timer.id], now))
                for edit, timer, begin in todo
            ]
        )
        chains = [timer for _, timer, _ in todo if _is_behind(timer, claims[timer.id])]
        return all(self._move_on(timer, claims[timer.id], now) for timer in chains)

    def _claims(self, ids: Iterable[str]) -> dict[str, int]:
        """Give what is claimed of the shard of each timer, as it is now."""
        shards = {id: keys.shard_of(id, self.shards) for id in ids}
        names = sorted(set(shards.values()))
        found = dict(zip(names, self.platform.each(self._claim, names), strict=True))
        return {id: found[shard] for id, shard in shards.items()}

    def _claim(self, shard: str) -> int:
        return self.store.shard(shard, self.platform.clock()).claimed_until

    def _end(self, timer: Timer, claimed_until: int, now: int) -> int:
        """Give the second up to which firings may be outstanding."""
        end = claimed_until
        if timer.slot is not None and is_chained(timer):
            end = max(end, due_moment(timer.slot))
        if self.strict or timer.slot_since == now or _is_behind(timer, claimed_until):
            return end
        # A repetition: what is claimed by now was not when the timer came to lie there.
        return min(end, seconds(timer.slot_since + self.young))

    def _move_on(self, timer: Timer, claimed_until: int, now: int) -> bool:
        """Let a chain go on where nobody has read; False: try again.

        It began in a window that is claimed meanwhile. Queries may be ahead of what a transaction
        writes beside, so a dispatcher may have looked for the first firing before it was there.
        """
        following = successor(timer.definition, claimed_until)
        shard = keys.shard_of(timer.id, self.shards)
        slot = None if following is None else keys.due(shard, following, timer.id)
        found = Found(id=timer.id, timer=timer, rev=timer.rev, slot=timer.slot)
        moved = replace(timer, slot=slot)
        unread = (shard, claimed_until)
        change = Change(found=found, timer=moved, rev=timer.rev, unread=unread)
        return self.store.write([change], now)

    def _begin(self, timer: Timer, now: int) -> int | None:
        """Give the millisecond from which firings may be outstanding; None: none are."""
        if timer.definition.paused:
            return None
        # What is put off by jitter is outstanding for as much longer.
        young = self.young + timer.definition.longest_delay * 1000
        if now < timer.slot_since + young:
            return timer.since
        if self.strict and now < timer.updated_at + young:
            return timer.updated_at
        return None

    def _due(self, edit: Edit, timer: Timer, begin: int, end: int) -> tuple[list[Firing], int]:
        definition, now = timer.definition, self.platform.clock()
        # A firing that waits for its jitter is older than it looks.
        start = seconds(begin) - (definition.longest_delay if begin > timer.since else 0)
        found, skipped = firings(definition, timer.rev, timer.since, start, end, now)
        known = self._known(edit, start)
        wanted = [
            firing
            for firing in found
            if firing.fire_at not in known and firing.fire_at * 1000 >= begin
        ]
        return wanted, skipped

    def _known(self, edit: Edit, start: int) -> set[int]:
        """Give when a timer that moves fires anyway, by its old definition, sent in time."""
        before, after = edit.before, edit.after
        if before is None or after is None or edit.sent_until is None or self.strict:
            return set()
        delay = before.definition.longest_delay * 1000
        if after.updated_at < before.slot_since + self.young + delay:
            return set()
        first = max(start, seconds(before.since))
        return {each.fire_at for each in before.definition.occurrences(first, edit.sent_until)}

    def _owed(self, edit: Edit, now: int) -> tuple[list[Firing], int]:
        before, after = edit.before, edit.after
        if edit.change is None or before is None or after is None or after.definition.paused:
            return [], 0
        starts: list[int] = []
        if edit.sent_until is not None:
            starts.append(max(edit.sent_until, seconds(before.since)))
        # Who wrote the revision before may not have sent what callbacks wait for by it.
        if self.strict and (begin := self._begin(before, now)) is not None:
            starts.append(seconds(begin))
        start, end = min(starts, default=seconds(now)), seconds(now)
        return firings(before.definition, before.rev, before.since, start, end, now)

    def _send(self, found: Iterable[tuple[list[Firing], int]]) -> None:
        several = list(found)
        skipped = sum(skipped for _, skipped in several)
        if skipped:
            self.metrics.count(TimerMetric.FIRINGS_SKIPPED, skipped)
        if wanted := [firing for firings, _ in several for firing in firings]:
            self.sender.send(wanted)


def _is_behind(timer: Timer, claimed_until: int) -> bool:
    """Tell whether the next firing of a chain is in a window that is claimed."""
    return timer.slot is not None and is_chained(timer) and due_moment(timer.slot) < claimed_until
