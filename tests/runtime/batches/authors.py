"""Batches as their authors write them, of so many users."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.batches import Batch

PAGE = 4_000


def users(count: int) -> list[str]:
    return [f"user-{number}" for number in range(count)]


def batch_of(count: int, *, page: int = PAGE, loads: bool = False) -> Batch:
    """Give a batch that discovers so many users, page by page."""
    batch = Batch()

    @batch.discover
    def discover(cursor: int | None) -> tuple[list[str], int | None]:
        start = cursor or 0
        end = min(start + page, count)
        return [f"user-{number}" for number in range(start, end)], end if end < count else None

    if loads:

        @batch.load
        def load(ids: list[str]) -> dict[str, Any]:
            return {id: {"user": id} for id in ids}

    return batch
