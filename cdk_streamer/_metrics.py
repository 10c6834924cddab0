"""Metrics that the runtime emits."""

from __future__ import annotations

from aws_cdk import aws_cloudwatch as cloudwatch

from cdk_streamer_runtime.contract import METRIC_DIMENSION, METRIC_NAMESPACE, Metric


def runtime_metric(name: str, metric: Metric, statistic: str = "Sum") -> cloudwatch.Metric:
    """Give a metric of the construct that calls itself `name`; `.with_(...)` changes the rest."""
    return cloudwatch.Metric(
        namespace=METRIC_NAMESPACE,
        metric_name=metric.value,
        dimensions_map={METRIC_DIMENSION: name},
        statistic=statistic,
    )
