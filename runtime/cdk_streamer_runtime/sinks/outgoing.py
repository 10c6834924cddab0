"""What is sent to a sink: JSON, and what tells it apart from all else that is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.errors import StreamerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to a sink. `data` is JSON.

    What is sent with a `key` is one message however often it is sent; default: a new one. `group`
    is for a FIFO sink, default: as its construct says. `delay` is in whole seconds, up to 900, and
    not for a FIFO sink.
    """

    data: Any
    key: str | None = None
    group: str | None = None
    delay: int | None = None


class NotSent(StreamerError):
    """The queue did not take these messages, in their order; all others were sent.

    They carry the keys that they were sent with, so that nothing is delivered twice when they are
    sent again to a sink that remembers.
    """

    def __init__(self, records: Sequence[Outgoing], code: str) -> None:
        """Take what was not taken, and the service's code for the first of them."""
        super().__init__(f"{len(records)} messages were not taken: {code}; send them again")
        self.records = records
        self.code = code
