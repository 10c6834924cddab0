"""The batch: which images there are, and where each is."""

from __future__ import annotations

from collections.abc import Sequence

from cdk_streamer_runtime.batches import Batch, BatchRun

from . import images

batch = Batch()


@batch.discover
def discover(cursor: str | None, run: BatchRun) -> tuple[Sequence[str], str | None]:
    """Give a page of the images' names."""
    return images.names(run.payload["folder"], cursor)


@batch.load
def load(ids: Sequence[str], run: BatchRun) -> dict[str, str]:
    """Give the key of each image: a function reads it, so that no message carries it."""
    return {name: f"{run.payload['folder']}/{name}" for name in ids}
