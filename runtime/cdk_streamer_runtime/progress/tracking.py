"""Reporting while something is iterated over."""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from cdk_streamer_runtime.progress.progress import Progress

T = TypeVar("T")

PAUSE = 0.05  # seconds; half of what the fastest default reader gets to see


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What all reports of one iteration say alike."""

    total: float | None
    message: str | None
    unit: str | None
    step: str | None


class Tracking:
    """Reports how many items are done; often enough to look alive, seldom enough to cost little."""

    def __init__(self, progress: Progress, labels: Labels) -> None:
        """Take where to report, and what else to say."""
        self._progress = progress
        self._labels = labels
        self._last = 0
        self._next_count = 0.0
        self._next_time = 0.0

    def over(self, items: Iterable[T]) -> Iterator[T]:
        """Give the items; one counts as done when the next is asked for."""
        count = 0
        self._told(count)
        for item in items:
            yield item
            count += 1
            self._tell(count)
        self._finish(count)

    async def over_async(self, items: AsyncIterable[T]) -> AsyncIterator[T]:
        """Give the items; one counts as done when the next is asked for."""
        count = 0
        self._told(count)
        async for item in items:
            yield item
            count += 1
            self._tell(count)
        self._finish(count)

    def _tell(self, count: int) -> None:
        # Each of the first hundred; then a thousandth of the whole, or a hundredth of what is done.
        if count < self._next_count and time.monotonic() < self._next_time:
            self._progress.check()
        else:
            self._told(count)

    def _finish(self, count: int) -> None:
        # The loop may just as well have told it already; another one would be a tick for nothing.
        if count != self._last:
            self._told(count)

    def _told(self, count: int) -> None:
        labels = self._labels
        total = labels.total
        self._last = count
        self._next_count = count + (count / 100 if total is None else total / 1_000)
        self._next_time = time.monotonic() + PAUSE
        self._progress.report(
            100 if total == 0 else None,
            labels.message,
            current=count,
            total=total,
            unit=labels.unit,
            step=labels.step,
        )


def total_of(items: object, total: float | None) -> float | None:
    """Give how many items there will be, None if nobody knows; raises ValueError."""
    if total is None:
        return len(items) if isinstance(items, Sized) else None
    if not total >= 0:
        raise ValueError(f"total must be 0 or more, got {total!r}; leave it out if it is not known")
    return total
