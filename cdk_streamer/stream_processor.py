"""A function that runs rules over the records of a stream, and what it needs around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import (
    Duration,
    RemovalPolicy,
    aws_cloudwatch as cloudwatch,
    aws_dynamodb as dynamodb,
    aws_ec2 as ec2,
    aws_events as events,
    aws_iam as iam,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_logs as logs,
    aws_s3 as s3,
    aws_sqs as sqs,
)
from constructs import Construct, IConstruct

from cdk_streamer._arguments.durations import whole_seconds
from cdk_streamer._code.handlers import HandlerSettings
from cdk_streamer._operations.metrics import stream_metric
from cdk_streamer._resources.function import Defaults
from cdk_streamer._streams.alarms import StreamAlarms
from cdk_streamer._streams.dashboard import new_dashboard
from cdk_streamer._streams.processor import HANDLER, Brought, Processor
from cdk_streamer._streams.resubmission import grant_resubmit
from cdk_streamer._streams.rules import Rules
from cdk_streamer.stream_resource import StreamResource
from cdk_streamer.stream_source import StreamSource, way_of
from cdk_streamer_runtime.contract.streams import StreamMetric

_SECONDS, _MOST_SECONDS = 60, 900


class StreamProcessor(Construct):
    """A function that runs many small pipelines, each a rule of `handlers`, over one stream.

    What the rules use is granted, and nothing else; what they cannot do becomes faults, which
    `fault_queue` keeps until they are sent back.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        source: StreamSource,
        handlers: str | Path | lambda_.Code,
        entry_point: str | None = None,
        environment: Mapping[str, str] | None = None,
        memory_size: int | None = None,
        timeout: Duration | None = None,
        vpc: ec2.IVpc | None = None,
        layers: Sequence[lambda_.ILayerVersion] = (),
        architecture: lambda_.Architecture = lambda_.Architecture.ARM_64,
        table: dynamodb.ITable | None = None,
        bus: events.IEventBus | None = None,
        claims: s3.IBucket | None = None,
        fault_queue: sqs.IQueue | None = None,
        resources: Mapping[str, IConstruct | StreamResource] | None = None,
        grants: Mapping[str, Sequence[str]] | None = None,
        filter: bool = False,  # noqa: A002 - as event sources have it
        event_types: Sequence[str] | None = None,
        encryption_key: kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_MONTH,
        dashboard: bool = True,
        alarms: bool = True,
        alarm_actions: Sequence[cloudwatch.IAlarmAction] = (),
    ) -> None:
        """Create the function, and what brings records to it.

        source: what is read, like `StreamSource.kinesis(stream)`.
        handlers: a folder with `streams.py`, in which `handler = app.handler` of a `StreamApp`;
            its rules are read by another process. Or a `lambda_.Code`, which needs `entry_point`
            and `grants`.
        entry_point: where the handler is. Default: `<folder>.streams:handler`.
        environment, memory_size, vpc, layers: of the function; 512 MB and no VPC by default.
        timeout: how long a batch may take. Default: a minute.
        architecture: of the function and its dependencies. Default: arm64.
        table: what rules call `table`. Default: one is created if they use it, with string keys
            `pk` and `sk`, TTL attribute `ttl`, a stream, on demand, with point-in-time recovery.
        bus: where events and faults go. Default: the bus of the source, or one is created.
        claims: where what is too large for a message is kept. Default: a bucket is created, whose
            objects expire after 30 days.
        fault_queue: where faults wait. Default: a queue is created, which keeps them 14 days.
        resources: what rules use besides, by the names that their steps have for it.
        grants: IAM actions by those names, in place of what the rules say that they do.
        filter: discards what no rule takes before it costs an invocation, and what is no JSON
            before it is a fault. Default: the function sees all.
        event_types: for `filter`, in place of the types of the rules; a * stands for the rest.
        encryption_key: encrypts what is created here: table, bucket, queues. Default: keys of AWS.
        removal_policy: of table, bucket and log group. Default: they stay.
        log_retention: of the log group. Default: one month.
        dashboard, alarms: whether there are any in CloudWatch, which asks a price for each.
            Default: yes.
        alarm_actions: what each alarm does, like `SnsAction(topic)`. Default: nothing.
        """
        way = way_of(source)
        brought = Brought(
            table=table, bus=bus, claims=claims, fault_queue=fault_queue, key=encryption_key
        )
        brought.check()
        seconds = whole_seconds("timeout", timeout, default=_SECONDS, least=1, most=_MOST_SECONDS)
        app = HandlerSettings(
            entry_point=entry_point, environment=environment, memory_size=memory_size,
            vpc=vpc, layers=layers, architecture=architecture,
        ).read(scope, handlers, HANDLER)  # fmt: skip
        rules = Rules.read(
            handlers=handlers, entry_point=app.entry_point, environment=environment or {},
            resources=resources or {}, event_types=event_types, grants=grants, filtered=filter,
        )  # fmt: skip
        rules.check_table(table)
        way.check(seconds, rules.types)
        super().__init__(scope, id)
        self._processor = Processor.create(
            self, app=app, rules=rules, way=way, seconds=seconds, brought=brought,
            defaults=Defaults(
                architecture=architecture, log_retention=log_retention,
                removal_policy=removal_policy,
            ),
        )  # fmt: skip
        self._dashboard = new_dashboard(self, self._processor) if dashboard else None
        self._alarms = StreamAlarms.create(self, self._processor, alarm_actions) if alarms else None
        app.warn(self)
        rules.warn(self)

    @property
    def function(self) -> lambda_.IFunction:
        """The function that runs the rules."""
        return self._processor.function.function

    @property
    def event_source(self) -> lambda_.EventSourceMapping:
        """What brings records to the function."""
        return self._processor.source.mapping

    @property
    def table(self) -> dynamodb.ITable:
        """What rules call `table`."""
        table = self._processor.storage.table
        if table is None:
            raise ValueError(f"no rule of {self.node.path!r} uses a table; pass table= to have one")
        return table

    @property
    def bus(self) -> events.IEventBus:
        """Where events and faults go."""
        return self._processor.storage.bus

    @property
    def claims(self) -> s3.IBucket:
        """Where what is too large for a message is kept."""
        return self._processor.storage.claims

    @property
    def fault_queue(self) -> sqs.IQueue:
        """Where faults wait until they are sent back."""
        return self._processor.storage.faults.queue

    @property
    def queue(self) -> sqs.IQueue | None:
        """The queue that is read, of an SQS source or a bus."""
        return self._processor.source.queue

    @property
    def dead_letters(self) -> sqs.IQueue | None:
        """What that queue gave up, as far as it is known."""
        return self._processor.source.dead_letters

    @property
    def failures(self) -> sqs.IQueue | None:
        """Where Lambda tells which records of a stream it gave up."""
        return self._processor.source.failures

    @property
    def runtime_layer(self) -> lambda_.ILayerVersion:
        """The layer with `cdk_streamer_runtime`."""
        return self._processor.layer

    @property
    def dashboard(self) -> cloudwatch.Dashboard:
        """What to look at first when something is wrong."""
        if self._dashboard is None:
            raise ValueError(f"{self.node.path!r} has dashboard=False; leave it out to get one")
        return self._dashboard

    @property
    def alarms(self) -> StreamAlarms:
        """The alarms, one attribute each."""
        if self._alarms is None:
            raise ValueError(f"{self.node.path!r} has alarms=False; leave it out to get them")
        return self._alarms

    def grant_resubmit(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal read faults and send their records back, as the command line does."""
        return grant_resubmit(self._processor, grantee)

    def metric_records(self) -> cloudwatch.Metric:
        """Count records that came, those that came again included."""
        return self._metric(StreamMetric.RECORDS)

    def metric_records_ignored(self) -> cloudwatch.Metric:
        """Count records that are nobody's business, like test messages of S3."""
        return self._metric(StreamMetric.RECORDS_IGNORED)

    def metric_records_redelivered(self) -> cloudwatch.Metric:
        """Count records that were handed back."""
        return self._metric(StreamMetric.RECORDS_REDELIVERED)

    def metric_faults(self) -> cloudwatch.Metric:
        """Count faults that were published."""
        return self._metric(StreamMetric.FAULTS)

    def metric_events_dropped(self) -> cloudwatch.Metric:
        """Count events that a policy of yours dropped."""
        return self._metric(StreamMetric.EVENTS_DROPPED)

    def metric_lost_races(self) -> cloudwatch.Metric:
        """Count writes that were left out, since something newer is stored."""
        return self._metric(StreamMetric.LOST_RACES)

    def metric_retries(self) -> cloudwatch.Metric:
        """Count entries that a service did not take at once."""
        return self._metric(StreamMetric.RETRIES)

    def metric_deadlines(self) -> cloudwatch.Metric:
        """Count invocations that handed back what there was no time for."""
        return self._metric(StreamMetric.DEADLINES)

    def metric_circuit_openings(self) -> cloudwatch.Metric:
        """Count how often circuit breakers opened."""
        return self._metric(StreamMetric.CIRCUIT_OPENINGS)

    def metric_calls_refused(self) -> cloudwatch.Metric:
        """Count calls that an open circuit breaker did not let through."""
        return self._metric(StreamMetric.CALLS_REFUSED)

    def metric_event_age(self, statistic: str = "p99") -> cloudwatch.Metric:
        """Give how old events are when they are taken up, in milliseconds."""
        return self._metric(StreamMetric.EVENT_AGE, statistic)

    def metric_events(self, pipeline: str) -> cloudwatch.Metric:
        """Count events that a pipeline took."""
        return self._metric(StreamMetric.EVENTS, pipeline=pipeline)

    def metric_pipeline_time(self, pipeline: str, statistic: str = "p99") -> cloudwatch.Metric:
        """Give how long a pipeline takes for an event, in milliseconds."""
        return self._metric(StreamMetric.PIPELINE_TIME, statistic, pipeline=pipeline)

    def metric_step_time(
        self, pipeline: str, step: str, statistic: str = "p99"
    ) -> cloudwatch.Metric:
        """Give how long a call of a step takes, in milliseconds."""
        return self._metric(StreamMetric.STEP_TIME, statistic, pipeline=pipeline, step=step)

    def _metric(
        self, metric: StreamMetric, statistic: str = "Sum", **parts: str
    ) -> cloudwatch.Metric:
        return stream_metric(self._processor.name, metric, statistic, **parts)
