"""Metrics of batches."""

from __future__ import annotations

from aws_cdk import Duration, aws_cloudwatch as cloudwatch, aws_lambda as lambda_

from cdk_streamer._operations.metrics import function_metric
from cdk_streamer_runtime.contract import METRIC_NAMESPACE
from cdk_streamer_runtime.contract.batches import BATCH_DIMENSION, BatchMetric


def batch_metric(name: str, metric: BatchMetric, statistic: str = "Sum") -> cloudwatch.Metric:
    """Give a metric of the DurableBatch that calls itself `name`."""
    return cloudwatch.Metric(
        namespace=METRIC_NAMESPACE,
        metric_name=metric.value,
        dimensions_map={BATCH_DIMENSION: name},
        statistic=statistic,
    )


def failures(
    name: str, function: lambda_.IFunction | None, period: Duration
) -> cloudwatch.MathExpression:
    """Count batches that failed by themselves, and executions that Lambda ended or never began.

    https://docs.aws.amazon.com/lambda/latest/dg/durable-monitoring.html
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    metrics: dict[str, cloudwatch.IMetric] = {
        "failed": batch_metric(name, BatchMetric.BATCHES_FAILED).with_(period=period)
    }
    if function is not None:
        metrics |= {
            "ended": function_metric(function, "DurableExecutionFailed", "Sum", period),
            "overdue": function_metric(function, "DurableExecutionTimedOut", "Sum", period),
            "dropped": function_metric(function, "AsyncEventsDropped", "Sum", period),
        }
    return cloudwatch.MathExpression(
        expression=" + ".join(f"FILL({each}, 0)" for each in metrics),
        label="Failed batches",
        using_metrics=metrics,
        period=period,
    )
