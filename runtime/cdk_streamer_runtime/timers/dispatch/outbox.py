"""What was read and is yet to be sent, with all that follows from it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

from cdk_streamer_runtime.contract.timers import TimerMetric
from cdk_streamer_runtime.errors import AwsError, TransactionCancelled
from cdk_streamer_runtime.timers.firing import Firing
from cdk_streamer_runtime.timers.sending.dead_letters import Rejected
from cdk_streamer_runtime.timers.sending.sender import Sender
from cdk_streamer_runtime.timers.table.pages import Pages
from cdk_streamer_runtime.timers.table.persistence import persistently
from cdk_streamer_runtime.timers.table.rows import Found, Move, next_firing, unreadable
from cdk_streamer_runtime.timers.world import Meter, Platform

logger = logging.getLogger(__name__)

READ_AT_ONCE = 100  # timers whose data is not beside them: up to 64 KB each
_EDITS = 5  # of one timer while its next firing is being moved
_INVALID = "ValidationException"


class Outbox:
    """The firings of a window since the last flush."""

    def __init__(
        self,
        *,
        shard: str,
        window: int,
        pages: Pages,
        sender: Sender,
        platform: Platform,
        metrics: Meter,
    ) -> None:
        """Be empty."""
        self._shard = shard
        self._window = window
        self._pages = pages
        self._sender = sender
        self._platform = platform
        self._metrics = metrics
        self._firings: list[Firing] = []
        self._moves: list[Move] = []
        self._letters: list[Rejected] = []
        self._skipped = 0

    def __len__(self) -> int:
        """Count what a flush has to do."""
        return len(self._firings) + len(self._moves) + len(self._letters)

    def add(self, found: Found) -> None:
        """Take what a row came to."""
        self._firings += found.firings
        self._skipped += found.skipped
        if found.move is not None:
            self._moves.append(found.move)

    def reject(self, letter: Rejected) -> None:
        """Take what cannot be read."""
        self._letters.append(letter)

    def flush(self, until: int) -> None:
        """Send it all, and only then move next firings on; raises AwsError, FiringsUnsent."""
        beside = [firing for firing in self._firings if firing.data]
        if beside:
            self._sender.send(beside, until)
        apart = [firing for firing in self._firings if not firing.data]
        for start in range(0, len(apart), READ_AT_ONCE):
            self._send_apart(apart[start : start + READ_AT_ONCE], until)
        self._firings.clear()
        # Before any row moves, for whoever comes after a failure does not see it here again.
        if self._skipped:
            self._metrics.count(TimerMetric.FIRINGS_SKIPPED, self._skipped)
            self._skipped = 0
        self._move_on()
        if self._letters:
            self._sender.reject(self._letters)
            self._letters.clear()

    def _send_apart(self, firings: Sequence[Firing], until: int) -> None:
        """Send with data from the timers' own items; who has none was deleted meanwhile."""
        ids = [firing.id for firing in firings]
        data = persistently(self._platform, lambda: self._pages.data(ids))
        there = [firing._replace(data=data[firing.id]) for firing in firings if firing.id in data]
        if there:
            self._sender.send(there, until)

    def _move_on(self) -> None:
        errors = [error for error in self._platform.each(self._move, self._moves) if error]
        if errors:
            raise errors[0]
        self._moves.clear()

    def _move(self, move: Move) -> AwsError | None:
        following: Move | None = move
        for _ in range(_EDITS):
            if following is None:
                return None
            try:
                edited = persistently(self._platform, partial(self._pages.move, following))
            except AwsError as error:
                if error.code != _INVALID:
                    return error
                # It would be so each time, and hold up all others.
                logger.error("row unmovable", extra={"key": following.to.pk})  # noqa: TRY400 - no trace
                self._letters.append(unreadable(following.item))
                return None
            if edited is None:
                return None
            now = self._platform.clock()
            following = next_firing(edited, self._shard, self._window, now).move
        return TransactionCancelled("TimerBusy", "", 0, "TransactWriteItems")
