"""The dashboard of a ThrottledSink: how fast and whether above, what waits and fails below."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk_streamer._operations.metrics import sink_metric
from cdk_streamer._operations.widgets import (
    PERIOD,
    counts,
    durations,
    errors,
    oldest_messages,
    widget,
)
from cdk_streamer._sinks.metrics import delivery_rate
from cdk_streamer._sinks.parts import Parts
from cdk_streamer_runtime.contract.sinks import SinkMetric

_DELIVERIES = (SinkMetric.DELIVERED, SinkMetric.REPEATED, SinkMetric.REJECTED)
_LATER = (
    SinkMetric.FAILED,
    SinkMetric.UNAVAILABLE,
    SinkMetric.HANDED_BACK,
    SinkMetric.THROTTLED,
)
_TRIALS = (SinkMetric.CIRCUIT_OPENED, SinkMetric.PROBES)


def new_dashboard(scope: Construct, parts: Parts) -> cloudwatch.Dashboard:
    """Create it in `scope`."""
    name, functions = parts.name, parts.functions
    opened = sink_metric(name, SinkMetric.CIRCUIT_OPEN, "Maximum")
    rows = [
        [
            widget("Messages a second", [delivery_rate(name, PERIOD)]),
            widget("Polling paused", [opened.with_(period=PERIOD, label="paused")]),
            counts("Openings and probes", _metrics(name, _TRIALS)),
        ],
        [
            counts("Deliveries", _metrics(name, _DELIVERIES)),
            counts("Messages that come again", _metrics(name, _LATER)),
            widget(
                "Delivery and waiting times",
                [
                    _time(name, SinkMetric.DELIVERY_TIME, "p50"),
                    _time(name, SinkMetric.DELIVERY_TIME, "p99"),
                    _time(name, SinkMetric.PACE_WAIT, "p99"),
                ],
            ),
        ],
        [_waiting(parts), oldest_messages(parts.queues), _given_up(parts)],
        [errors(functions), durations(functions)],
    ]
    return cloudwatch.Dashboard(scope, "Dashboard", widgets=rows)


def _waiting(parts: Parts) -> cloudwatch.IWidget:
    queue = parts.storage.messages.queue
    return widget(
        "Messages that wait",
        [
            queue.metric_approximate_number_of_messages_visible(
                period=PERIOD, statistic="Maximum", label="visible"
            ),
            queue.metric_approximate_number_of_messages_not_visible(
                period=PERIOD, statistic="Maximum", label="in flight or hidden"
            ),
        ],
    )


def _given_up(parts: Parts) -> cloudwatch.IWidget:
    storage = parts.storage
    queues = {
        "DeadLetters": storage.messages.dead_letters,
        "Rejected": storage.rejected,
        "CommandDeadLetters": storage.commands.dead_letters,
    }
    return widget(
        "Waiting for somebody",
        [
            queue.metric_approximate_number_of_messages_visible(
                period=PERIOD, statistic="Maximum", label=label
            )
            for label, queue in queues.items()
        ],
    )


def _time(name: str, metric: SinkMetric, statistic: str) -> cloudwatch.IMetric:
    label = f"{metric.value} {statistic}"
    return sink_metric(name, metric, statistic).with_(period=PERIOD, label=label)


def _metrics(name: str, metrics: Sequence[SinkMetric]) -> list[cloudwatch.Metric]:
    return [sink_metric(name, metric) for metric in metrics]
