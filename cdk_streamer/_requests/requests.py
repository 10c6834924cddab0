"""The functions behind async actions, and what each of them may do."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aws_cdk import (
    Duration,
    aws_apigatewayv2 as apigatewayv2,
    aws_dynamodb as dynamodb,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_s3 as s3,
)
from constructs import Construct

from cdk_streamer._code.assets import runtime_code
from cdk_streamer._code.handlers import Handlers
from cdk_streamer._code.package import Package
from cdk_streamer._requests.limits import Limits
from cdk_streamer._requests.queues import DISPATCH_SECONDS, WATCH_SECONDS
from cdk_streamer._resources import tables
from cdk_streamer._resources.bucket import allow_results, allow_uploads
from cdk_streamer._resources.durable import DurableFunction
from cdk_streamer._resources.function import Defaults, RuntimeFunction
from cdk_streamer._resources.queue import RedrivenQueue
from cdk_streamer._sockets import connections
from cdk_streamer._webhooks.queue import WebhookQueue
from cdk_streamer_runtime.contract import (
    DISPATCH_FILTER,
    DispatcherEnvironment,
    DurableEnvironment,
    EntryPoint,
    MessageEnvironment,
    WatcherEnvironment,
    WorkerEnvironment,
)

# A stream keeps its records for a day: before that they must be where they can wait.
_DISPATCH_RETRIES = 10
_DISPATCH_AGE = Duration.hours(1)
# An execution's name may be used again as soon as Lambda has forgotten it.
_HISTORY = Duration.days(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """What the functions of one API have in common.

    `durable` is None until there is a durable function, which itself needs the others.
    """

    name: str
    table: dynamodb.ITable
    stage: apigatewayv2.IWebSocketStage
    work: RedrivenQueue
    watch: RedrivenQueue
    bucket: s3.IBucket
    webhooks: WebhookQueue | None
    limits: Limits
    defaults: Defaults
    durable: DurableFunction | None = None

    def settings(self, entry_point: str) -> MessageEnvironment:
        """Give what functions read that accept requests."""
        settings = MessageEnvironment(
            name=self.name,
            table_name=self.table.table_name,
            endpoint=self.stage.callback_url,
            entry_point=entry_point,
            requests=True,
            bucket_name=self.bucket.bucket_name,
            webhook_queue_url=self._webhook_queue_url,
            webhook_hosts=self.webhooks.hosts if self.webhooks else None,
            worker_timeout_seconds=self.limits.worker_timeout_seconds,
            retention_seconds=self.limits.retention_seconds,
        )
        if self.limits.durable_seconds is None:
            return settings
        return replace(settings, durable=True, durable_timeout_seconds=self.limits.durable_seconds)

    def accept(self, function: RuntimeFunction) -> None:
        """Let a function accept requests, and do with them what callers ask for."""
        tables.allow(
            function,
            self.table,
            *("BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"),
        )
        tables.allow_index(function, self.table)
        connections.allow(function, self.stage, "POST")
        allow_results(function, self.bucket, "GetObject")
        # What it signs, a client may do.
        allow_uploads(function, self.bucket, "GetObject", "PutObject")
        if self.durable is not None:
            self.durable.allow_end(function)
        if self.webhooks is not None:
            self.webhooks.redriven.allow_send(function)

    def with_durable(self, scope: Construct, app: Handlers, key: kms.IKey | None) -> Requests:
        """Create what runs actions that take longer than a worker can, if it is wanted."""
        if self.limits.durable_seconds is None:
            return self
        durable = DurableFunction.create(
            scope,
            app,
            DurableEnvironment(
                name=self.name,
                table_name=self.table.table_name,
                endpoint=self.stage.callback_url,
                entry_point=app.entry_point,
                watch_queue_url=self.watch.queue.queue_url,
                execution_timeout_seconds=self.limits.durable_seconds,
                retention_seconds=self.limits.retention_seconds,
                max_rate=self.limits.max_rate,
                bucket_name=self.bucket.bucket_name,
                webhook_queue_url=self._webhook_queue_url,
            ),
            description="Runs durable actions",
            entry_point=EntryPoint.DURABLE,
            execution_timeout=Duration.seconds(self.limits.durable_seconds),
            retention_period=_HISTORY,
            who_starts_again="the watcher starts again what did not start",
            key=key,
            defaults=self.defaults,
        )
        self._allow_attempts(durable.function)
        return replace(self, durable=durable)

    def new_dispatcher(self, scope: Construct, failures: RedrivenQueue) -> lambda_.IFunction:
        """Create what queues accepted requests; what it cannot queue goes to `failures`."""
        dispatcher = self._new_dispatching(scope, "Dispatcher", EntryPoint.DISPATCHER)
        failures.allow_send(dispatcher)
        lambda_.EventSourceMapping(
            dispatcher,
            "Source",
            target=dispatcher.function,
            event_source_arn=self.table.table_stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            filters=[lambda_.FilterCriteria.filter(DISPATCH_FILTER)],
            batch_size=100,
            # Requests do not wait for each other, so the batches of a shard need not either.
            parallelization_factor=10,
            retry_attempts=_DISPATCH_RETRIES,
            max_record_age=_DISPATCH_AGE,
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            on_failure=failures.as_destination(),
        )
        return dispatcher.function

    def new_redispatcher(self, scope: Construct, failures: RedrivenQueue) -> lambda_.IFunction:
        """Create what reads the records of `failures` again and queues them."""
        redispatcher = self._new_dispatching(scope, "Redispatcher", EntryPoint.REDISPATCHER)
        failures.invoke(redispatcher, batch_size=10)
        return redispatcher.function

    def new_watcher(self, scope: Construct) -> lambda_.IFunction:
        """Create what looks after requests until they have ended."""
        watcher = RuntimeFunction(
            scope,
            "Watcher",
            description="Looks after requests until they have ended",
            entry_point=EntryPoint.WATCHER,
            package=Package(code=runtime_code(scope)),
            environment=WatcherEnvironment(
                name=self.name,
                table_name=self.table.table_name,
                endpoint=self.stage.callback_url,
                work_queue_url=self.work.queue.queue_url,
                watch_queue_url=self.watch.queue.queue_url,
                lease_seconds=self.limits.lease_seconds,
                retention_seconds=self.limits.retention_seconds,
                durable_function=self._durable_arn,
                webhook_queue_url=self._webhook_queue_url,
            ),
            timeout=Duration.seconds(WATCH_SECONDS),
            defaults=self.defaults,
            repeats=True,
        )
        self._allow_requests(watcher)
        self.work.allow_send(watcher)
        if self.durable is not None:
            self.durable.allow_start(watcher)
            self.durable.allow_watch(watcher)
            self.durable.allow_end(watcher)
        self.watch.allow_hide(watcher)
        self.watch.allow_send(watcher)
        self.watch.invoke(watcher, batch_size=10)
        return watcher.function

    def new_worker(
        self, scope: Construct, app: Handlers, layer: lambda_.ILayerVersion
    ) -> lambda_.IFunction:
        """Create what runs the user's async actions."""
        limits = self.limits
        worker = RuntimeFunction(
            scope,
            "Worker",
            description="Runs async actions",
            entry_point=EntryPoint.WORKER,
            package=app.with_layer(layer),
            environment=WorkerEnvironment(
                name=self.name,
                table_name=self.table.table_name,
                endpoint=self.stage.callback_url,
                entry_point=app.entry_point,
                work_queue_url=self.work.queue.queue_url,
                worker_timeout_seconds=limits.worker_timeout_seconds,
                lease_seconds=limits.lease_seconds,
                retention_seconds=limits.retention_seconds,
                max_rate=limits.max_rate,
                watch_queue_url=self.watch.queue.queue_url,
                bucket_name=self.bucket.bucket_name,
                webhook_queue_url=self._webhook_queue_url,
            ),
            timeout=Duration.seconds(limits.worker_timeout_seconds),
            defaults=self.defaults,
            repeats=True,
        )
        self._allow_attempts(worker)
        self.work.allow_send(worker)
        self.work.invoke(worker, batch_size=1, max_concurrency=limits.max_concurrency)
        return worker.function

    def new_webhook_sender(self, scope: Construct) -> lambda_.IFunction | None:
        """Create what tells callers' own servers how requests ended, if that is wanted."""
        if self.webhooks is None:
            return None
        return self.webhooks.new_sender(
            scope,
            name=self.name,
            table=self.table,
            bucket=self.bucket,
            retention_seconds=self.limits.retention_seconds,
            defaults=self.defaults,
        )

    def _new_dispatching(
        self, scope: Construct, id: str, entry_point: EntryPoint
    ) -> RuntimeFunction:
        function = RuntimeFunction(
            scope,
            id,
            description="Queues accepted requests",
            entry_point=entry_point,
            package=Package(code=runtime_code(scope)),
            environment=DispatcherEnvironment(
                name=self.name,
                work_queue_url=self.work.queue.queue_url,
                watch_queue_url=self.watch.queue.queue_url,
                lease_seconds=self.limits.lease_seconds,
                durable_function=self._durable_arn,
            ),
            timeout=Duration.seconds(DISPATCH_SECONDS),
            defaults=self.defaults,
        )
        tables.allow_stream(function, self.table)
        self.work.allow_send(function)
        self.watch.allow_send(function)
        if self.durable is not None:
            self.durable.allow_start(function)
        return function

    def _allow_attempts(self, function: RuntimeFunction) -> None:
        """Let a function run attempts: keep what they make, and have late ones looked after."""
        self._allow_requests(function)
        tables.allow(function, self.table, "BatchWriteItem")
        allow_results(function, self.bucket, "GetObject", "PutObject")
        allow_uploads(function, self.bucket, "GetObject")
        self.watch.allow_send(function)

    def _allow_requests(self, function: RuntimeFunction) -> None:
        """Let a function change and end requests, and tell subscribers."""
        tables.allow(function, self.table, "GetItem", "UpdateItem")
        connections.allow(function, self.stage, "POST")
        if self.webhooks is not None:
            self.webhooks.redriven.allow_send(function)

    @property
    def _durable_arn(self) -> str | None:
        return self.durable.alias.function_arn if self.durable else None

    @property
    def _webhook_queue_url(self) -> str | None:
        return self.webhooks.url if self.webhooks else None
