"""Counting in a pipeline: steps need not know which one they are in."""

from __future__ import annotations

from dataclasses import replace

from cdk_streamer_runtime.contract.streams import StreamMetric
from cdk_streamer_runtime.streams.engine.world import Meter, World


def in_pipeline(world: World, pipeline: str) -> World:
    """Give the same world, but what is counted in it is of this pipeline."""
    return replace(world, meter=PipelineMeter(world.meter, pipeline))


class PipelineMeter:
    """Fills in the pipeline where nobody says it."""

    def __init__(self, meter: Meter, pipeline: str) -> None:
        self._meter = meter
        self._pipeline = pipeline

    def count(
        self, metric: StreamMetric, value: int = 1, /, *, pipeline: str = "", step: str = ""
    ) -> None:
        """Add to the sum of a metric."""
        self._meter.count(metric, value, pipeline=pipeline or self._pipeline, step=step)

    def milliseconds(
        self, metric: StreamMetric, /, *values: float, pipeline: str = "", step: str = ""
    ) -> None:
        """Keep durations, each of them."""
        self._meter.milliseconds(metric, *values, pipeline=pipeline or self._pipeline, step=step)
