"""The dashboard of an AsyncRequestApi: what its clients see above, what runs it below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch, aws_lambda as lambda_
from constructs import Construct

from cdk_streamer._operations.metrics import durable_failures, function_metric, runtime_metric
from cdk_streamer._operations.widgets import (
    PERIOD,
    counts,
    dead_letters,
    durations,
    errors,
    oldest_messages,
    widget,
)
from cdk_streamer._requests.parts import Parts
from cdk_streamer_runtime.contract import Metric

_ENDS = (
    Metric.REQUESTS_QUEUED,
    Metric.REQUESTS_SUCCEEDED,
    Metric.REQUESTS_FAILED,
    Metric.REQUESTS_CANCELLED,
    Metric.REQUESTS_EXPIRED,
)
_REPAIRS = (Metric.REQUESTS_RETRIED, Metric.LEASES_LOST)
_POSTS = (Metric.PROGRESS_POSTS, Metric.POST_FAILURES, Metric.CONNECTIONS_GONE)
_REFUSALS = (Metric.AUTH_FAILURES, Metric.REQUESTS_LIMITED)
_WEBHOOKS = (Metric.WEBHOOKS_DELIVERED, Metric.WEBHOOKS_FAILED)


def new_dashboard(
    scope: Construct, parts: Parts, functions: Mapping[str, lambda_.IFunction]
) -> cloudwatch.Dashboard:
    """Create it; `functions` are shown by these names."""
    name = parts.requests.name
    rows = [
        [
            counts("Requests", _metrics(name, _ENDS)),
            widget("Queue age", [_age(name, "p50"), _age(name, "p99")]),
            counts("Attempts that went wrong", _metrics(name, _REPAIRS)),
        ],
        [
            counts("Posts", _metrics(name, _POSTS)),
            counts("Refused", _metrics(name, _REFUSALS)),
            errors(functions),
        ],
        [oldest_messages(parts.queues), dead_letters(parts.queues), durations(functions)],
        _last_row(parts),
    ]
    return cloudwatch.Dashboard(scope, "Dashboard", widgets=[row for row in rows if row])


def _last_row(parts: Parts) -> list[cloudwatch.IWidget]:
    dispatching = function_metric(parts.dispatcher, "IteratorAge", "Maximum", PERIOD)
    row = [widget("Dispatcher's age", [dispatching])]
    if parts.webhook is not None:
        row.append(counts("Webhooks", _metrics(parts.requests.name, _WEBHOOKS)))
    if parts.durable is not None:
        started = function_metric(parts.durable, "DurableExecutionStarted", "Sum", PERIOD)
        row.append(widget("Durable executions", [started, durable_failures(parts.durable, PERIOD)]))
    return row


def _age(name: str, statistic: str) -> cloudwatch.IMetric:
    return runtime_metric(name, Metric.QUEUE_AGE, statistic).with_(period=PERIOD, label=statistic)


def _metrics(name: str, metrics: Sequence[Metric]) -> list[cloudwatch.Metric]:
    return [runtime_metric(name, metric) for metric in metrics]
