"""Widgets of dashboards: three in a row, five minutes a point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, aws_cloudwatch as cloudwatch, aws_lambda as lambda_

from cdk_streamer._operations.metrics import function_metric
from cdk_streamer._resources.queue import RedrivenQueue

PERIOD = Duration.minutes(5)

_WIDTH = 8


def widget(title: str, metrics: Sequence[cloudwatch.IMetric]) -> cloudwatch.IWidget:
    """Show some metrics as lines."""
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=_WIDTH)


def counts(title: str, metrics: Sequence[cloudwatch.Metric]) -> cloudwatch.IWidget:
    """Show how often things happened, each under the name of its metric."""
    return widget(
        title, [metric.with_(period=PERIOD, label=metric.metric_name) for metric in metrics]
    )


def errors(functions: Mapping[str, lambda_.IFunction]) -> cloudwatch.IWidget:
    """Show how often each function failed."""
    return _of_functions("Function errors", "Errors", "Sum", functions)


def durations(functions: Mapping[str, lambda_.IFunction]) -> cloudwatch.IWidget:
    """Show how long each function took at most, but for one invocation in a hundred."""
    return _of_functions("Function durations, p99", "Duration", "p99", functions)


def oldest_messages(queues: Sequence[RedrivenQueue]) -> cloudwatch.IWidget:
    """Show how old the oldest message of each queue is."""
    return widget(
        "Oldest message",
        [
            queue.queue.metric_approximate_age_of_oldest_message(
                period=PERIOD, statistic="Maximum", label=queue.node.id
            )
            for queue in queues
        ],
    )


def dead_letters(queues: Sequence[RedrivenQueue]) -> cloudwatch.IWidget:
    """Show how much of each queue was given up."""
    return widget(
        "Dead letters",
        [
            queue.dead_letters.metric_approximate_number_of_messages_visible(
                period=PERIOD, statistic="Maximum", label=queue.node.id
            )
            for queue in queues
        ],
    )


def _of_functions(
    title: str, metric: str, statistic: str, functions: Mapping[str, lambda_.IFunction]
) -> cloudwatch.IWidget:
    return widget(
        title,
        [
            function_metric(function, metric, statistic, PERIOD).with_(label=label)
            for label, function in functions.items()
        ],
    )
