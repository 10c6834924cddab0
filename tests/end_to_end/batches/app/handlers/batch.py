"""Items by their numbers; where the payload says so, loading waits for a test."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cdk_streamer_runtime.batches import Batch, BatchResult, BatchRun

PAGE = 40

batch = Batch()


@batch.discover
def discover(cursor: int | None, run: BatchRun) -> tuple[list[str], int | None]:
    """Give as many ids as the payload says."""
    start, size = cursor or 0, run.payload["size"]
    end = min(start + PAGE, size)
    return [f"item-{number}" for number in range(start, end)], end if end < size else None


@batch.load
def load(ids: Sequence[str], run: BatchRun) -> dict[str, Any]:
    """Write down that a chunk is being loaded, and wait until a test lets it go on."""
    if "held" in run.payload:
        held = Path(run.payload["held"])
        (held / f"{ids[0]}-{os.getpid()}").touch()
        while ids[0] in run.payload["hold"] and not (held / "go").exists():
            time.sleep(0.02)
    return {id: {"id": id, "batch": run.id} for id in ids}


@batch.aggregate
def aggregate(result: BatchResult, run: BatchRun) -> str:
    """Say it in a word."""
    return f"{result.published} of {result.discovered} for {run.id}"
