"""The dashboard of a DurableBatch: items and batches above, what runs them below."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk_streamer._batches.metrics import batch_metric
from cdk_streamer._batches.parts import Parts
from cdk_streamer._operations.widgets import PERIOD, counts, durations, errors, widget
from cdk_streamer_runtime.contract.batches import BatchMetric

_ITEMS = (BatchMetric.DISCOVERED, BatchMetric.PUBLISHED, BatchMetric.FAILED)
_BATCHES = (BatchMetric.BATCHES_SUCCEEDED, BatchMetric.BATCHES_FAILED)


def new_dashboard(scope: Construct, parts: Parts) -> cloudwatch.Dashboard:
    """Create it in `scope`."""
    name, functions = parts.name, parts.functions
    times = [
        batch_metric(name, BatchMetric.BATCH_TIME, statistic).with_(period=PERIOD, label=statistic)
        for statistic in ("p50", "Maximum")
    ]
    below = [errors(functions), durations(functions)] if functions else []
    rows = [
        [
            counts("Items", _metrics(name, _ITEMS)),
            counts("Batches", _metrics(name, _BATCHES)),
            widget("Seconds of a batch", times),
        ],
        [
            counts("Chunks that were tried again", _metrics(name, [BatchMetric.CHUNKS_RETRIED])),
            _given_up(parts),
        ],
        below,
    ]
    return cloudwatch.Dashboard(scope, "Dashboard", widgets=[row for row in rows if row])


def _given_up(parts: Parts) -> cloudwatch.IWidget:
    starter = parts.starter
    queues = {"Items": parts.dead_letters, **({"Starts": starter.failures} if starter else {})}
    return widget(
        "Given up",
        [
            queue.metric_approximate_number_of_messages_visible(
                period=PERIOD, statistic="Maximum", label=label
            )
            for label, queue in queues.items()
        ],
    )


def _metrics(name: str, metrics: Sequence[BatchMetric]) -> list[cloudwatch.Metric]:
    return [batch_metric(name, metric) for metric in metrics]
