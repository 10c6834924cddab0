"""The dashboard of an AsyncRequestApi: what its clients see above, what runs it below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, aws_cloudwatch as cloudwatch, aws_lambda as lambda_
from constructs import Construct

from cdk_streamer._operations.metrics import durable_failures, function_metric, runtime_metric
from cdk_streamer._requests.parts import Parts
from cdk_streamer_runtime.contract import Metric

_PERIOD = Duration.minutes(5)
_WIDTH = 8

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
            _counts(name, "Requests", _ENDS),
            _widget("Queue age", [_age(name, "p50"), _age(name, "p99")]),
            _counts(name, "Attempts that went wrong", _REPAIRS),
        ],
        [
            _counts(name, "Posts", _POSTS),
            _counts(name, "Refused", _REFUSALS),
            _widget(
                "Function errors",
                [
                    function_metric(function, "Errors", "Sum", _PERIOD).with_(label=label)
                    for label, function in functions.items()
                ],
            ),
        ],
        [
            _widget("Oldest message", _oldest(parts)),
            _widget("Dead letters", _dead_letters(parts)),
            _widget(
                "Function durations, p99",
                [
                    function_metric(function, "Duration", "p99", _PERIOD).with_(label=label)
                    for label, function in functions.items()
                ],
            ),
        ],
        _last_row(parts),
    ]
    return cloudwatch.Dashboard(scope, "Dashboard", widgets=[row for row in rows if row])


def _last_row(parts: Parts) -> list[cloudwatch.IWidget]:
    dispatching = function_metric(parts.dispatcher, "IteratorAge", "Maximum", _PERIOD)
    row = [_widget("Dispatcher's age", [dispatching])]
    if parts.webhook is not None:
        row.append(_counts(parts.requests.name, "Webhooks", _WEBHOOKS))
    if parts.durable is not None:
        started = function_metric(parts.durable, "DurableExecutionStarted", "Sum", _PERIOD)
        row.append(
            _widget("Durable executions", [started, durable_failures(parts.durable, _PERIOD)])
        )
    return row


def _oldest(parts: Parts) -> list[cloudwatch.IMetric]:
    return [
        queue.queue.metric_approximate_age_of_oldest_message(
            period=_PERIOD, statistic="Maximum", label=queue.node.id
        )
        for queue in parts.queues
    ]


def _dead_letters(parts: Parts) -> list[cloudwatch.IMetric]:
    return [
        queue.dead_letters.metric_approximate_number_of_messages_visible(
            period=_PERIOD, statistic="Maximum", label=queue.node.id
        )
        for queue in parts.queues
    ]


def _age(name: str, statistic: str) -> cloudwatch.IMetric:
    return runtime_metric(name, Metric.QUEUE_AGE, statistic).with_(period=_PERIOD, label=statistic)


def _counts(name: str, title: str, metrics: Sequence[Metric]) -> cloudwatch.IWidget:
    return _widget(
        title,
        [runtime_metric(name, metric).with_(period=_PERIOD, label=metric) for metric in metrics],
    )


def _widget(title: str, metrics: Sequence[cloudwatch.IMetric]) -> cloudwatch.IWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=_WIDTH)
