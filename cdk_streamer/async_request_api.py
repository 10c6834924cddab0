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
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_logs as logs,
    aws_sqs as sqs,
)
from constructs import Construct

from cdk_streamer import _connections, _table
from cdk_streamer._function import Defaults, RuntimeFunction
from cdk_streamer._handlers import HandlerSettings
from cdk_streamer._limits import MAX_RATE, Limits
from cdk_streamer._metrics import runtime_metric
from cdk_streamer._requests import (
    Requests,
    new_failure_queue,
    new_watch_queue,
    new_work_queue,
)
from cdk_streamer.auth import Auth
from cdk_streamer.progress_websocket import ProgressWebSocket
from cdk_streamer_runtime.contract import Metric


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
        limits = Limits.read(
            worker_timeout=worker_timeout, max_concurrency=max_concurrency, lease=lease,
            max_progress_rate=max_progress_rate, retention=retention,
        )  # fmt: skip
        _connections.check_stage_name(stage_name)
        if table is not None:
            _table.check(table, dispatches=True)
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
        )  # fmt: skip
        self._work = new_work_queue(self, limits.worker_timeout_seconds, encryption_key)
        self._watch = new_watch_queue(self, encryption_key)
        self._failures = new_failure_queue(self, encryption_key)
        requests = Requests(
            name=self._name, table=self.socket.table, stage=self.socket.stage,
            work=self._work, watch=self._watch, limits=limits,
            defaults=Defaults(
                architecture=architecture, log_retention=log_retention,
                removal_policy=removal_policy,
            ),
        )  # fmt: skip
        requests.accept(RuntimeFunction.of(self.socket.message_handler), app.entry_point)
        requests.new_dispatcher(self, self._failures)
        requests.new_redispatcher(self, self._failures)
        requests.new_watcher(self)
        self.worker: lambda_.IFunction = requests.new_worker(
            self, app.with_layer(self.socket.runtime_layer), app.entry_point
        )

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

    def metric_leases_lost(self) -> cloudwatch.Metric:
        """Count workers that were given up."""
        return runtime_metric(self._name, Metric.LEASES_LOST)

    def metric_queue_age(self) -> cloudwatch.Metric:
        """Give the longest time from acceptance to the first attempt, in milliseconds."""
        return runtime_metric(self._name, Metric.QUEUE_AGE, "Maximum")
