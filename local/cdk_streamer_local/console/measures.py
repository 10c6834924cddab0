"""What functions measured, as pictures need it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from cdk_streamer_local.console.metrics import Metrics

Pairs = Sequence[tuple[int, float]]  # seconds and what was in them, oldest first


def sums(metrics: Metrics, metric: str, **dimensions: str) -> Pairs:
    """Give the seconds in which there was any."""
    series = metrics.series(metric, **dimensions)
    return [(second, total) for second, total, _, _ in series if total]


def recent(pairs: Pairs, seconds: int) -> float:
    """Add up the last seconds."""
    begin = time.time() - seconds
    return sum(number for second, number in pairs if second > begin)


def mean_and_most(
    metrics: Metrics, metric: str, seconds: int, **dimensions: str
) -> tuple[float, float] | None:
    """Give the mean and the largest value of the last seconds; None: there was none."""
    begin = time.time() - seconds
    found = [each for each in metrics.series(metric, **dimensions) if each[0] > begin]
    count = sum(each[2] for each in found)
    if not count:
        return None
    return sum(each[1] for each in found) / count, max(each[3] for each in found)
