"""Sink for CloudWatch metrics: lines of the embedded metric format, and no call.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.steps import BulkCall, Entry
from cdk_streamer_runtime.streams.sinks.limits import (
    METRIC_DIMENSIONS,
    METRIC_VALUES,
    METRICS,
    METRICS_BYTES,
)
from cdk_streamer_runtime.streams.sinks.requests import Wanted, bulk, members, needed

_UNIT = "None"
_RESERVED = "_aws"
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
_LARGEST = 2.0**360


def put_metrics(
    *,
    namespace: str,
    request: str = "metrics_request",
    response: str = "metrics_response",
    write: Callable[[str], object] = lambda line: print(line, end="", flush=True),  # noqa: T201 - it is the channel
    name: str = "put_metrics",
) -> BulkCall:
    """Give a step that puts metrics: `{"Metrics": {"Orders": 1}, "Dimensions": {"Shop": "x"}}`.

    A metric is a number or `{"Value": 12, "Unit": "Milliseconds"}`. Values of the same dimensions
    and minute share a line, each of them kept for percentiles. The time is the event's. A record
    that comes again is counted again.
    """

    def entry(wanted: Wanted, _world: World) -> Entry:
        given = needed(wanted.request, "Metrics")
        dimensions = {key: str(value) for key, value in members(given, "Dimensions").items()}
        metrics = {key: _metric(key, value) for key, value in members(given, "Metrics").items()}
        _check(dimensions, metrics)
        # As the minute is the smallest period, the second does not matter.
        minute = wanted.uow.event["timestamp"] // 60_000 * 60_000
        value = (json.dumps(dimensions, sort_keys=True), minute, metrics)
        return Entry(value=value, size=len(value[0]) + sum(map(len, metrics)) + 40 * len(metrics))

    def send(values: Sequence[_Measured], _world: World) -> list[Any]:
        for document in _documents(values, namespace):
            write(f"{json.dumps(document, separators=(',', ':'))}\n")
        return [{} for _ in values]

    return bulk(
        name=name,
        request=request,
        response=response,
        entry=entry,
        send=send,
        count=METRIC_VALUES,
        size=METRICS_BYTES // 2,  # names and units are written once more
        uses=(),
        ordered=False,
    )


_Measured = tuple[str, int, dict[str, tuple[float, str]]]  # dimensions, time, values with units


def _metric(name: str, value: Any) -> tuple[float, str]:  # noqa: ANN401 - a user's
    given, unit = value, _UNIT
    if isinstance(value, Mapping):
        told = cast("Mapping[str, Any]", value)
        given, unit = told.get("Value"), str(told.get("Unit", _UNIT))
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise TypeError(f"the metric {name!r} must be a number, got {type(given).__name__}")
    if not -_LARGEST <= given <= _LARGEST:
        raise ValueError(f"the metric {name!r} must be a number that CloudWatch takes")
    return given, unit


def _check(dimensions: Mapping[str, str], metrics: Mapping[str, object]) -> None:
    if len(dimensions) > METRIC_DIMENSIONS:
        raise ValueError(f"a metric has at most {METRIC_DIMENSIONS} dimensions")
    if not 1 <= len(metrics) <= METRICS:
        raise ValueError(f"1 to {METRICS} metrics go together, got {len(metrics)}")
    if both := {*dimensions, _RESERVED} & metrics.keys():
        raise ValueError(f"a metric must not be called like a dimension, got {sorted(both)}")


def _documents(values: Sequence[_Measured], namespace: str) -> Iterator[dict[str, Any]]:
    groups: dict[tuple[str, int], list[dict[str, tuple[float, str]]]] = {}
    for dimensions, minute, metrics in values:
        groups.setdefault((dimensions, minute), []).append(metrics)
    for (dimensions, minute), measured in groups.items():
        found: dict[str, list[float]] = {}
        units: dict[str, str] = {}
        for metrics in measured:
            for name, (value, unit) in metrics.items():
                found.setdefault(name, []).append(value)
                units[name] = unit
        names = list(found)
        for start in range(0, len(names), METRICS):
            part = names[start : start + METRICS]
            kept = {name: found[name] for name in part}
            yield _document(namespace, minute, json.loads(dimensions), kept, units)


def _document(
    namespace: str,
    minute: int,
    dimensions: Mapping[str, str],
    values: Mapping[str, Sequence[float]],
    units: Mapping[str, str],
) -> dict[str, Any]:
    definition = {
        "Namespace": namespace,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name, "Unit": units[name]} for name in values],
    }
    return {
        "_aws": {"Timestamp": minute, "CloudWatchMetrics": [definition]},
        **dimensions,
        **values,
    }
