"""Sync and async actions over a WebSocket: durable requests, retries, cancel, resume, results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from cdk_streamer_runtime.contract import (
    DISPATCH_FILTER,
    MAX_DELAY_SECONDS,
    VISIBILITY_MARGIN_SECONDS,
    WATCH_RECEIVES,
    WORK_RECEIVES,
    WORKER_TIMEOUT_SECONDS,
    DispatcherEnvironment,
    EntryPoint,
    MessageEnvironment,
    Metric,
    WatcherEnvironment,
    WorkerEnvironment,
)
from constructs import Construct

from cdk_streamer import _connections, _table
from cdk_streamer._assets import runtime_code
from cdk_streamer._durations import whole_seconds
from cdk_streamer._function import Defaults, Package, RuntimeFunction
from cdk_streamer._handlers import Handlers, HandlerSettings
from cdk_streamer._metrics import runtime_metric
from cdk_streamer._queue import RedrivenQueue
from cdk_streamer.auth import Auth
from cdk_streamer.progress_websocket import ProgressWebSocket

RETENTION_SECONDS = 7 * 24 * 60 * 60
LONGEST_RETENTION_SECONDS = 365 * 24 * 60 * 60
LEASE_SECONDS = 60
MAX_RATE = 10

_DISPATCH_SECONDS = 30
_WATCH_SECONDS = 60
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
_VISIBILITY_FACTOR = 6
_RECEIVES = 5
# A stream keeps its records for a day; before that they must be where they can wait.
_DISPATCH_RETRIES = 10
_DISPATCH_AGE = Duration.hours(1)


class AsyncRequestApi(Construct):
    """Actions of an AsyncApp over a WebSocket, the long ones as durable requests with progress.

    `socket` is the ProgressWebSocket that clients talk to, `worker` the function that runs async
    actions, `message_handler` the one that runs sync actions.
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
    ) -> None:
        """Create the API. What is not said here is as in ProgressWebSocket.

        handlers: a folder with `requests.py`, whose `app` is an AsyncApp, or a `lambda_.Code`,
            which needs `entry_point`.
        environment, memory_size, vpc, layers: of the two functions that run handlers.
        worker_timeout: the longest that an attempt may take. Default: 15 minutes, Lambda's limit.
        max_concurrency: how many requests run at once, 2 to 1,000. Default: as many as Lambda lets.
        lease: how long after its last sign of life a worker is given up. Default: 60 seconds.
        max_progress_rate: posts a second to each subscriber, 1 to 100. Default: 10.
        retention: how long requests can be read after they ended. Default: 7 days.
        table: of your own, with a stream of new images and the index that lists an owner's
            requests beside what ProgressWebSocket needs. Default: one is created.
        encryption_key: encrypts queues, and the table unless it is yours. Default: keys of AWS.
        """
        limits = _Limits.read(
            worker_timeout=worker_timeout,
            max_concurrency=max_concurrency,
            lease=lease,
            max_progress_rate=max_progress_rate,
            retention=retention,
        )
        if table is not None:
            _table.check_keys(table)
            _table.check_stream(table)
        settings = HandlerSettings(
            entry_point=entry_point,
            environment=environment,
            memory_size=memory_size,
            vpc=vpc,
            layers=layers,
            architecture=architecture,
        )
        app = settings.read(scope, handlers)
        super().__init__(scope, id)
        self._name = self.node.path
        self._key = encryption_key
        self._limits = limits
        self._defaults = Defaults(
            architecture=architecture, log_retention=log_retention, removal_policy=removal_policy
        )
        self.socket = ProgressWebSocket(
            self,
            "Socket",
            auth=auth,
            handlers=handlers,
            entry_point=entry_point,
            environment=environment,
            memory_size=memory_size,
            vpc=vpc,
            layers=layers,
            architecture=architecture,
            table=table,
            encryption_key=None if table is not None else encryption_key,
            removal_policy=removal_policy,
            log_retention=log_retention,
            access_logs=access_logs,
            stage_name=stage_name,
            throttle=throttle,
            name=self._name,
        )
        self._table = self.socket.table
        self._work = self._new_queue(
            "Work", limits.worker_timeout_seconds + VISIBILITY_MARGIN_SECONDS, WORK_RECEIVES
        )
        self._watch = self._new_queue(
            "Watch", _WATCH_SECONDS * _VISIBILITY_FACTOR, WATCH_RECEIVES
        )
        self._failures = self._new_queue(
            "DispatchFailures", _DISPATCH_SECONDS * _VISIBILITY_FACTOR, _RECEIVES
        )
        self._accept_requests(app)
        self._new_dispatcher()
        self._new_redispatcher()
        self._new_watcher()
        self.worker: lambda_.IFunction = self._new_worker(app)

    @property
    def url(self) -> str:
        """What clients connect to: `wss://...`."""
        return self.socket.url

    @property
    def message_handler(self) -> lambda_.IFunction:
        """The function that answers what clients send, sync actions among it."""
        return self.socket.message_handler

    @property
    def handler_functions(self) -> tuple[lambda_.IFunction, lambda_.IFunction]:
        """The functions that run handlers, to grant them what handlers use.

        `for function in api.handler_functions: bucket.grant_put(function)`
        """
        return self.worker, self.message_handler

    @property
    def work_queue(self) -> sqs.IQueue:
        """Requests that wait for a worker."""
        return self._work.queue

    @property
    def dead_letter_queues(self) -> tuple[sqs.IQueue, ...]:
        """What was given up, of work, watch and dispatch: each must stay empty."""
        queues = (self._work, self._watch, self._failures)
        return tuple(queue.dead_letters for queue in queues)

    def metric_requests_queued(self) -> cloudwatch.Metric:
        """Requests that were accepted, summed up."""
        return runtime_metric(self._name, Metric.REQUESTS_QUEUED)

    def metric_requests_succeeded(self) -> cloudwatch.Metric:
        """Requests that ended with a result, summed up."""
        return runtime_metric(self._name, Metric.REQUESTS_SUCCEEDED)

    def metric_requests_failed(self) -> cloudwatch.Metric:
        """Requests that ended with an error, summed up."""
        return runtime_metric(self._name, Metric.REQUESTS_FAILED)

    def metric_requests_cancelled(self) -> cloudwatch.Metric:
        """Requests that ended because a client asked for it, summed up."""
        return runtime_metric(self._name, Metric.REQUESTS_CANCELLED)

    def metric_requests_expired(self) -> cloudwatch.Metric:
        """Requests that no worker took in time, summed up."""
        return runtime_metric(self._name, Metric.REQUESTS_EXPIRED)

    def metric_requests_retried(self) -> cloudwatch.Metric:
        """Attempts that failed and were followed by another, summed up."""
        return runtime_metric(self._name, Metric.REQUESTS_RETRIED)

    def metric_leases_lost(self) -> cloudwatch.Metric:
        """Workers that were given up, summed up."""
        return runtime_metric(self._name, Metric.LEASES_LOST)

    def metric_queue_age(self) -> cloudwatch.Metric:
        """Milliseconds from acceptance to the first attempt, the longest."""
        return runtime_metric(self._name, Metric.QUEUE_AGE, "Maximum")

    def _new_queue(self, id: str, visibility_seconds: int, max_receive_count: int) -> RedrivenQueue:
        return RedrivenQueue(
            self,
            id,
            visibility_timeout=Duration.seconds(visibility_seconds),
            max_receive_count=max_receive_count,
            encryption_key=self._key,
        )

    def _accept_requests(self, app: Handlers) -> None:
        """Make more of the socket's own message function: it accepts async actions too."""
        message = RuntimeFunction.of(self.socket.message_handler)
        message.set_environment(
            MessageEnvironment(
                name=self._name,
                table_name=self._table.table_name,
                endpoint=self.socket.callback_url,
                entry_point=app.entry_point,
                requests=True,
                worker_timeout_seconds=self._limits.worker_timeout_seconds,
                retention_seconds=self._limits.retention_seconds,
            )
        )
        _table.allow(message, self._table, "GetItem", "PutItem", "UpdateItem", "DeleteItem")
        _table.allow_index(message, self._table)

    def _new_dispatcher(self) -> None:
        dispatcher = RuntimeFunction(
            self,
            "Dispatcher",
            description="Queues accepted requests",
            entry_point=EntryPoint.DISPATCHER,
            package=Package(code=runtime_code(self)),
            environment=self._dispatcher_environment(),
            timeout=Duration.seconds(_DISPATCH_SECONDS),
            defaults=self._defaults,
        )
        _table.allow_stream(dispatcher, self._table)
        for queue in (self._work, self._watch, self._failures):
            queue.allow_send(dispatcher)
        lambda_.EventSourceMapping(
            dispatcher,
            "Source",
            target=dispatcher.function,
            event_source_arn=self._table.table_stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            filters=[lambda_.FilterCriteria.filter(DISPATCH_FILTER)],
            batch_size=100,
            # Requests are independent, so a shard's batches may run beside each other.
            parallelization_factor=10,
            retry_attempts=_DISPATCH_RETRIES,
            max_record_age=_DISPATCH_AGE,
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            on_failure=self._failures.as_destination(),
        )

    def _new_redispatcher(self) -> None:
        redispatcher = RuntimeFunction(
            self,
            "Redispatcher",
            description="Queues what the dispatcher could not",
            entry_point=EntryPoint.REDISPATCHER,
            package=Package(code=runtime_code(self)),
            environment=self._dispatcher_environment(),
            timeout=Duration.seconds(_DISPATCH_SECONDS),
            defaults=self._defaults,
        )
        _table.allow_stream(redispatcher, self._table)
        for queue in (self._work, self._watch):
            queue.allow_send(redispatcher)
        self._failures.invoke(redispatcher, batch_size=10)

    def _dispatcher_environment(self) -> DispatcherEnvironment:
        return DispatcherEnvironment(
            name=self._name,
            work_queue_url=self._work.queue.queue_url,
            watch_queue_url=self._watch.queue.queue_url,
            lease_seconds=self._limits.lease_seconds,
        )

    def _new_watcher(self) -> None:
        watcher = RuntimeFunction(
            self,
            "Watcher",
            description="Looks after requests until they have ended",
            entry_point=EntryPoint.WATCHER,
            package=Package(code=runtime_code(self)),
            environment=WatcherEnvironment(
                name=self._name,
                table_name=self._table.table_name,
                endpoint=self.socket.callback_url,
                work_queue_url=self._work.queue.queue_url,
                watch_queue_url=self._watch.queue.queue_url,
                lease_seconds=self._limits.lease_seconds,
                retention_seconds=self._limits.retention_seconds,
            ),
            timeout=Duration.seconds(_WATCH_SECONDS),
            defaults=self._defaults,
        )
        self._let_run_requests(watcher)
        self._watch.allow_hide(watcher)
        self._watch.invoke(watcher, batch_size=10)

    def _new_worker(self, app: Handlers) -> lambda_.Function:
        limits = self._limits
        worker = RuntimeFunction(
            self,
            "Worker",
            description="Runs async actions",
            entry_point=EntryPoint.WORKER,
            package=app.with_layer(self.socket.runtime_layer),
            environment=WorkerEnvironment(
                name=self._name,
                table_name=self._table.table_name,
                endpoint=self.socket.callback_url,
                entry_point=app.entry_point,
                work_queue_url=self._work.queue.queue_url,
                worker_timeout_seconds=limits.worker_timeout_seconds,
                lease_seconds=limits.lease_seconds,
                retention_seconds=limits.retention_seconds,
                max_rate=limits.max_rate,
            ),
            timeout=Duration.seconds(limits.worker_timeout_seconds),
            defaults=self._defaults,
        )
        self._let_run_requests(worker)
        self._work.invoke(worker, batch_size=1, max_concurrency=limits.max_concurrency)
        return worker.function

    def _let_run_requests(self, function: RuntimeFunction) -> None:
        """Let a function change requests, tell subscribers, and queue the next attempt."""
        _table.allow(function, self._table, "GetItem", "UpdateItem")
        _connections.allow(function, self.socket.stage, "POST")
        self._work.allow_send(function)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limits:
    """The checked numbers of an API."""

    worker_timeout_seconds: int
    lease_seconds: int
    retention_seconds: int
    max_rate: int
    max_concurrency: int | None

    @classmethod
    def read(
        cls,
        *,
        worker_timeout: Duration | None,
        max_concurrency: int | None,
        lease: Duration | None,
        max_progress_rate: int,
        retention: Duration | None,
    ) -> _Limits:
        """Check what the user gave; raises ValueError with the remedy."""
        if max_concurrency is not None and not 2 <= max_concurrency <= 1_000:  # noqa: PLR2004
            raise ValueError(
                f"max_concurrency must be 2 to 1000, got {max_concurrency!r}; "
                "leave it out for no limit of its own"
            )
        if not 1 <= max_progress_rate <= 100:  # noqa: PLR2004 - posts are throttled beyond
            raise ValueError(
                f"max_progress_rate must be 1 to 100 a second, got {max_progress_rate!r}"
            )
        return cls(
            worker_timeout_seconds=whole_seconds(
                "worker_timeout",
                worker_timeout,
                default=WORKER_TIMEOUT_SECONDS,
                least=10,
                most=WORKER_TIMEOUT_SECONDS,
            ),
            # The first watch message is delayed by a lease, and SQS delays by so much at most.
            lease_seconds=whole_seconds(
                "lease", lease, default=LEASE_SECONDS, least=5, most=MAX_DELAY_SECONDS
            ),
            retention_seconds=whole_seconds(
                "retention",
                retention,
                default=RETENTION_SECONDS,
                least=60 * 60,
                most=LONGEST_RETENTION_SECONDS,
            ),
            max_rate=max_progress_rate,
            max_concurrency=max_concurrency,
        )
