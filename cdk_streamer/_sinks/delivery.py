"""The function that delivers, and what brings messages to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aws_cdk import Duration, aws_lambda as lambda_
from constructs import Construct

from cdk_streamer._code.handlers import Convention, Handlers
from cdk_streamer._resources import tables
from cdk_streamer._resources.function import Defaults, RuntimeFunction
from cdk_streamer._resources.queue import allow_send
from cdk_streamer._sinks.rows import rows
from cdk_streamer._sinks.settings import SinkSettings
from cdk_streamer._sinks.storage import Storage
from cdk_streamer_runtime.contract import EntryPoint
from cdk_streamer_runtime.contract.sinks import SinkEnvironment, SinkRow

HANDLER = Convention(module="sink", attribute="sink", what="a Sink named sink")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The function, and its event source, which the controller switches off and on."""

    function: RuntimeFunction
    source: lambda_.EventSourceMapping

    @classmethod
    def create(
        cls,
        scope: Construct,
        *,
        app: Handlers,
        layer: lambda_.ILayerVersion,
        settings: SinkSettings,
        storage: Storage,
        defaults: Defaults,
    ) -> Delivery:
        """Create them in `scope`."""
        function = RuntimeFunction(
            scope,
            "Delivery",
            description="Delivers messages to a downstream",
            entry_point=EntryPoint.SINK,
            package=app.with_layer(layer),
            environment=_environment(scope.node.path, app.entry_point, settings, storage),
            timeout=Duration.seconds(settings.timeout_seconds),
            defaults=defaults,
            # It tells the controller, which invokes it, and so on.
            repeats=True,
        )
        _allow(function, settings, storage)
        source = storage.messages.invoke(
            function, batch_size=settings.batch_size, max_concurrency=settings.scaling
        )
        return cls(function=function, source=source)


def _environment(
    name: str, entry_point: str, settings: SinkSettings, storage: Storage
) -> SinkEnvironment:
    environment = SinkEnvironment(
        sink_name=name,
        table_name=storage.table.table_name,
        queue_url=storage.messages.queue.queue_url,
        controller_queue_url=storage.commands.queue.queue_url if settings.breaker else None,
        entry_point=entry_point,
        rejected_queue_url=storage.rejected.queue_url,
        batch_size=settings.batch_size,
        timeout_seconds=settings.timeout_seconds,
        fifo=settings.fifo,
        rate=settings.rate,
        remember_seconds=settings.remember_seconds,
    )
    if settings.fifo:
        environment = replace(
            environment,
            dead_letter_queue_url=storage.messages.dead_letters.queue_url,
            max_receive_count=settings.max_receive_count,
        )
    return settings.with_breaker(environment)


def _allow(function: RuntimeFunction, settings: SinkSettings, storage: Storage) -> None:
    storage.messages.allow_hide(function)
    allow_send(function, storage.rejected)
    if settings.fifo:
        storage.messages.allow_reject(function)
    table = storage.table
    if settings.breaker is not None:
        storage.commands.allow_send(function)
        tables.allow(function, table, "GetItem", "PutItem", only=rows(SinkRow.CIRCUIT))
    if settings.rate is not None:
        tables.allow(function, table, "UpdateItem", only=rows(SinkRow.PACE))
    if settings.remember_seconds is not None:
        tables.allow(function, table, "DeleteItem", "UpdateItem", only=rows(SinkRow.DELIVERY))
    elif settings.fifo:
        # It counts there how often a message has failed itself.
        tables.allow(function, table, "UpdateItem", only=rows(SinkRow.DELIVERY))
