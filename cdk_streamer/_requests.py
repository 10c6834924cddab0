"""The functions behind async actions, and what each of them may do."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import (
    Duration,
    aws_apigatewayv2 as apigatewayv2,
    aws_dynamodb as dynamodb,
    aws_kms as kms,
    aws_lambda as lambda_,
)
from constructs import Construct

from cdk_streamer import _connections, _table
from cdk_streamer._assets import runtime_code
from cdk_streamer._function import Defaults, Package, RuntimeFunction
from cdk_streamer._limits import Limits
from cdk_streamer._queue import RedrivenQueue
from cdk_streamer_runtime.contract import (
    DISPATCH_FILTER,
    VISIBILITY_MARGIN_SECONDS,
    WATCH_RECEIVES,
    WORK_RECEIVES,
    DispatcherEnvironment,
    EntryPoint,
    MessageEnvironment,
    WatcherEnvironment,
    WorkerEnvironment,
)

_DISPATCH_SECONDS = 30
_WATCH_SECONDS = 60
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
_VISIBILITY_FACTOR = 6
_RECEIVES = 5
# A stream keeps its records for a day: before that they must be where they can wait.
_DISPATCH_RETRIES = 10
_DISPATCH_AGE = Duration.hours(1)


def new_work_queue(scope: Construct, timeout_seconds: int, key: kms.IKey | None) -> RedrivenQueue:
    """Create the queue of attempts that are due."""
    visibility = Duration.seconds(timeout_seconds + VISIBILITY_MARGIN_SECONDS)
    return RedrivenQueue(
        scope,
        "Work",
        visibility_timeout=visibility,
        max_receive_count=WORK_RECEIVES,
        encryption_key=key,
    )


def new_watch_queue(scope: Construct, key: kms.IKey | None) -> RedrivenQueue:
    """Create the queue with one message for each request that has not ended."""
    return RedrivenQueue(
        scope,
        "Watch",
        visibility_timeout=Duration.seconds(_WATCH_SECONDS * _VISIBILITY_FACTOR),
        max_receive_count=WATCH_RECEIVES,
        encryption_key=key,
    )


def new_failure_queue(scope: Construct, key: kms.IKey | None) -> RedrivenQueue:
    """Create the queue of pointers to stream records that could not be dispatched."""
    return RedrivenQueue(
        scope,
        "DispatchFailures",
        visibility_timeout=Duration.seconds(_DISPATCH_SECONDS * _VISIBILITY_FACTOR),
        max_receive_count=_RECEIVES,
        encryption_key=key,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """What the functions of one API have in common."""

    name: str
    table: dynamodb.ITable
    stage: apigatewayv2.IWebSocketStage
    work: RedrivenQueue
    watch: RedrivenQueue
    limits: Limits
    defaults: Defaults

    def accept(self, message: RuntimeFunction, entry_point: str) -> None:
        """Let the message function of a socket accept async actions."""
        message.set_environment(
            MessageEnvironment(
                name=self.name,
                table_name=self.table.table_name,
                endpoint=self.stage.callback_url,
                entry_point=entry_point,
                requests=True,
                worker_timeout_seconds=self.limits.worker_timeout_seconds,
                retention_seconds=self.limits.retention_seconds,
            )
        )
        _table.allow(message, self.table, "GetItem", "PutItem", "UpdateItem", "DeleteItem")
        _table.allow_index(message, self.table)

    def new_dispatcher(self, scope: Construct, failures: RedrivenQueue) -> None:
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

    def new_redispatcher(self, scope: Construct, failures: RedrivenQueue) -> None:
        """Create what reads the records of `failures` again and queues them."""
        redispatcher = self._new_dispatching(scope, "Redispatcher", EntryPoint.REDISPATCHER)
        failures.invoke(redispatcher, batch_size=10)

    def new_watcher(self, scope: Construct) -> None:
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
            ),
            timeout=Duration.seconds(_WATCH_SECONDS),
            defaults=self.defaults,
        )
        self._allow_requests(watcher)
        self.watch.allow_hide(watcher)
        self.watch.allow_send(watcher)
        self.watch.invoke(watcher, batch_size=10)

    def new_worker(self, scope: Construct, package: Package, entry_point: str) -> lambda_.IFunction:
        """Create what runs the user's async actions."""
        limits = self.limits
        worker = RuntimeFunction(
            scope,
            "Worker",
            description="Runs async actions",
            entry_point=EntryPoint.WORKER,
            package=package,
            environment=WorkerEnvironment(
                name=self.name,
                table_name=self.table.table_name,
                endpoint=self.stage.callback_url,
                entry_point=entry_point,
                work_queue_url=self.work.queue.queue_url,
                worker_timeout_seconds=limits.worker_timeout_seconds,
                lease_seconds=limits.lease_seconds,
                retention_seconds=limits.retention_seconds,
                max_rate=limits.max_rate,
            ),
            timeout=Duration.seconds(limits.worker_timeout_seconds),
            defaults=self.defaults,
        )
        self._allow_requests(worker)
        self.work.invoke(worker, batch_size=1, max_concurrency=limits.max_concurrency)
        return worker.function

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
            ),
            timeout=Duration.seconds(_DISPATCH_SECONDS),
            defaults=self.defaults,
        )
        _table.allow_stream(function, self.table)
        self.work.allow_send(function)
        self.watch.allow_send(function)
        return function

    def _allow_requests(self, function: RuntimeFunction) -> None:
        """Let a function change requests, tell subscribers, and queue the next attempt."""
        _table.allow(function, self.table, "GetItem", "UpdateItem")
        _connections.allow(function, self.stage, "POST")
        self.work.allow_send(function)
