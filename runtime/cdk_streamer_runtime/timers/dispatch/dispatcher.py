"""Sends what a shard's timers fire soon: one minute after the other, up to the look-ahead.

A minute is claimed before it is read. Whoever changes a timer looks at the claim afterwards: so
either the reader has seen the change, or the writer sees the claim and sends by himself.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from cdk_streamer_runtime.documents import decode
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.timers.dispatch.lease import DURATION, Lease
from cdk_streamer_runtime.timers.dispatch.outbox import Outbox
from cdk_streamer_runtime.timers.dispatch.window import OutOfTime, Window
from cdk_streamer_runtime.timers.faults import FiringsUnsent
from cdk_streamer_runtime.timers.sending.sender import Sender
from cdk_streamer_runtime.timers.table.pages import Pages
from cdk_streamer_runtime.timers.table.shards import Fenced, Shards
from cdk_streamer_runtime.timers.world import Meter, Platform

logger = logging.getLogger(__name__)

# Milliseconds before the process ends: enough for a flush that is under way and a last write.
FAREWELL = 10_000


class Dispatcher:
    """Dispatches shards, each on demand of a tick; ticks may be late, lost, or come twice."""

    def __init__(
        self,
        *,
        shards: Shards,
        pages: Pages,
        sender: Sender,
        platform: Platform,
        metrics: Meter,
        look_ahead: int,
    ) -> None:
        """Take the parts; `look_ahead` is in seconds."""
        self._shards = shards
        self._pages = pages
        self._sender = sender
        self._platform = platform
        self._metrics = metrics
        self._look_ahead = look_ahead * 1000

    def handle(self, event: Mapping[str, Any], remaining: int) -> list[str]:
        """Dispatch the shards of an SQS event within `remaining` milliseconds.

        Gives the ids of messages that are no ticks. A tick is never received again for an AWS
        error: the next one comes sooner.
        """
        deadline = self._platform.clock() + remaining - FAREWELL
        strangers: list[str] = []
        for record in event["Records"]:
            try:
                shard = _shard_of(record["body"])
            except (KeyError, TypeError, ValueError):
                logger.exception("tick unreadable", extra={"message_id": record["messageId"]})
                strangers.append(record["messageId"])
                continue
            try:
                self.dispatch(shard, deadline)
            except AwsError as error:
                extra = {"shard": shard, "code": error.code}
                logger.warning("shard not dispatched", extra=extra)
        return strangers

    def dispatch(self, name: str, deadline: int) -> None:
        """Send all that fires before now + look-ahead and was not sent; raises AwsError.

        Does nothing when somebody else is at it. At `deadline`, in milliseconds, it has ended.
        """
        now = self._platform.clock()
        shard = self._shards.opened(name, now)
        if shard.done_until * 1000 >= now + self._look_ahead or shard.lease_until > now:
            return
        held = self._shards.acquired(
            shard, token=self._platform.new_id(), now=now, until=now + DURATION
        )
        if held is None:
            return
        lease = Lease(self._shards, held, self._platform, deadline)
        try:
            while self._is_claimed_on(lease):
                pass
        except Fenced:
            logger.warning("shard taken over", extra={"shard": name})

    def _is_claimed_on(self, lease: Lease) -> bool:
        """Send one window; tell whether there is another one to send."""
        outbox = Outbox(
            shard=lease.shard,
            window=lease.window,
            pages=self._pages,
            sender=self._sender,
            platform=self._platform,
            metrics=self._metrics,
        )
        window = Window(lease, self._pages, outbox, self._platform)
        try:
            window.run()
        except (AwsError, FiringsUnsent, OutOfTime) as error:
            reason = getattr(error, "code", "OutOfTime")
            extra = {"shard": lease.shard, "window": lease.window, "code": reason}
            logger.warning("window interrupted", extra=extra)
            lease.give_back(window.cursor)
            return False
        return lease.advance(self._platform.clock() + self._look_ahead)


def _shard_of(body: str) -> str:
    """Read a tick; raises KeyError, TypeError or ValueError for what is none."""
    shard: object = decode(body)["shard"]
    if not isinstance(shard, str):
        raise TypeError("a shard's name must be a text")
    return shard
