"""What a batch is made of: items, each with a key that all of its duplicates have."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cdk_streamer_runtime.documents import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchItem:
    """One item to publish. `data` is what `load` gave for its id; without `load` it is the id.

    An item may be published twice, after a crash: both times it has the same `key`, and no other
    item of any batch has that.
    """

    id: str
    key: str
    data: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRun:
    """The run that a function is called for: the same values however often it goes on."""

    id: str
    payload: Any
    started_at: datetime


def item_key(batch_id: str, item_id: str) -> str:
    """Give what an item is known by wherever it is published to."""
    # As a list: ("ab", "c") and ("a", "bc") must not meet in one key.
    return hashlib.sha256(encode([batch_id, item_id]).encode()).hexdigest()
