"""Keys of the items in a sink's table."""

from __future__ import annotations

import hashlib

from cdk_streamer_runtime.contract import PARTITION_KEY, SORT_KEY
from cdk_streamer_runtime.contract.sinks import SinkRow


def row_key(row: SinkRow, message: str | None = None) -> dict[str, str]:
    """Give the key of an item; that of a message by the message's key, however long that is."""
    if message is None:
        return {PARTITION_KEY: row, SORT_KEY: row}
    digest = hashlib.sha256(message.encode("utf-8", "surrogatepass")).hexdigest()
    return {PARTITION_KEY: f"{row}#{digest}", SORT_KEY: row}
