"""The functions and queues of a DurableBatch, and what each function may do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aws_cdk import (
    Duration,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_sqs as sqs,
)
from constructs import Construct

from cdk_streamer._batches.own import OwnFunction
from cdk_streamer._batches.rights import Right, allow, of_key, of_queue
from cdk_streamer._batches.settings import Options
from cdk_streamer._batches.starter import Starter
from cdk_streamer._resources import tables
from cdk_streamer._resources.durable import DurableFunction
from cdk_streamer._resources.function import Defaults
from cdk_streamer._resources.queue import new_dead_letters
from cdk_streamer._sockets import connections
from cdk_streamer._sockets.publisher import CHANNEL_ACTIONS
from cdk_streamer_runtime.contract import EntryPoint
from cdk_streamer_runtime.contract.batches import BatchEnvironment, BatchSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a DurableBatch is made of; what was not asked for is None."""

    name: str
    options: Options
    settings: BatchSettings
    dead_letters: sqs.IQueue
    key: kms.IKey | None
    durable: DurableFunction | None
    starter: Starter | None

    @classmethod
    def create(
        cls,
        scope: Construct,
        options: Options,
        own: OwnFunction | None,
        *,
        dead_letters: sqs.IQueue | None,
        key: kms.IKey | None,
        defaults: Defaults,
    ) -> Parts:
        """Create them in `scope`."""
        queue = dead_letters or new_dead_letters(scope, "DeadLetters", key)
        durable = own and _new_durable(
            scope, options, own, dead_letters=queue, key=key, defaults=defaults
        )
        settings = options.settings(
            scope,
            dead_letter_queue_url=queue.queue_url,
            function=durable.alias.function_arn if durable else None,
        )
        starter = None
        if durable and own and own.occurrences:
            starter = Starter.create(
                scope, own.occurrences, durable, settings, key=key, defaults=defaults
            )
        return cls(
            name=scope.node.path,
            options=options,
            settings=settings,
            dead_letters=queue,
            key=key,
            durable=durable,
            starter=starter,
        )

    @property
    def functions(self) -> Mapping[str, lambda_.IFunction]:
        """Give all functions, by the names that a dashboard shows."""
        durable = {"Batch": self.durable.function.function} if self.durable else {}
        starter = {"Starter": self.starter.function.function} if self.starter else {}
        return {**durable, **starter}

    def rights_to_run(self) -> Iterator[Right]:
        """Give what a function must be allowed that runs the batch."""
        return _rights_to_run(self.options, self.dead_letters)

    def rights_to_start(self) -> Iterator[Right]:
        """Give what a function must be allowed that starts it; raises ValueError if none can."""
        if self.durable is None:
            raise ValueError(
                f"{self.name!r} has no handlers, so it runs in requests alone; give it handlers "
                "to start it"
            )
        yield Right(actions=("lambda:InvokeFunction",), on=self.durable.alias.function_arn)
        yield from of_key(self.key)


def _rights_to_run(options: Options, dead_letters: sqs.IQueue) -> Iterator[Right]:
    if options.place is not None:
        yield from options.place.rights()
    yield from of_queue(dead_letters)


def _new_durable(
    scope: Construct,
    options: Options,
    own: OwnFunction,
    *,
    dead_letters: sqs.IQueue,
    key: kms.IKey | None,
    defaults: Defaults,
) -> DurableFunction:
    settings = options.settings(scope, dead_letter_queue_url=dead_letters.queue_url)
    progress, lifetimes = own.progress, own.lifetimes
    durable = DurableFunction.create(
        scope,
        own.app,
        BatchEnvironment(
            batch_name=settings.name,
            batch=settings.to_text(),
            entry_point=own.app.entry_point,
            execution_timeout_seconds=lifetimes.execution_timeout,
            channel_table_name=progress.table.table_name if progress else None,
            channel_endpoint=progress.stage.callback_url if progress else None,
        ),
        description="Runs batches",
        entry_point=EntryPoint.BATCH,
        execution_timeout=Duration.seconds(lifetimes.execution_timeout),
        retention_period=Duration.seconds(lifetimes.retention),
        who_starts_again="the alarms tell of batches that failed, and their queue has the items",
        key=key,
        defaults=defaults,
    )
    allow(durable.function, _rights_to_run(options, dead_letters))
    if progress is not None:
        tables.allow(durable.function, progress.table, *CHANNEL_ACTIONS)
        connections.allow(durable.function, progress.stage, "POST")
    return durable
