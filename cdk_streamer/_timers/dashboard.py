"""The dashboard of a PeriodicTimer: whether firings are in time above, what runs them below."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk_streamer._operations.metrics import timer_metric
from cdk_streamer._operations.widgets import (
    PERIOD,
    counts,
    dead_letters,
    durations,
    errors,
    oldest_messages,
    widget,
)
from cdk_streamer._timers.callback import Callback
from cdk_streamer._timers.parts import Parts
from cdk_streamer_runtime.contract.timers import TimerMetric

_FIRINGS = (
    TimerMetric.ENQUEUED,
    TimerMetric.FIRINGS_SKIPPED,
    TimerMetric.FIRINGS_DROPPED,
    TimerMetric.FIRINGS_REPEATED,
)
_TROUBLES = (TimerMetric.SEND_RETRIES, TimerMetric.FIRINGS_REJECTED)


def new_dashboard(scope: Construct, parts: Parts, callback: Callback) -> cloudwatch.Dashboard:
    """Create it in `scope`."""
    name = parts.timers.name
    functions = parts.functions(callback)
    lag = timer_metric(name, TimerMetric.WATERMARK_LAG, "Maximum")
    stage = parts.endpoint.stage
    rows = [
        [
            counts("Firings", _metrics(name, _FIRINGS)),
            widget("Fire lateness", [_lateness(name, "p50"), _lateness(name, "p99")]),
            widget("Watermark lag", [lag.with_(period=PERIOD, label="slowest shard")]),
        ],
        [
            counts("Firings that went wrong", _metrics(name, _TROUBLES)),
            widget(
                "REST API",
                [
                    stage.metric_count(period=PERIOD, label="requests"),
                    stage.metric_client_error(period=PERIOD, statistic="Sum", label="refused"),
                    stage.metric_server_error(period=PERIOD, statistic="Sum", label="failed"),
                ],
            ),
            errors(functions),
        ],
        [oldest_messages(parts.queues), dead_letters(parts.queues), durations(functions)],
    ]
    return cloudwatch.Dashboard(scope, "Dashboard", widgets=rows)


def _lateness(name: str, statistic: str) -> cloudwatch.IMetric:
    lateness = timer_metric(name, TimerMetric.FIRE_LATENESS, statistic)
    return lateness.with_(period=PERIOD, label=statistic)


def _metrics(name: str, metrics: Sequence[TimerMetric]) -> list[cloudwatch.Metric]:
    return [timer_metric(name, metric) for metric in metrics]
