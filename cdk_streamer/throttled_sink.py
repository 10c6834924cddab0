"""A buffer in front of a slow downstream, which is given no more than it can bear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import (
    Duration,
    RemovalPolicy,
    aws_cloudwatch as cloudwatch,
    aws_dynamodb as dynamodb,
    aws_ec2 as ec2,
    aws_iam as iam,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_logs as logs,
    aws_sqs as sqs,
)
from constructs import Construct

from cdk_streamer._code.handlers import HandlerSettings
from cdk_streamer._resources.function import Defaults
from cdk_streamer._sinks import grants
from cdk_streamer._sinks.alarms import SinkAlarms
from cdk_streamer._sinks.dashboard import new_dashboard
from cdk_streamer._sinks.delivery import HANDLER
from cdk_streamer._sinks.metrics import SinkMetrics
from cdk_streamer._sinks.parts import Parts
from cdk_streamer._sinks.settings import BATCH_SIZE, CONCURRENCY, SinkSettings
from cdk_streamer.circuit_breaker import CircuitBreaker
from cdk_streamer.idempotency import Idempotency
from cdk_streamer.rate_limit import RateLimit
from cdk_streamer.redrive import Redrive
from cdk_streamer_runtime.contract.sinks import MAX_RECEIVES, SinkAddress

# It has no state, so that one is enough for all.
_BREAKER = CircuitBreaker()


class ThrottledSink(Construct, SinkMetrics):
    """A queue whose messages your function delivers: few at once, so many a second.

    While the downstream is away, polling stops, and one message at a time tries whether it is back.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        handlers: str | Path | lambda_.Code,
        entry_point: str | None = None,
        max_concurrency: int = CONCURRENCY,
        batch_size: int = BATCH_SIZE,
        rate_limit: RateLimit | None = None,
        circuit_breaker: CircuitBreaker | None = _BREAKER,
        max_receive_count: int = MAX_RECEIVES,
        redrive: Redrive | None = None,
        idempotency: Idempotency | None = None,
        fifo: bool = False,
        ordered_by: str | None = None,
        timeout: Duration | None = None,
        environment: Mapping[str, str] | None = None,
        memory_size: int | None = None,
        vpc: ec2.IVpc | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        layers: Sequence[lambda_.ILayerVersion] = (),
        architecture: lambda_.Architecture = lambda_.Architecture.ARM_64,
        encryption_key: kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_MONTH,
        dashboard: bool = True,
        alarms: bool = True,
        alarm_actions: Sequence[cloudwatch.IAlarmAction] = (),
    ) -> None:
        """Create the queue, what delivers its messages, and what watches over that.

        handlers: a folder with `sink.py`, in which `sink = Sink()` has a function under
            `@sink.deliver` or `@sink.deliver_batch`; or a `lambda_.Code`, which needs
            `entry_point`.
        entry_point: where the sink is. Default: `<folder>.sink:sink`.
        max_concurrency: how many batches are delivered at once, 2 to 1,000; or 1 with `fifo` and
            without `ordered_by`. Default: 2.
        batch_size: how many messages an invocation gets, 1 to 10. Default: 10.
        rate_limit: how many messages are begun in a time, by all functions together. Default: as
            many as come.
        circuit_breaker: when polling stops, and how often it is tried whether it may go on; None:
            never. Default: `CircuitBreaker()`.
        max_receive_count: how often a message is received before it is a dead letter; at least 10
            with a breaker. Default: 10.
        redrive: how fast dead letters go back, when an operator sends them. Default: 10 a second.
        idempotency: remembers what was delivered. Default: what is repeated is delivered again.
        fifo: keeps messages in order, and those that are sent twice within 5 minutes out.
        ordered_by: a member of the messages' bodies, like 'account': those that have the same are
            in order, others are not. Default: all are.
        timeout: how long a batch may take, its waiting for the rate included, 10 seconds to 13.5
            minutes; 15 without a breaker. Default: a minute.
        environment, memory_size, layers: of your function; 512 MB by default.
        vpc, security_groups, vpc_subnets: where your function runs. Default: in no network, and
            in one with a group of its own in its private subnets.
        architecture: of the functions and of your dependencies. Default: arm64.
        encryption_key: encrypts queues and table. Default: keys of AWS.
        removal_policy: of table and log groups. Default: they stay.
        log_retention: of both log groups. Default: one month.
        dashboard, alarms: whether there are any in CloudWatch, which asks a price for each.
            Default: yes.
        alarm_actions: what each alarm does, like `SnsAction(topic)`. Default: nothing.
        """
        settings = SinkSettings.read(
            max_concurrency=max_concurrency, batch_size=batch_size, timeout=timeout,
            max_receive_count=max_receive_count, fifo=fifo, ordered_by=ordered_by,
            rate_limit=rate_limit, circuit_breaker=circuit_breaker, idempotency=idempotency,
            redrive=redrive,
        )  # fmt: skip
        app = HandlerSettings(
            entry_point=entry_point, environment=environment, memory_size=memory_size,
            vpc=vpc, layers=layers, architecture=architecture,
            security_groups=security_groups, vpc_subnets=vpc_subnets,
        ).read(scope, handlers, HANDLER)  # fmt: skip
        super().__init__(scope, id)
        defaults = Defaults(
            architecture=architecture, log_retention=log_retention, removal_policy=removal_policy
        )
        self._parts = Parts.create(
            self, settings=settings, app=app, key=encryption_key, defaults=defaults
        )
        self._dashboard = new_dashboard(self, self._parts) if dashboard else None
        self._alarms = SinkAlarms.create(self, self._parts, alarm_actions) if alarms else None
        app.warn(self)
        settings.warn(self)

    @property
    def queue(self) -> sqs.IQueue:
        """Where messages wait; whatever can send to a queue can send to this one."""
        return self._parts.storage.messages.queue

    @property
    def dead_letter_queue(self) -> sqs.IQueue:
        """What was tried again and again."""
        return self._parts.storage.messages.dead_letters

    @property
    def rejected_queue(self) -> sqs.IQueue:
        """What nobody will ever take, with the reasons."""
        return self._parts.storage.rejected

    @property
    def controller_queue(self) -> sqs.IQueue:
        """What the controller is told, of openings and of pauses that are over."""
        return self._parts.storage.commands.queue

    @property
    def controller_dead_letter_queue(self) -> sqs.IQueue:
        """What the controller could not do; it must stay empty."""
        return self._parts.storage.commands.dead_letters

    @property
    def function(self) -> lambda_.IFunction:
        """The function that delivers; `database.connections.allow_default_port_from` takes it."""
        return self._parts.delivery.function.function

    @property
    def event_source(self) -> lambda_.EventSourceMapping:
        """What brings messages to the function, and is off while the sink is paused."""
        return self._parts.delivery.source

    @property
    def controller(self) -> lambda_.IFunction:
        """The function that pauses, probes and redrives."""
        return self._parts.controller.function.function

    @property
    def table(self) -> dynamodb.ITable:
        """Circuit, rate, and what was delivered."""
        return self._parts.storage.table

    @property
    def runtime_layer(self) -> lambda_.ILayerVersion:
        """The layer with `cdk_streamer_runtime`, for functions that send."""
        return self._parts.layer

    @property
    def address(self) -> SinkAddress:
        """What `grant_send` tells a function."""
        return self._parts.address

    @property
    def dashboard(self) -> cloudwatch.Dashboard:
        """What to look at first when something is wrong."""
        if self._dashboard is None:
            raise ValueError(f"{self.node.path!r} has dashboard=False; leave it out to get one")
        return self._dashboard

    @property
    def alarms(self) -> SinkAlarms:
        """The alarms, one attribute each."""
        if self._alarms is None:
            raise ValueError(f"{self.node.path!r} has alarms=False; leave it out to get them")
        return self._alarms

    def grant_send(self, function: lambda_.Function | lambda_.IFunction) -> iam.Grant:
        """Let a function send by `Sender("<id of the sink>")`; it is told where the queue is."""
        return grants.grant_send(function, self, self._parts)

    def grant_operate(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal pause, resume and redrive, and see to what was rejected or given up.

        The command line does that with the rights of whoever calls it.
        """
        return grants.grant_operate(grantee, self._parts)
