"""What functions measure: values of the embedded metric format, added up by second.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

KEPT_SECONDS = 300
KEPT_VALUES = 500  # of a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A metric of somebody: `of` are the values of its dimensions."""

    metric: str
    unit: str
    of: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Second:
    second: int
    total: float
    count: int
    most: float
    values: list[float]


class Metrics:
    """The metrics of the last minutes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[Name, deque[_Second]] = {}

    def take(self, text: str, at: float) -> bool:
        """Take a printed line; tells whether it was a record of metrics."""
        if not text.startswith("{") or '"_aws"' not in text:
            return False
        try:
            record = cast("dict[str, Any]", json.loads(text))
        except ValueError:
            return False
        with self._lock:
            for name, values in _measured(record):
                for value in values:
                    self._add(name, int(at), value)
        return True

    def series(self, metric: str, **dimensions: str) -> list[tuple[int, float, int, float]]:
        """Give second, sum, count and maximum of each second with values, oldest first.

        All that have these dimensions are one series.
        """
        wanted = set(dimensions.items())
        with self._lock:
            found = [
                values
                for name, values in self._values.items()
                if name.metric == metric and wanted <= set(name.of)
            ]
            seconds: dict[int, tuple[float, int, float]] = {}
            for values in found:
                for each in values:
                    total, count, most = seconds.get(each.second, (0.0, 0, each.most))
                    seconds[each.second] = (
                        total + each.total,
                        count + each.count,
                        max(most, each.most),
                    )
        return [(second, *seconds[second]) for second in sorted(seconds)]

    def values(self, metric: str, **dimensions: str) -> list[tuple[int, list[float]]]:
        """Give second and values of each second with any, in no order: for percentiles."""
        wanted = set(dimensions.items())
        with self._lock:
            return [
                (each.second, list(each.values))
                for name, values in self._values.items()
                if name.metric == metric and wanted <= set(name.of)
                for each in values
            ]

    def names(self) -> list[Name]:
        """Give what was measured at all."""
        with self._lock:
            return list(self._values)

    def _add(self, name: Name, second: int, value: float) -> None:
        values = self._values.setdefault(name, deque())
        if values and values[-1].second == second:
            last = values[-1]
            last.total, last.count = last.total + value, last.count + 1
            last.most = max(last.most, value)
            if len(last.values) < KEPT_VALUES:
                last.values.append(value)
        else:
            values.append(_Second(second, value, 1, value, [value]))
        while values[0].second < second - KEPT_SECONDS:
            values.popleft()


def _measured(record: Mapping[str, Any]) -> Iterator[tuple[Name, list[float]]]:
    directives = cast("list[dict[str, Any]]", record["_aws"].get("CloudWatchMetrics", []))
    for directive in directives:
        keys = {key for keys in directive.get("Dimensions", [[]]) for key in keys}
        of = tuple(sorted((key, str(record.get(key, ""))) for key in keys))
        for metric in directive.get("Metrics", []):
            value = record.get(metric["Name"])
            values: list[Any] = cast("list[Any]", value) if isinstance(value, list) else [value]
            numbers = [float(each) for each in values if isinstance(each, int | float)]
            name = Name(metric=metric["Name"], unit=metric.get("Unit", ""), of=of)
            yield name, numbers
