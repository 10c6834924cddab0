"""Batches on Lambda durable functions: discover, publish in chunks at a rate, aggregate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from aws_cdk import (
    Duration,
    RemovalPolicy,
    aws_cloudwatch as cloudwatch,
    aws_ec2 as ec2,
    aws_iam as iam,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_logs as logs,
    aws_scheduler as scheduler,
    aws_sqs as sqs,
)
from constructs import Construct

from cdk_streamer._batches.alarms import BatchAlarms
from cdk_streamer._batches.dashboard import new_dashboard
from cdk_streamer._batches.grants import Api, grant_run, grant_start
from cdk_streamer._batches.metrics import batch_metric
from cdk_streamer._batches.own import OwnFunction, Socket
from cdk_streamer._batches.parts import Parts
from cdk_streamer._batches.queues import check_dead_letters
from cdk_streamer._batches.settings import ATTEMPTS, CHUNK_SIZE, CONCURRENCY, Options
from cdk_streamer._code.handlers import HandlerSettings
from cdk_streamer._resources.function import Defaults
from cdk_streamer._resources.layer import new_runtime_layer
from cdk_streamer.batch_target import BatchTarget
from cdk_streamer.rate_limit import RateLimit
from cdk_streamer_runtime.contract.batches import BatchMetric, Nesting, Pacing


class DurableBatch(Construct):
    """Finds items, publishes them in chunks at a bounded rate, and aggregates what came of it.

    Started by a schedule, by `start_batch` of a function that `grant_start` was told of, or within
    an action of an AsyncRequestApi that `grant_run` was told of.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        handlers: str | Path | lambda_.Code | None = None,
        entry_point: str | None = None,
        environment: Mapping[str, str] | None = None,
        memory_size: int | None = None,
        vpc: ec2.IVpc | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        layers: Sequence[lambda_.ILayerVersion] = (),
        architecture: lambda_.Architecture = lambda_.Architecture.ARM_64,
        target: BatchTarget | None = None,
        chunk_size: int = CHUNK_SIZE,
        max_concurrency: int = CONCURRENCY,
        rate_limit: RateLimit | None = None,
        pacing: Pacing = Pacing.WAIT,
        max_attempts: int = ATTEMPTS,
        retry_delay: Duration | None = None,
        tolerated_failure_percentage: float | None = None,
        tolerated_failure_count: int | None = None,
        nesting: Nesting = Nesting.FLAT,
        execution_timeout: Duration | None = None,
        retention_period: Duration | None = None,
        schedule: scheduler.ScheduleExpression | None = None,
        schedule_payload: object = None,
        progress: Socket | None = None,
        dead_letter_queue: sqs.IQueue | None = None,
        encryption_key: kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_MONTH,
        dashboard: bool = True,
        alarms: bool = True,
        alarm_actions: Sequence[cloudwatch.IAlarmAction] = (),
    ) -> None:
        """Create the durable function, and what starts it.

        handlers: a folder with `batch.py`, whose `batch` is a Batch, or a `lambda_.Code`, which
            needs `entry_point`. Default: it has no function, and runs in requests alone.
        entry_point: where the Batch is. Default: `<folder>.batch:batch`.
        environment, memory_size, vpc, security_groups, vpc_subnets, layers: of the function; 512 MB
            and no VPC by default.
        architecture: of all functions and of the handlers' dependencies. Default: arm64.
        target: where items go, like `BatchTarget.queue(queue)`. Default: to `publish` of the Batch.
        chunk_size: how many items are published by one step, 1 to 1,000. Default: 25.
        max_concurrency: how many chunks at once, 1 to 100. They are threads of one function: for
            work that takes a processor use `BatchTarget.function`. Default: 5.
        rate_limit: items a second, of each batch. Default: no limit.
        pacing: how the rate is kept. Default: a chunk waits for its turn. With `Pacing.DELAY` the
            queue delays each message instead, which takes no time of the function.
        max_attempts: for a chunk and for the items that its target rejects, 1 to 10. Default: 3.
        retry_delay: before a second attempt, and twice as long each time. Default: 5 seconds.
        tolerated_failure_percentage, tolerated_failure_count: how many items may fail before the
            batch has; the others are published in any case. Default: any number.
        nesting: `Nesting.NESTED` shows each chunk in the console, and costs twice the operations,
            of which an execution has 3,000.
        execution_timeout: the longest that a batch may take, up to 366 days. Default: an hour.
        retention_period: how long the id of a batch that has ended is remembered, so that it does
            not run again: 1 to 90 whole days. Default: 14 days.
        schedule: starts a batch, like `ScheduleExpression.cron(hour="6", minute="0")`. Its id has
            the minute for which it was scheduled, so that each is one batch. Default: none.
        schedule_payload: what those batches get, any JSON.
        progress: a ProgressWebSocket, on whose channel `batches/<id>` batches tell how far they
            are. Default: nobody is told.
        dead_letter_queue: a standard queue for items that were given up. Default: one is created,
            which keeps them 14 days.
        encryption_key: encrypts executions, and the queues that are created here. Default: keys of
            AWS.
        removal_policy: of log groups. Default: they stay.
        log_retention: of all log groups. Default: one month.
        dashboard, alarms: whether there are any in CloudWatch, which asks a price for each.
            Default: yes.
        alarm_actions: what each alarm does, like `SnsAction(topic)`. Default: nothing.
        """
        options = Options.read(
            scope, target=target, chunk_size=chunk_size, max_concurrency=max_concurrency,
            rate_limit=rate_limit, pacing=pacing, max_attempts=max_attempts,
            retry_delay=retry_delay, tolerated_failure_percentage=tolerated_failure_percentage,
            tolerated_failure_count=tolerated_failure_count, nesting=nesting,
        )  # fmt: skip
        place = options.place
        check_dead_letters(scope, dead_letter_queue, place.address if place else None)
        own = OwnFunction.read(
            scope, handlers,
            HandlerSettings(
                entry_point=entry_point, environment=environment, memory_size=memory_size,
                vpc=vpc, security_groups=security_groups, vpc_subnets=vpc_subnets,
                layers=layers, architecture=architecture,
            ),
            execution_timeout=execution_timeout, retention_period=retention_period,
            schedule=schedule, schedule_payload=schedule_payload, progress=progress,
        )  # fmt: skip
        super().__init__(scope, id)
        self._layer: lambda_.LayerVersion | None = None
        self._parts = Parts.create(
            self, options, own, dead_letters=dead_letter_queue, key=encryption_key,
            defaults=Defaults(
                architecture=architecture, log_retention=log_retention,
                removal_policy=removal_policy,
            ),
        )  # fmt: skip
        self._dashboard = new_dashboard(self, self._parts) if dashboard else None
        self._alarms = BatchAlarms.create(self, self._parts, alarm_actions) if alarms else None
        if own is not None:
            own.app.warn(self)

    @property
    def function(self) -> lambda_.IFunction:
        """The function that runs batches, to grant it what handlers use."""
        if self._parts.durable is None:
            raise ValueError(f"{self.node.path!r} has no handlers, so it has no function")
        return self._parts.durable.function.function

    @property
    def alias(self) -> lambda_.IAlias:
        """What batches are started by: Lambda refuses to start executions without a version."""
        if self._parts.durable is None:
            raise ValueError(f"{self.node.path!r} has no handlers, so it has no function")
        return cast("lambda_.IAlias", self._parts.durable.alias)

    @property
    def starter(self) -> lambda_.IFunction:
        """The function that the schedule invokes."""
        if self._parts.starter is None:
            raise ValueError(f"{self.node.path!r} has no schedule, so it has no starter")
        return self._parts.starter.function.function

    @property
    def start_failures(self) -> sqs.IQueue:
        """Where what a schedule could not start waits for somebody."""
        if self._parts.starter is None:
            raise ValueError(f"{self.node.path!r} has no schedule, so it has no starter")
        return self._parts.starter.failures

    @property
    def runtime_layer(self) -> lambda_.ILayerVersion:
        """The layer with `cdk_streamer_runtime`, for functions of your own that start batches."""
        if self._layer is None:
            self._layer = new_runtime_layer(self)
        return self._layer

    @property
    def dead_letter_queue(self) -> sqs.IQueue:
        """Where items are that were given up."""
        return self._parts.dead_letters

    @property
    def dashboard(self) -> cloudwatch.Dashboard:
        """What to look at first when something is wrong."""
        if self._dashboard is None:
            raise ValueError(f"{self.node.path!r} has dashboard=False; leave it out to get one")
        return self._dashboard

    @property
    def alarms(self) -> BatchAlarms:
        """The alarms, one attribute each."""
        if self._alarms is None:
            raise ValueError(f"{self.node.path!r} has alarms=False; leave it out to get them")
        return self._alarms

    def grant_start(self, function: lambda_.Function | lambda_.IFunction) -> iam.Grant:
        """Let a function start batches with `start_batch`, by this construct's id.

        It needs `runtime_layer`, or the runtime among its own dependencies.
        """
        return grant_start(self, self._parts, function)

    def grant_run(self, api: Api) -> iam.Grant:
        """Let async actions of an AsyncRequestApi run the batch within their requests.

        The Batch is then in the handlers of the API: `batch.run("Receipts", ..., context=context)`.
        In a durable action what is done is not done again.
        """
        return grant_run(self, self._parts, api)

    def metric_discovered(self) -> cloudwatch.Metric:
        """Count items that were found."""
        return batch_metric(self.node.path, BatchMetric.DISCOVERED)

    def metric_published(self) -> cloudwatch.Metric:
        """Count items that their target took."""
        return batch_metric(self.node.path, BatchMetric.PUBLISHED)

    def metric_failed(self) -> cloudwatch.Metric:
        """Count items that were given up."""
        return batch_metric(self.node.path, BatchMetric.FAILED)

    def metric_chunks_retried(self) -> cloudwatch.Metric:
        """Count attempts of chunks that were followed by another."""
        return batch_metric(self.node.path, BatchMetric.CHUNKS_RETRIED)

    def metric_batches_succeeded(self) -> cloudwatch.Metric:
        """Count batches of which no more failed than was tolerated."""
        return batch_metric(self.node.path, BatchMetric.BATCHES_SUCCEEDED)

    def metric_batches_failed(self) -> cloudwatch.Metric:
        """Count batches that failed."""
        return batch_metric(self.node.path, BatchMetric.BATCHES_FAILED)

    def metric_batch_time(self, statistic: str = "Maximum") -> cloudwatch.Metric:
        """Give how long a batch takes from its start to its end, in seconds."""
        return batch_metric(self.node.path, BatchMetric.BATCH_TIME, statistic)
