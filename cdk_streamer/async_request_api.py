"""Sync and async actions over a WebSocket: durable requests, retries, cancel, resume, results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import (
    Duration,
    RemovalPolicy,
    aws_apigatewayv2 as apigatewayv2,
    aws_cloudwatch as cloudwatch,
    aws_dynamodb as dynamodb,
    aws_ec2 as ec2,
    aws_iam as iam,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_logs as logs,
    aws_s3 as s3,
    aws_sqs as sqs,
)
from constructs import Construct

from cdk_streamer._arguments.origins import read_origins
from cdk_streamer._code.handlers import HandlerSettings
from cdk_streamer._http.endpoint import HttpEndpoint
from cdk_streamer._operations.metrics import runtime_metric
from cdk_streamer._requests.alarms import Alarms
from cdk_streamer._requests.dashboard import new_dashboard
from cdk_streamer._requests.limits import MAX_RATE, Limits
from cdk_streamer._requests.parts import Parts
from cdk_streamer._resources import tables
from cdk_streamer._resources.bucket import new_bucket
from cdk_streamer._resources.function import RuntimeFunction
from cdk_streamer._resources.stage import check_domains, check_stage_name
from cdk_streamer.auth import Auth
from cdk_streamer.progress_websocket import ProgressWebSocket
from cdk_streamer.webhooks import Webhooks
from cdk_streamer_runtime.contract import Metric


class AsyncRequestApi(Construct):
    """Actions of an AsyncApp over a WebSocket, the long ones as durable requests with progress.

    `socket` is the ProgressWebSocket that clients talk to, `bucket` where large results and
    uploads are.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        handlers: str | Path | lambda_.Code,
        auth: Auth,
        entry_point: str | None = None,
        environment: Mapping[str, str] | None = None,
        memory_size: int | None = None,
        vpc: ec2.IVpc | None = None,
        layers: Sequence[lambda_.ILayerVersion] = (),
        architecture: lambda_.Architecture = lambda_.Architecture.ARM_64,
        worker_timeout: Duration | None = None,
        max_concurrency: int | None = None,
        lease: Duration | None = None,
        max_progress_rate: int = MAX_RATE,
        retention: Duration | None = None,
        table: dynamodb.ITable | None = None,
        encryption_key: kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_MONTH,
        access_logs: bool = True,
        stage_name: str = "live",
        throttle: apigatewayv2.ThrottleSettings | None = None,
        http: bool = True,
        cors_origins: Sequence[str] | None = None,
        domain_name: apigatewayv2.IDomainName | None = None,
        http_domain_name: apigatewayv2.IDomainName | None = None,
        bucket: s3.IBucket | None = None,
        durable: Duration | None = None,
        webhooks: Webhooks | None = None,
        dashboard: bool = True,
        alarms: bool = True,
        alarm_actions: Sequence[cloudwatch.IAlarmAction] = (),
    ) -> None:
        """Create the API. What is not said here is as in ProgressWebSocket.

        handlers: a folder with `requests.py`, whose `app` is an AsyncApp, or a `lambda_.Code`,
            which needs `entry_point`.
        environment, memory_size, vpc, layers: of the functions that run handlers.
        worker_timeout: the longest that an attempt may take. Default: 15 minutes, Lambda's limit.
        max_concurrency: how many requests run at once, 2 to 1,000. Default: as many as Lambda lets.
        lease: how long after its last sign of life a worker is given up. Default: 60 seconds.
        max_progress_rate: posts a second to each subscriber, 1 to 100. Default: 10.
        retention: how long requests can be read after they ended. Default: 7 days.
        table: of your own, with a stream of new images and the index that lists an owner's
            requests beside what ProgressWebSocket needs. Default: one is created.
        encryption_key: encrypts queues, durable executions, and table and bucket unless they are
            yours. Default: keys of AWS.
        http: whether the same requests can be made over HTTP. Default: yes.
        cors_origins: pages of which origins may call, like `https://app.example.com`. Default:
            none over HTTP; any, with a token, over the socket.
        domain_name, http_domain_name: what `url` and `http_url` are on; an API cannot share one
            with another kind. Default: API Gateway's own addresses.
        bucket: of your own, for results over 100 KB and for uploads; it should let `requests/`
            and `uploads/` expire, and take `cors_origins` as its own. Default: one is created.
        durable: the longest that an action with `executor="durable"` may take, up to 366 days.
            Default: no such actions.
        webhooks: tells callers' own servers how their requests ended. Default: nobody is told.
        dashboard, alarms: whether there are any in CloudWatch, which asks a price for each.
            Default: yes.
        alarm_actions: what each alarm does, like `SnsAction(topic)`. Default: nothing.
        """
        limits = Limits.read(
            worker_timeout=worker_timeout, max_concurrency=max_concurrency, lease=lease,
            max_progress_rate=max_progress_rate, retention=retention, durable=durable,
        )  # fmt: skip
        check_domains(domain_name, http_domain_name, has_http=http)
        origins = read_origins(cors_origins)
        check_stage_name(stage_name)
        if table is not None:
            tables.check(table, index=tables.REQUESTS, streams=True)
        app = HandlerSettings(
            entry_point=entry_point, environment=environment, memory_size=memory_size,
            vpc=vpc, layers=layers, architecture=architecture,
        ).read(scope, handlers)  # fmt: skip
        super().__init__(scope, id)
        self._name = self.node.path
        self.socket = ProgressWebSocket(
            self, "Socket", auth=auth, name=self._name,
            handlers=handlers, entry_point=entry_point, environment=environment,
            memory_size=memory_size, vpc=vpc, layers=layers, architecture=architecture,
            table=table, encryption_key=encryption_key if table is None else None,
            removal_policy=removal_policy, log_retention=log_retention,
            access_logs=access_logs, stage_name=stage_name, throttle=throttle,
            cors_origins=cors_origins, domain_name=domain_name,
        )  # fmt: skip
        self.bucket: s3.IBucket = bucket or new_bucket(
            self, limits.lifetimes, origins, key=encryption_key, removal_policy=removal_policy
        )
        self._parts = Parts.create(
            self, app, name=self._name, table=self.socket.table, stage=self.socket.stage,
            message=RuntimeFunction.of(self.socket.message_handler),
            layer=self.socket.runtime_layer, bucket=self.bucket, webhooks=webhooks,
            limits=limits, key=encryption_key, defaults=self.socket.defaults,
        )  # fmt: skip
        self._http = HttpEndpoint(
            self, "Http", requests=self._parts.requests, gate=self.socket.gate, app=app,
            layer=self.socket.runtime_layer, origins=origins, domain_name=http_domain_name,
            throttle=throttle, access_logs=access_logs,
        ) if http else None  # fmt: skip
        self._dashboard = self._new_dashboard() if dashboard else None
        self._alarms = Alarms.create(self, self._parts, alarm_actions) if alarms else None

    @property
    def url(self) -> str:
        """What clients connect to: `wss://...`."""
        return self.socket.url

    @property
    def message_handler(self) -> lambda_.IFunction:
        """The function that answers what clients send, sync actions among it."""
        return self.socket.message_handler

    @property
    def http_url(self) -> str:
        """What the HTTP API's paths begin with: `https://...`, without a slash at the end."""
        return self._endpoint.url

    @property
    def http_handler(self) -> lambda_.IFunction:
        """The function that answers HTTP requests, sync actions among them."""
        return self._endpoint.handler

    @property
    def worker(self) -> lambda_.IFunction:
        """The function that runs async actions."""
        return self._parts.worker

    @property
    def durable(self) -> lambda_.IFunction | None:
        """The function that runs durable actions, if `durable` was given."""
        return self._parts.durable

    @property
    def handler_functions(self) -> tuple[lambda_.IFunction, ...]:
        """The functions that run handlers, to grant them what handlers use.

        `for function in api.handler_functions: bucket.grant_put(function)`
        """
        http = self._http.handler if self._http else None
        functions = (self.worker, self.message_handler, http, self.durable)
        return tuple(function for function in functions if function is not None)

    @property
    def work_queue(self) -> sqs.IQueue:
        """Requests that wait for a worker."""
        return self._parts.requests.work.queue

    @property
    def dead_letter_queues(self) -> tuple[sqs.IQueue, ...]:
        """What was given up, of work, watch, dispatch and webhooks: each must stay empty."""
        return tuple(queue.dead_letters for queue in self._parts.queues)

    @property
    def dashboard(self) -> cloudwatch.Dashboard:
        """What to look at first when something is wrong."""
        if self._dashboard is None:
            raise ValueError(f"{self._name!r} has dashboard=False; leave it out to get one")
        return self._dashboard

    @property
    def alarms(self) -> Alarms:
        """The alarms, one attribute each."""
        if self._alarms is None:
            raise ValueError(f"{self._name!r} has alarms=False; leave it out to get them")
        return self._alarms

    def grant_request(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal make HTTP requests, where `auth` is `Auth.iam()`."""
        return self._endpoint.grant_request(grantee)

    def metric_requests_queued(self) -> cloudwatch.Metric:
        """Count requests that were accepted."""
        return runtime_metric(self._name, Metric.REQUESTS_QUEUED)

    def metric_requests_succeeded(self) -> cloudwatch.Metric:
        """Count requests that ended with a result."""
        return runtime_metric(self._name, Metric.REQUESTS_SUCCEEDED)

    def metric_requests_failed(self) -> cloudwatch.Metric:
        """Count requests that ended with an error."""
        return runtime_metric(self._name, Metric.REQUESTS_FAILED)

    def metric_requests_cancelled(self) -> cloudwatch.Metric:
        """Count requests that ended because a client asked for it."""
        return runtime_metric(self._name, Metric.REQUESTS_CANCELLED)

    def metric_requests_expired(self) -> cloudwatch.Metric:
        """Count requests that no worker took in time."""
        return runtime_metric(self._name, Metric.REQUESTS_EXPIRED)

    def metric_requests_retried(self) -> cloudwatch.Metric:
        """Count attempts that failed and were followed by another."""
        return runtime_metric(self._name, Metric.REQUESTS_RETRIED)

    def metric_requests_limited(self) -> cloudwatch.Metric:
        """Count requests that were refused because a limit was reached."""
        return runtime_metric(self._name, Metric.REQUESTS_LIMITED)

    def metric_webhooks_delivered(self) -> cloudwatch.Metric:
        """Count ends that a caller's own server has taken."""
        return runtime_metric(self._name, Metric.WEBHOOKS_DELIVERED)

    def metric_webhooks_failed(self) -> cloudwatch.Metric:
        """Count calls of callers' own servers that failed."""
        return runtime_metric(self._name, Metric.WEBHOOKS_FAILED)

    def metric_leases_lost(self) -> cloudwatch.Metric:
        """Count workers that were given up."""
        return runtime_metric(self._name, Metric.LEASES_LOST)

    def metric_queue_age(self) -> cloudwatch.Metric:
        """Give the longest time from acceptance to the first attempt, in milliseconds."""
        return runtime_metric(self._name, Metric.QUEUE_AGE, "Maximum")

    def _new_dashboard(self) -> cloudwatch.Dashboard:
        functions = {
            "Authorizer": self.socket.authorizer_function,
            "Connection": self.socket.connection_handler,
            "Message": self.socket.message_handler,
            "Http": self._http.handler if self._http else None,
            "Dispatcher": self._parts.dispatcher,
            "Redispatcher": self._parts.redispatcher,
            "Watcher": self._parts.watcher,
            "Worker": self._parts.worker,
            "Durable": self._parts.durable,
            "Webhook": self._parts.webhook,
        }
        shown = {name: function for name, function in functions.items() if function is not None}
        return new_dashboard(self, self._parts, shown)

    @property
    def _endpoint(self) -> HttpEndpoint:
        if self._http is None:
            raise ValueError(f"{self._name!r} has http=False; leave it out to get an HTTP API")
        return self._http
