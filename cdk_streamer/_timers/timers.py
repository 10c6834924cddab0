"""The functions of a PeriodicTimer, and what each of them may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Duration, aws_dynamodb as dynamodb, aws_kms as kms, aws_lambda as lambda_
from constructs import Construct

from cdk_streamer._code.assets import runtime_code, timers_code
from cdk_streamer._code.package import Package
from cdk_streamer._resources import tables
from cdk_streamer._resources.function import Defaults, RuntimeFunction
from cdk_streamer._resources.queue import RedrivenQueue
from cdk_streamer._timers.settings import TimerSettings
from cdk_streamer._timers.storage import (
    OWNERS,
    new_dispatch_queue,
    new_fan_out_queue,
    new_table,
)
from cdk_streamer_runtime.contract import INTEGRATION_SECONDS, EntryPoint
from cdk_streamer_runtime.contract.timers import (
    TIMER_DISPATCH_SECONDS,
    TimerApiEnvironment,
    TimerDispatcherEnvironment,
    TimerItemKind,
    TimerTickerEnvironment,
)

_TICK_SECONDS = 60
_API_MEMORY_SIZE = 512
# Half of a processor and more: it signs, and waits little.
_DISPATCHER_MEMORY_SIZE = 1_024
_FEWEST, _MOST_AT_ONCE = 2, 1_000  # what an event source can be limited to
# The database of our asset in place of the system's, which differs between machines. Where the
# asset is elsewhere, Python falls back to the package.
_ZONES = {"PYTHONTZPATH": "/var/task/tzdata/zoneinfo"}
_NEXT_TICK = "the next minute's tick does what was left undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """What the functions of one timer service have in common."""

    name: str
    table: dynamodb.ITable
    fan_out: RedrivenQueue
    dispatch: RedrivenQueue
    settings: TimerSettings
    defaults: Defaults

    @classmethod
    def create(
        cls,
        scope: Construct,
        *,
        settings: TimerSettings,
        table: dynamodb.ITable | None,
        key: kms.IKey | None,
        defaults: Defaults,
    ) -> Timers:
        """Create table and queues in `scope`."""
        return cls(
            name=scope.node.path,
            table=table or new_table(scope, key, defaults.removal_policy),
            fan_out=new_fan_out_queue(scope, key),
            dispatch=new_dispatch_queue(scope, key),
            settings=settings,
            defaults=defaults,
        )

    def new_api_handler(self, scope: Construct, callers: str | None) -> RuntimeFunction:
        """Create what answers the REST API, and queues what is due before the dispatcher looks."""
        handler = RuntimeFunction(
            scope,
            "Handler",
            description="Keeps timers",
            entry_point=EntryPoint.TIMER_API,
            package=self._package(scope, _API_MEMORY_SIZE),
            environment=TimerApiEnvironment(
                name=self.name,
                table_name=self.table.table_name,
                queue_url=self.fan_out.queue.queue_url,
                shards=self.settings.shards,
                look_ahead_seconds=self.settings.look_ahead_seconds,
                strict=self.settings.strict,
                isolate_owners=self.settings.isolate_owners,
                callers=callers,
            ),
            timeout=Duration.seconds(INTEGRATION_SECONDS),
            defaults=self.defaults,
            # A callback may set its timer again, and so on.
            repeats=True,
        )
        kind = TimerItemKind
        self._allow(handler, {kind.CLASS, kind.DEFINITION, kind.SHARD}, "GetItem")
        self._allow(handler, {kind.DEFINITION}, "BatchGetItem")
        self._allow(handler, set(kind) - {kind.FIRING}, "PutItem")
        self._allow(handler, {kind.DUE, kind.SLOT}, "DeleteItem")
        self._allow(handler, {kind.CLASS}, "UpdateItem")
        self._allow(handler, {kind.SHARD}, "ConditionCheckItem")
        tables.allow_index(handler, self.table, OWNERS)
        self.fan_out.allow_send(handler)
        return handler

    def new_ticker(self, scope: Construct) -> RuntimeFunction:
        """Create what wakes the dispatcher of each shard."""
        ticker = RuntimeFunction(
            scope,
            "Ticker",
            description="Wakes the dispatcher of each shard",
            entry_point=EntryPoint.TIMER_TICKER,
            package=Package(code=runtime_code(scope)),
            environment=TimerTickerEnvironment(
                name=self.name,
                table_name=self.table.table_name,
                dispatch_queue_url=self.dispatch.queue.queue_url,
                shards=self.settings.shards,
                look_ahead_seconds=self.settings.look_ahead_seconds,
            ),
            timeout=Duration.seconds(_TICK_SECONDS),
            defaults=self.defaults,
            why_nothing_is_kept=_NEXT_TICK,
        )
        self._allow(ticker, {TimerItemKind.SHARD}, "BatchGetItem")
        self.dispatch.allow_send(ticker)
        return ticker

    def new_dispatcher(self, scope: Construct) -> lambda_.IFunction:
        """Create what queues firings shortly before they are due."""
        dispatcher = RuntimeFunction(
            scope,
            "Dispatcher",
            description="Queues firings shortly before they are due",
            entry_point=EntryPoint.TIMER_DISPATCHER,
            package=self._package(scope, _DISPATCHER_MEMORY_SIZE),
            environment=TimerDispatcherEnvironment(
                name=self.name,
                table_name=self.table.table_name,
                queue_url=self.fan_out.queue.queue_url,
                dead_letter_queue_url=self.fan_out.dead_letters.queue_url,
                shards=self.settings.shards,
                look_ahead_seconds=self.settings.look_ahead_seconds,
            ),
            timeout=Duration.seconds(TIMER_DISPATCH_SECONDS),
            defaults=self.defaults,
        )
        kind = TimerItemKind
        self._allow(dispatcher, {kind.CLASS, kind.DUE, kind.SLOT}, "Query")
        self._allow(dispatcher, {kind.DUE, kind.SHARD}, "GetItem", "PutItem")
        self._allow(dispatcher, {kind.DEFINITION, kind.SHARD}, "UpdateItem")
        self._allow(dispatcher, {kind.DUE}, "DeleteItem")
        self._allow(dispatcher, {kind.DEFINITION}, "BatchGetItem")
        self.fan_out.allow_send(dispatcher)
        self.fan_out.allow_reject(dispatcher)
        # One dispatcher a shard has the lease; a second one leaves at once.
        at_once = min(max(self.settings.shards, _FEWEST), _MOST_AT_ONCE)
        self.dispatch.invoke(dispatcher, batch_size=1, max_concurrency=at_once)
        return dispatcher.function

    def _package(self, scope: Construct, memory_size: int) -> Package:
        return Package(
            code=timers_code(scope, self.defaults.architecture),
            memory_size=memory_size,
            variables=_ZONES,
        )

    def _allow(self, function: RuntimeFunction, kinds: set[TimerItemKind], *actions: str) -> None:
        tables.allow(function, self.table, *actions, only=keys_of(kinds))


def keys_of(kinds: set[TimerItemKind]) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Give the condition that allows items of these kinds alone.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """
    patterns = [f"{kind}#*" for kind in sorted(kinds)]
    return {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": patterns}}
