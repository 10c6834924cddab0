"""A REST service of timers: periodic, by calendar and one-shot, that run a callback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from aws_cdk import (
    Duration,
    RemovalPolicy,
    aws_apigateway as apigateway,
    aws_cloudwatch as cloudwatch,
    aws_dynamodb as dynamodb,
    aws_ec2 as ec2,
    aws_iam as iam,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_logs as logs,
    aws_sqs as sqs,
)
from constructs import Construct, IValidation

from cdk_streamer._code.handlers import HandlerSettings
from cdk_streamer._operations.metrics import timer_metric
from cdk_streamer._resources import tables
from cdk_streamer._resources.function import Defaults
from cdk_streamer._resources.layer import new_runtime_layer
from cdk_streamer._timers.alarms import TimerAlarms
from cdk_streamer._timers.callback import HANDLER, Callback
from cdk_streamer._timers.completion import REMEDY, Completion, HasCallback, Operators
from cdk_streamer._timers.endpoint import StageSettings
from cdk_streamer._timers.parts import Parts
from cdk_streamer._timers.settings import BATCH_SIZE, TimerSettings
from cdk_streamer._timers.storage import OWNERS
from cdk_streamer._timers.timers import Timers
from cdk_streamer.auth import Auth
from cdk_streamer_runtime.contract.timers import TIMER_SHARDS, TimerMetric


class PeriodicTimer(Construct):
    """Timers that anybody who may sign makes over REST, and whose firings run a callback.

    `url` is what the API's paths begin with, `https://...`, without a slash at the end.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        callback: lambda_.IFunction | lambda_.Function | None = None,
        handlers: str | Path | lambda_.Code | None = None,
        entry_point: str | None = None,
        environment: Mapping[str, str] | None = None,
        memory_size: int | None = None,
        vpc: ec2.IVpc | None = None,
        layers: Sequence[lambda_.ILayerVersion] = (),
        callback_timeout: Duration | None = None,
        batch_size: int = BATCH_SIZE,
        max_concurrency: int | None = None,
        auth: Auth | None = None,
        shards: int = TIMER_SHARDS,
        look_ahead: Duration | None = None,
        strict: bool = False,
        dedupe: bool = False,
        isolate_owners: bool = False,
        architecture: lambda_.Architecture = lambda_.Architecture.ARM_64,
        table: dynamodb.ITable | None = None,
        encryption_key: kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_MONTH,
        access_logs: bool = True,
        stage_name: str = "live",
        throttle: apigateway.ThrottleSettings | None = None,
        domain_name: apigateway.IDomainName | None = None,
        dashboard: bool = True,
        alarms: bool = True,
        alarm_actions: Sequence[cloudwatch.IAlarmAction] = (),
    ) -> None:
        """Create the service. Without callback and handlers, `set_callback` must follow.

        callback: the function that firings run, by `@timer_handler` or by hand. It is given
            variables, unless it is imported, a version or an alias.
        handlers: instead of it, a folder with `timers.py`, whose function `handler` is the
            callback, or a `lambda_.Code`, which needs `entry_point`.
        entry_point: where that function is. Default: `<folder>.timers:handler`.
        environment, memory_size, vpc, layers: of that function; 512 MB and no VPC by default.
        callback_timeout: how long a batch of firings may take there, or in a callback whose own
            timeout is not known here. Default: a minute with handlers.
        batch_size: how many firings an invocation gets, 1 to 10. Default: 10.
        max_concurrency: how many invocations run at once, 2 to 1,000. Default: as many as Lambda
            lets.
        auth: who may make timers. Default: `Auth.iam()`, whoever `grant_manage` was told of.
        shards: a power of two, up to 4,096; it cannot be changed later. Default: 16, which take
            some 32,000 firings a second.
        look_ahead: how long before they are due firings are queued, 1 to 14 minutes: so long an
            outage of what queues them is not felt. Default: 3 minutes.
        strict: drops firings that were queued before their timer was changed, paused or deleted,
            which costs a read each. Default: they may still arrive, within `look_ahead`.
        dedupe: remembers what was done, so that a repeated firing is not handled again, which
            costs two writes each; the repetition after a crash is. Default: off.
        isolate_owners: makes who calls the owner of a timer, which is not there for others.
            Default: all who may call share all timers.
        architecture: of all functions and of the handlers' dependencies. Default: arm64.
        table: of your own: string keys `pk` and `sk`, TTL attribute `ttl`, and the index that
            lists an owner's timers. Default: one is created, on demand, with point-in-time
            recovery and deletion protection.
        encryption_key: encrypts queues, and the table unless it is yours. Default: keys of AWS.
        removal_policy: of table and log groups. Default: they stay.
        log_retention: of all log groups. Default: one month.
        access_logs: one line for each request, without what the caller sent. The account needs a
            CloudWatch role in API Gateway's settings, once a region. Default: yes.
        stage_name: the last part of the URL. Default: live.
        throttle: for all callers together. Default: 1,000 requests/s, bursts of 2,000.
        domain_name: what `url` is on. Default: API Gateway's own address.
        dashboard, alarms: whether there are any in CloudWatch, which asks a price for each.
            Default: yes.
        alarm_actions: what each alarm does, like `SnsAction(topic)`. Default: nothing.
        """
        settings = TimerSettings.read(
            shards=shards, look_ahead=look_ahead, batch_size=batch_size,
            max_concurrency=max_concurrency, callback_timeout=callback_timeout,
            strict=strict, dedupe=dedupe, isolate_owners=isolate_owners,
        )  # fmt: skip
        if table is not None:
            tables.check(table, index=OWNERS, streams=False)
        if callback is not None and handlers is not None:
            raise ValueError("callback and handlers exclude each other; leave one out")
        stage = StageSettings.read(
            name=stage_name, throttle=throttle, access_logs=access_logs, domain_name=domain_name
        )
        code = HandlerSettings(
            entry_point=entry_point, environment=environment, memory_size=memory_size,
            vpc=vpc, layers=layers, architecture=architecture,
        )  # fmt: skip
        app = code.refuse() if handlers is None else code.read(scope, handlers, HANDLER)
        users = Callback.read(settings, callback) if callback else None
        super().__init__(scope, id)
        defaults = Defaults(
            architecture=architecture, log_retention=log_retention, removal_policy=removal_policy
        )
        timers = Timers.create(
            self, settings=settings, table=table, key=encryption_key, defaults=defaults
        )
        self._name = timers.name
        gate = (auth or Auth.iam()).bind(self, name=timers.name, defaults=defaults)
        self._parts = Parts.create(self, timers, gate, stage)
        self._layer: lambda_.LayerVersion | None = None
        self._operators = Operators(dashboard=dashboard, alarms=alarms, actions=alarm_actions)
        self._completion: Completion | None = None
        if app is not None:
            self._complete(Callback.new(self, timers, app, self.runtime_layer))
            app.warn(self)
        if users is not None:
            users.call(self, timers)
            self._complete(users)
        settings.warn(self)
        self.node.add_validation(cast("IValidation", HasCallback(self._is_complete)))

    @property
    def url(self) -> str:
        """What the API's paths begin with: `https://...`, without a slash at the end."""
        return self._parts.endpoint.url

    @property
    def api(self) -> apigateway.RestApi:
        """The REST API; `api.deployment_stage` takes a web ACL."""
        return self._parts.endpoint.api

    @property
    def api_handler(self) -> lambda_.IFunction:
        """The function that answers the REST API."""
        return self._parts.endpoint.handler

    @property
    def authorizer_function(self) -> lambda_.IFunction | None:
        """The function that checks tokens, where `auth` is not `Auth.iam()`."""
        return self._parts.gate.function

    @property
    def ticker(self) -> lambda_.IFunction:
        """The function that wakes the dispatcher of each shard, once a minute."""
        return self._parts.ticker

    @property
    def dispatcher(self) -> lambda_.IFunction:
        """The function that queues firings shortly before they are due."""
        return self._parts.dispatcher

    @property
    def callback(self) -> lambda_.IFunction:
        """The function that firings run."""
        return self._completed.callback.function

    @property
    def table(self) -> dynamodb.ITable:
        """Where timers are kept."""
        return self._parts.timers.table

    @property
    def dispatch_queue(self) -> sqs.IQueue:
        """Shards to look at."""
        return self._parts.timers.dispatch.queue

    @property
    def fan_out_queue(self) -> sqs.IQueue:
        """Firings, each delayed until it is due."""
        return self._parts.timers.fan_out.queue

    @property
    def dead_letter_queues(self) -> tuple[sqs.IQueue, ...]:
        """What was given up, of dispatch and fan-out: each must stay empty."""
        return tuple(queue.dead_letters for queue in self._parts.queues)

    @property
    def runtime_layer(self) -> lambda_.ILayerVersion:
        """The layer with `cdk_streamer_runtime`, for a callback of your own."""
        if self._layer is None:
            self._layer = new_runtime_layer(self)
        return self._layer

    @property
    def dashboard(self) -> cloudwatch.Dashboard:
        """What to look at first when something is wrong."""
        found = self._completed.dashboard
        if found is None:
            raise ValueError(f"{self._name!r} has dashboard=False; leave it out to get one")
        return found

    @property
    def alarms(self) -> TimerAlarms:
        """The alarms, one attribute each."""
        found = self._completed.alarms
        if found is None:
            raise ValueError(f"{self._name!r} has alarms=False; leave it out to get them")
        return found

    def set_callback(self, callback: lambda_.IFunction | lambda_.Function) -> None:
        """Let firings run a function that could not be made before the service was."""
        if self._is_complete():
            raise ValueError(f"{self._name!r} has a callback; use another PeriodicTimer")
        users = Callback.read(self._parts.timers.settings, callback)
        users.call(self, self._parts.timers)
        self._complete(users)

    def grant_manage(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal make, read, change and remove timers, where `auth` is `Auth.iam()`.

        A principal that no policy can be added to, like a role of single sign-on, given as an
        `iam.ArnPrincipal`, is named by the API's own policy.
        """
        return self._parts.endpoint.grant_manage(grantee)

    def metric_watermark_lag(self) -> cloudwatch.Metric:
        """Give how far the slowest shard is behind, in seconds; `look_ahead` and more is late."""
        return timer_metric(self._name, TimerMetric.WATERMARK_LAG, "Maximum")

    def metric_fire_lateness(self) -> cloudwatch.Metric:
        """Give how long after their moment firings could be received, in milliseconds."""
        return timer_metric(self._name, TimerMetric.FIRE_LATENESS, "p99")

    def metric_enqueued(self) -> cloudwatch.Metric:
        """Count firings that were queued."""
        return timer_metric(self._name, TimerMetric.ENQUEUED)

    def metric_send_retries(self) -> cloudwatch.Metric:
        """Count firings that the queue did not take at once."""
        return timer_metric(self._name, TimerMetric.SEND_RETRIES)

    def metric_firings_skipped(self) -> cloudwatch.Metric:
        """Count firings that were too late for their timer's misfire policy."""
        return timer_metric(self._name, TimerMetric.FIRINGS_SKIPPED)

    def metric_firings_rejected(self) -> cloudwatch.Metric:
        """Count firings that the queue would never take, so that they are dead letters."""
        return timer_metric(self._name, TimerMetric.FIRINGS_REJECTED)

    def metric_firings_dropped(self) -> cloudwatch.Metric:
        """Count firings of timers that had been changed meanwhile, where `strict` is set."""
        return timer_metric(self._name, TimerMetric.FIRINGS_DROPPED)

    def metric_firings_repeated(self) -> cloudwatch.Metric:
        """Count firings that had been handled before, where `dedupe` is set."""
        return timer_metric(self._name, TimerMetric.FIRINGS_REPEATED)

    @property
    def _completed(self) -> Completion:
        if self._completion is None:
            raise ValueError(f"{self._name!r} has no callback; {REMEDY}")
        return self._completion

    def _is_complete(self) -> bool:
        return self._completion is not None

    def _complete(self, callback: Callback) -> None:
        self._completion = self._operators.complete(self, self._parts, callback)
