"""Metrics that the runtime emits, and those of AWS that tell about it."""

from __future__ import annotations

from aws_cdk import Duration, aws_cloudwatch as cloudwatch, aws_lambda as lambda_

from cdk_streamer_runtime.contract import METRIC_DIMENSION, METRIC_NAMESPACE, Metric
from cdk_streamer_runtime.contract.sinks import SINK_DIMENSION, SinkMetric
from cdk_streamer_runtime.contract.streams import (
    PIPELINE_DIMENSION,
    STEP_DIMENSION,
    STREAM_DIMENSION,
    StreamMetric,
)
from cdk_streamer_runtime.contract.timers import TIMER_DIMENSION, TimerMetric


def runtime_metric(name: str, metric: Metric, statistic: str = "Sum") -> cloudwatch.Metric:
    """Give a metric of the construct that calls itself `name`; `.with_(...)` changes the rest."""
    return cloudwatch.Metric(
        namespace=METRIC_NAMESPACE,
        metric_name=metric.value,
        dimensions_map={METRIC_DIMENSION: name},
        statistic=statistic,
    )


def timer_metric(name: str, metric: TimerMetric, statistic: str = "Sum") -> cloudwatch.Metric:
    """Give a metric of the PeriodicTimer that calls itself `name`."""
    return cloudwatch.Metric(
        namespace=METRIC_NAMESPACE,
        metric_name=metric.value,
        dimensions_map={TIMER_DIMENSION: name},
        statistic=statistic,
    )


def sink_metric(name: str, metric: SinkMetric, statistic: str = "Sum") -> cloudwatch.Metric:
    """Give a metric of the ThrottledSink that calls itself `name`."""
    return cloudwatch.Metric(
        namespace=METRIC_NAMESPACE,
        metric_name=metric.value,
        dimensions_map={SINK_DIMENSION: name},
        statistic=statistic,
    )


def function_metric(
    function: lambda_.IFunction, metric: str, statistic: str, period: Duration
) -> cloudwatch.Metric:
    """Give a metric of Lambda about a function."""
    return function.metric(metric, statistic=statistic, period=period)


def durable_failures(function: lambda_.IFunction, period: Duration) -> cloudwatch.MathExpression:
    """Count executions that did not end by themselves.

    https://docs.aws.amazon.com/lambda/latest/dg/durable-monitoring.html
    """
    return cloudwatch.MathExpression(
        expression="FILL(failed, 0) + FILL(overdue, 0)",
        label="Failed executions",
        using_metrics={
            "failed": function_metric(function, "DurableExecutionFailed", "Sum", period),
            "overdue": function_metric(function, "DurableExecutionTimedOut", "Sum", period),
        },
        period=period,
    )


def stream_metric(
    name: str,
    metric: StreamMetric,
    statistic: str = "Sum",
    *,
    pipeline: str | None = None,
    step: str | None = None,
) -> cloudwatch.Metric:
    """Give a metric of the StreamProcessor that calls itself `name`, or of a part of it."""
    parts = {STREAM_DIMENSION: name, PIPELINE_DIMENSION: pipeline, STEP_DIMENSION: step}
    return cloudwatch.Metric(
        namespace=METRIC_NAMESPACE,
        metric_name=metric.value,
        dimensions_map={dimension: part for dimension, part in parts.items() if part is not None},
        statistic=statistic,
    )
