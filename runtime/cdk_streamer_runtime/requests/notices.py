"""The webhooks of requests that have ended: asked for here, sent by a function of their own."""

from __future__ import annotations

from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import ConditionFailed
from cdk_streamer_runtime.requests.items import item_key
from cdk_streamer_runtime.requests.queues import Queue, WorkMessage
from cdk_streamer_runtime.requests.request import Request

# A first attempt has ended by then: later, nothing of it means that nobody was asked for it.
GRACE = 60_000


class Notices:
    """Asks for webhooks, and remembers what became of them. Without a queue there are none."""

    def __init__(self, table: Table, queue: Queue | None) -> None:
        """Take where requests are, and where webhooks are asked for."""
        self._table = table
        self._queue = queue

    def ask(self, request: Request) -> None:
        """Ask for the webhook of a request, if it has one; asked twice, it may be called twice."""
        if self._queue is not None and request.webhook is not None:
            self._queue.send(
                WorkMessage(key=request.key, attempt=request.attempt, trace=request.trace)
            )

    def owed(self, request: Request, now: int) -> int | None:
        """Ask once more if nobody seems to have asked, and tell when to look again; None: never."""
        if self._queue is None or request.webhook is None:
            return None
        if request.notified_at is not None or request.notice_tried_at is not None:
            return None
        age = now - (request.ended_at or 0)
        if age < GRACE:
            return GRACE - age
        self.ask(request)
        return None

    def tried(self, key: str, now: int) -> None:
        """Remember that a webhook was called in vain: its message is there to try again."""
        self._set("notice_tried_at", key, now)

    def done(self, key: str, now: int) -> None:
        """Remember that nothing is to be told any more: it is known, or not wanted."""
        self._set("notified_at", key, now)

    def _set(self, attribute: str, key: str, now: int) -> None:
        try:
            self._table.update(
                item_key(key),
                "SET #at = :now",
                condition="attribute_exists(pk) AND attribute_not_exists(#at)",
                names={"#at": attribute},
                values={":now": now},
            )
        except ConditionFailed:
            return  # it was remembered before, or the request's time is over
