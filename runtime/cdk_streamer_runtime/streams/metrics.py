"""What an invocation measured, by stream, pipeline and step: lines of embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock
from typing import Any

from cdk_streamer_runtime.contract import METRIC_NAMESPACE
from cdk_streamer_runtime.contract.streams import (
    PIPELINE_DIMENSION,
    STEP_DIMENSION,
    STREAM_DIMENSION,
    StreamMetric,
)
from cdk_streamer_runtime.metrics import MILLISECONDS, VALUES_PER_METRIC

COUNT = "Count"
# Several pipelines take the same event: their sum would count it as often.
_BY_PIPELINE = frozenset({StreamMetric.EVENTS})
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
_DIMENSION_CHARACTERS = 1024
_DIGITS = 3  # of a duration that is one of very many: a percentile is off by half a percent

_Values = list[float] | dict[str, Any]
_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(slots=True)
class _Group:
    """What was measured under the same dimensions."""

    dimensions: dict[str, str]
    counts: dict[StreamMetric, int] = field(default_factory=dict[StreamMetric, int])
    times: dict[StreamMetric, list[float]] = field(default_factory=dict[StreamMetric, list[float]])


class StreamMetrics:
    """The `Meter` of a processor under its construct's name; threads may share it."""

    def __init__(
        self,
        name: str,
        *,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        write: Callable[[str], object] = lambda line: print(line, end="", flush=True),  # noqa: T201 - it is the channel
    ) -> None:
        self._name = name
        self._clock = clock
        self._write = write
        self._lock = Lock()
        self._groups: dict[tuple[str, str], _Group] = {}

    def count(
        self, metric: StreamMetric, value: int = 1, /, *, pipeline: str = "", step: str = ""
    ) -> None:
        """Add to the sum of a metric."""
        with self._lock:
            counts = self._group(pipeline, step).counts
            counts[metric] = counts.get(metric, 0) + value

    def milliseconds(
        self, metric: StreamMetric, /, *values: float, pipeline: str = "", step: str = ""
    ) -> None:
        """Keep durations, each of them: percentiles need it."""
        if values:
            with self._lock:
                self._group(pipeline, step).times.setdefault(metric, []).extend(values)

    def flush(self) -> None:
        """Write what was measured since the last flush, nothing if there is nothing."""
        with self._lock:
            groups, self._groups = self._groups, {}
        for group in groups.values():
            for line in _lines(group, self._clock()):
                self._write(f"{_encode(line)}\n")

    def _group(self, pipeline: str, step: str) -> _Group:
        group = self._groups.get((pipeline, step))
        if group is None:
            named = {
                STREAM_DIMENSION: self._name,
                PIPELINE_DIMENSION: pipeline,
                STEP_DIMENSION: step,
            }
            dimensions = {name: _dimension(value) for name, value in named.items() if value}
            group = self._groups[pipeline, step] = _Group(dimensions)
        return group


def _lines(group: _Group, now: int) -> Iterator[dict[str, Any]]:
    """Give the documents: the first has the counts, each has as many durations as it may."""
    values: dict[StreamMetric, Any] = {**group.counts}
    parts = {metric: _parts(times) for metric, times in group.times.items()}
    while True:
        values |= {metric: part for metric, each in parts.items() if (part := next(each, None))}
        if not values:
            return
        yield {
            "_aws": {"Timestamp": now, "CloudWatchMetrics": _directives(group, values)},
            **group.dimensions,
            **values,
        }
        values = {}


def _directives(group: _Group, values: Mapping[StreamMetric, Any]) -> list[dict[str, Any]]:
    own = list(group.dimensions)
    # A sum is also one of the pipeline and of the whole processor, for alarms; durations of
    # different steps would make percentiles of nothing.
    sums = [each for each in values if each in group.counts and each not in _BY_PIPELINE]
    above = [own[:length] for length in range(1, len(own) + 1)]
    others = [each for each in values if each not in sums]
    return [
        {
            "Namespace": METRIC_NAMESPACE,
            "Dimensions": dimensions,
            "Metrics": [
                {"Name": metric, "Unit": MILLISECONDS if metric in group.times else COUNT}
                for metric in metrics
            ],
        }
        for metrics, dimensions in ((others, [own]), (sums, above))
        if metrics
    ]


def _parts(times: list[float]) -> Iterator[_Values]:
    """Give durations in parts that a document takes."""
    if len(times) <= VALUES_PER_METRIC:
        yield times
        return
    # Each value with how often it was there: what AWS's own OpenTelemetry exporters write too.
    # https://github.com/aws-observability/aws-otel-js-instrumentation/pull/228
    counted = iter(sorted(Counter(float(f"{each:.{_DIGITS}g}") for each in times).items()))
    while part := list(islice(counted, VALUES_PER_METRIC)):
        values = [value for value, _ in part]
        counts = [count for _, count in part]
        yield {
            "Values": values,
            "Counts": counts,
            "Max": values[-1],
            "Min": values[0],
            "Count": sum(counts),
            "Sum": sum(value * count for value, count in part),
        }


def _dimension(value: str) -> str:
    # CloudWatch takes ASCII alone, and no control characters.
    plain = value.encode("ascii", "replace").decode()
    shown = "".join(each if each.isprintable() else "?" for each in plain).strip(" :")
    return shown[:_DIMENSION_CHARACTERS] or "?"
