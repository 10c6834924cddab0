"""The dashboard of a StreamProcessor: what comes and what becomes of it, and how fast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch, aws_sqs as sqs
from constructs import Construct

from cdk_streamer._operations.metrics import function_metric, stream_metric
from cdk_streamer._operations.widgets import PERIOD, counts, durations, errors, widget
from cdk_streamer._streams.processor import Processor
from cdk_streamer_runtime.contract import METRIC_NAMESPACE
from cdk_streamer_runtime.contract.streams import (
    PIPELINE_DIMENSION,
    STEP_DIMENSION,
    STREAM_DIMENSION,
    StreamMetric,
    StreamSourceKind,
)

_RECORDS = (
    StreamMetric.RECORDS,
    StreamMetric.RECORDS_IGNORED,
    StreamMetric.RECORDS_REDELIVERED,
)
_TROUBLES = (StreamMetric.FAULTS, StreamMetric.EVENTS_DROPPED, StreamMetric.LOST_RACES)
_EFFORT = (
    StreamMetric.RETRIES,
    StreamMetric.DEADLINES,
    StreamMetric.CIRCUIT_OPENINGS,
    StreamMetric.CALLS_REFUSED,
)
_BY_PIPELINE = (STREAM_DIMENSION, PIPELINE_DIMENSION)
_BY_STEP = (*_BY_PIPELINE, STEP_DIMENSION)


def new_dashboard(scope: Construct, processor: Processor) -> cloudwatch.Dashboard:
    """Create it in `scope`."""
    name = processor.name
    functions = {"Processor": processor.function.function}
    rows = [
        [
            counts("Records", _metrics(name, _RECORDS)),
            widget(_age_title(processor), [_age(processor)]),
            widget("Age of events", [_event_age(name, "p50"), _event_age(name, "p99")]),
        ],
        [
            counts("Events that went wrong", _metrics(name, _TROUBLES)),
            counts("What services and time did not allow", _metrics(name, _EFFORT)),
            waiting(_queues(processor)),
        ],
        [
            widget("Events", [_search(name, StreamMetric.EVENTS, "Sum", _BY_PIPELINE)]),
            widget(
                "Pipelines, p99",
                [_search(name, StreamMetric.PIPELINE_TIME, "p99", _BY_PIPELINE)],
            ),
            widget("Steps, p99", [_search(name, StreamMetric.STEP_TIME, "p99", _BY_STEP)]),
        ],
        [
            errors(functions),
            widget(
                "Throttles",
                [function_metric(functions["Processor"], "Throttles", "Sum", PERIOD)],
            ),
            durations(functions),
        ],
    ]
    return cloudwatch.Dashboard(scope, "Dashboard", widgets=rows)


def waiting(queues: Mapping[str, sqs.IQueue]) -> cloudwatch.IWidget:
    """Show how much waits in queues that should be empty."""
    return widget(
        "Waiting for somebody",
        [
            queue.metric_approximate_number_of_messages_visible(
                period=PERIOD, statistic="Maximum", label=label
            )
            for label, queue in queues.items()
        ],
    )


def _queues(processor: Processor) -> Mapping[str, sqs.IQueue]:
    source, faults = processor.source, processor.storage.faults
    found = {
        "Faults": faults.queue,
        "UndeliveredFaults": faults.undelivered,
        "Failures": source.failures,
        "DeadLetters": source.dead_letters,
    }
    return {label: queue for label, queue in found.items() if queue is not None}


def _age_title(processor: Processor) -> str:
    by_iterator = {StreamSourceKind.KINESIS, StreamSourceKind.DYNAMODB}
    return "Iterator age" if processor.way.kind in by_iterator else "Oldest message"


def _age(processor: Processor) -> cloudwatch.IMetric:
    age = processor.source.age
    assert isinstance(age, cloudwatch.Metric)  # noqa: S101 - tells the type
    return age.with_(period=PERIOD, label=_age_title(processor))


def _event_age(name: str, statistic: str) -> cloudwatch.IMetric:
    age = stream_metric(name, StreamMetric.EVENT_AGE, statistic)
    return age.with_(period=PERIOD, label=statistic)


def _metrics(name: str, metrics: Sequence[StreamMetric]) -> list[cloudwatch.Metric]:
    return [stream_metric(name, metric) for metric in metrics]


def _search(
    name: str, metric: StreamMetric, statistic: str, dimensions: Sequence[str]
) -> cloudwatch.IMetric:
    """Find whatever pipelines there are, those of handlers that nobody read too."""
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
    found = (
        f"{{{METRIC_NAMESPACE},{','.join(dimensions)}}} "
        f'MetricName="{metric}" {STREAM_DIMENSION}="{name}"'
    )
    seconds = int(PERIOD.to_seconds())
    return cloudwatch.MathExpression(
        expression=f"SEARCH('{found}', '{statistic}', {seconds})",
        using_metrics={},
        label="",
        period=PERIOD,
    )
