"""What a batch is of."""

from __future__ import annotations

from cdk_streamer_runtime.batches import Batch

batch = Batch()


@batch.discover
def discover(cursor: str | None) -> tuple[list[str], str | None]:
    """Find one thing."""
    del cursor
    return ["thing"], None
