"""Items that nobody takes, put aside for people."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.batches.item import BatchItem
from cdk_streamer_runtime.batches.world import Platform
from cdk_streamer_runtime.contract.sinks import KEY_ATTRIBUTE
from cdk_streamer_runtime.documents import size
from cdk_streamer_runtime.outgoing import CALL_BYTES, Message, Outbox, text_of

logger = logging.getLogger(__name__)

_ROOM = 1024  # of a message, for all but its body


class DeadLetters:
    """The queue of them; without one the record of the execution alone tells who failed."""

    def __init__(self, aws: Aws, url: str | None, platform: Platform) -> None:
        """Take the queue's URL."""
        self._outbox = Outbox(aws, url, platform) if url else None

    def put(self, batch_id: str, items: Sequence[tuple[BatchItem, str]]) -> None:
        """Put items aside, each with the reason; the log tells of those that cannot be."""
        if not items:
            return
        about = {"batch_id": batch_id, "items": len(items), "reason": items[0][1]}
        logger.error("items failed", extra=about)
        if self._outbox is None:
            return
        unsent = self._outbox.send([letter(batch_id, item, reason) for item, reason in items])
        if unsent:
            about = {"batch_id": batch_id, "items": len(unsent), "code": unsent[0].code}
            logger.error("dead letters not sent", extra=about)


def letter(batch_id: str, item: BatchItem, reason: str) -> Message:
    """Write a letter; data that is no JSON, or leaves no room for anything else, is left out."""
    told = {"batch_id": batch_id, "id": item.id, "key": item.key, "reason": reason}
    try:
        body = text_of({**told, "data": item.data})
    except (TypeError, ValueError, RecursionError):  # it may be why the item failed
        body = ""
    if not 0 < size(body) <= CALL_BYTES - _ROOM:
        body = text_of({**told, "data": None})
    return Message(body=body, attributes={KEY_ATTRIBUTE: item.key})
