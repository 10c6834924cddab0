"""A dispatcher's hold on a shard: until when it may send, and what it has told the others."""

from __future__ import annotations

from dataclasses import replace

from cdk_streamer_runtime.timers.schedules.wheel import WINDOW
from cdk_streamer_runtime.timers.table.persistence import persistently
from cdk_streamer_runtime.timers.table.shards import Cursor, Shard, Shards
from cdk_streamer_runtime.timers.world import Platform

# Milliseconds. Ticks come every 30 seconds: the next one finds a dead dispatcher's lease over.
DURATION = 25_000
# Clocks differ by less, so whoever takes over finds nobody who still sends.
MARGIN = 2_000
RENEWAL = 10_000


class Lease:
    """One dispatcher's, from when it was acquired. All its writes are fenced: they raise Fenced."""

    def __init__(self, shards: Shards, shard: Shard, platform: Platform, deadline: int) -> None:
        """Take the shard as it was acquired; at `deadline`, in milliseconds, the process ends."""
        self._shards = shards
        self._shard = shard
        self._platform = platform
        self._deadline = deadline

    @property
    def shard(self) -> str:
        """The shard's name."""
        return self._shard.name

    @property
    def window(self) -> int:
        """The first window that is not done."""
        return self._shard.done_until

    @property
    def cursor(self) -> Cursor:
        """How far that window was read by whoever was here before."""
        cursor = self._shard.cursor
        return cursor if cursor and cursor.window == self.window else Cursor(window=self.window)

    @property
    def until(self) -> int:
        """When sending has to stop, in milliseconds."""
        return min(self._shard.lease_until - MARGIN, self._deadline)

    @property
    def is_over(self) -> bool:
        """Whether there is no time for more."""
        return self._platform.clock() >= self.until

    @property
    def is_ending(self) -> bool:
        """Whether it is time to save, which holds the lease on."""
        return self._platform.clock() >= self._shard.lease_until - RENEWAL

    def save(self, cursor: Cursor) -> None:
        """Remember how far the window has come, and hold the lease on."""
        until = self._platform.clock() + DURATION
        shard = self._shard
        persistently(self._platform, lambda: self._shards.save(shard, cursor, until=until))
        self._shard = replace(self._shard, cursor=cursor, lease_until=until)

    def give_back(self, cursor: Cursor) -> None:
        """Remember how far the window has come, for the next dispatcher."""
        shard = self._shard
        persistently(self._platform, lambda: self._shards.save(shard, cursor, until=0))

    def advance(self, horizon: int) -> bool:
        """Tell that the window is done; tell whether the next one is claimed and to be read.

        It is when it begins before `horizon`, in milliseconds; else the lease is given back.
        """
        done = self.window + WINDOW
        more = done * 1000 < horizon and self._platform.clock() < self._deadline
        claim = max(self._shard.claimed_until, done + WINDOW if more else done)
        until = self._platform.clock() + DURATION if more else 0
        shard = self._shard
        # Given up, all of the window would be sent again.
        persistently(
            self._platform,
            lambda: self._shards.advance(shard, done, claim=claim, until=until),
        )
        self._shard = replace(
            self._shard, done_until=done, claimed_until=claim, lease_until=until, cursor=None
        )
        return more
