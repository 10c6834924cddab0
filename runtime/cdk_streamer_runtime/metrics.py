"""Metrics as CloudWatch's embedded metric format: one line on stdout an invocation, no call.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from cdk_streamer_runtime.contract import METRIC_DIMENSION, METRIC_NAMESPACE

if TYPE_CHECKING:
    from cdk_streamer_runtime.contract import Metric
    from cdk_streamer_runtime.contract.batches import BatchMetric
    from cdk_streamer_runtime.contract.sinks import SinkMetric
    from cdk_streamer_runtime.contract.timers import TimerMetric

    AnyMetric = BatchMetric | Metric | SinkMetric | TimerMetric

VALUES_PER_METRIC = 100
MILLISECONDS, SECONDS = "Milliseconds", "Seconds"


class Metrics:
    """What one invocation measured under the construct's name; threads may share it."""

    def __init__(
        self,
        name: str,
        *,
        dimension: str = METRIC_DIMENSION,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        write: Callable[[str], object] = lambda line: print(line, end="", flush=True),  # noqa: T201 - it is the channel
    ) -> None:
        self._name = name
        self._dimension = dimension
        self._clock = clock
        self._write = write
        self._lock = Lock()
        self._counts: dict[AnyMetric, int] = {}
        self._times: dict[AnyMetric, list[float]] = {}
        self._units: dict[AnyMetric, str] = {}

    def count(self, metric: AnyMetric, value: int = 1) -> None:
        """Add to the sum of a metric."""
        with self._lock:
            self._counts[metric] = self._counts.get(metric, 0) + value

    def milliseconds(self, metric: AnyMetric, value: float) -> None:
        """Keep one duration; percentiles need each of them."""
        self._keep(metric, value, MILLISECONDS)

    def seconds(self, metric: AnyMetric, value: float) -> None:
        """Keep one duration that is measured in seconds."""
        self._keep(metric, value, SECONDS)

    def flush(self) -> None:
        """Write what was measured since the last flush, nothing if there is nothing."""
        with self._lock:
            counts, times = self._counts, self._times
            self._counts, self._times = {}, {}
        while counts or times:
            values: dict[AnyMetric, object] = {**counts}
            values |= {metric: kept[:VALUES_PER_METRIC] for metric, kept in times.items()}
            self._write(self._line(values))
            times = {
                metric: kept[VALUES_PER_METRIC:]
                for metric, kept in times.items()
                if kept[VALUES_PER_METRIC:]
            }
            counts = {}

    def _keep(self, metric: AnyMetric, value: float, unit: str) -> None:
        with self._lock:
            self._times.setdefault(metric, []).append(value)
            self._units[metric] = unit

    def _line(self, values: dict[AnyMetric, object]) -> str:
        definitions = [
            {"Name": metric, "Unit": self._units.get(metric, "Count")} for metric in values
        ]
        document = {
            "_aws": {
                "Timestamp": self._clock(),
                "CloudWatchMetrics": [
                    {
                        "Namespace": METRIC_NAMESPACE,
                        "Dimensions": [[self._dimension]],
                        "Metrics": definitions,
                    }
                ],
            },
            self._dimension: self._name,
            **values,
        }
        return f"{json.dumps(document, separators=(',', ':'))}\n"
