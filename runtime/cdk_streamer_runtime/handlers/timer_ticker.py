"""Lambda entry point of the schedule: once a minute."""

from __future__ import annotations

from functools import lru_cache

from cdk_streamer_runtime.contract.timers import TimerTickerEnvironment
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.timers.assembly import in_lambda, metrics_of
from cdk_streamer_runtime.timers.dispatch.ticker import Ticker


@lru_cache(maxsize=1)
def _parts() -> tuple[Ticker, Metrics]:
    settings = TimerTickerEnvironment.from_variables()
    metrics = metrics_of(settings.name)
    return in_lambda().ticker(settings, metrics), metrics


def handler(_event: object, _context: object) -> None:
    """Wake the dispatcher of each shard; how far the slowest has come is measured."""
    ticker, metrics = _parts()
    try:
        ticker.tick()
    finally:
        metrics.flush()
