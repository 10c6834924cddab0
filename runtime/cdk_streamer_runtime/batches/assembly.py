"""Puts the parts of a batch together, for Lambda and for a test alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from cdk_streamer_runtime.aws import Aws, LeanClient, Patience
from cdk_streamer_runtime.batches.batch import Batch
from cdk_streamer_runtime.batches.dead_letters import DeadLetters
from cdk_streamer_runtime.batches.functions import Functions
from cdk_streamer_runtime.batches.invocation import Invocation, Listen
from cdk_streamer_runtime.batches.targets import AuthorsTarget, FunctionTarget, QueueTarget
from cdk_streamer_runtime.batches.telling import Ear, Silence
from cdk_streamer_runtime.batches.turns import SLICE, Turns
from cdk_streamer_runtime.batches.world import Meter, Platform, Target, World
from cdk_streamer_runtime.contract import AwsEnvironment, PublisherEnvironment
from cdk_streamer_runtime.contract.batches import (
    BATCH_DIMENSION,
    BatchEnvironment,
    BatchSettings,
    Pacing,
    TargetKind,
)
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.metrics import Metrics

REPORTS = 2  # a second: many chunks end at once, and each report is a write
# A function may take as long as any; asked twice it would do everything twice.
LONG_PATIENCE = Patience(attempts=1, read=900.0, total=900.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAssembly:
    """Builds batches for one world. `aws_in` gives the client of another region."""

    aws: Aws
    platform: Platform
    aws_in: Callable[[str], Aws]
    asking: Aws | None = None  # what waits for functions; default: the same as for all else

    def world(self, settings: BatchSettings, functions: Functions, metrics: Meter) -> World:
        """Build where a batch runs; raises ValueError for one that could never run."""
        target = self._target(settings, functions)
        asks = target is None
        most = settings.chunk_size if asks else SLICE
        rate = settings.rate
        return World(
            settings=settings,
            platform=self.platform,
            metrics=metrics,
            letters=DeadLetters(self.aws, settings.dead_letter_queue_url, self.platform),
            target=target,
            function=FunctionTarget(self.asking or self.aws, settings.target_address or "")
            if asks
            else None,
            turns=None if rate is None else Turns(rate, self.platform, most),
        )

    def _target(self, settings: BatchSettings, functions: Functions) -> Target | None:
        delays = settings.rate is not None and settings.pacing is Pacing.DELAY
        is_queue = functions.publish is None and settings.target_kind is TargetKind.QUEUE
        if delays and (not is_queue or settings.target_fifo):
            raise ValueError(
                "only a standard queue can delay messages; publish to one, or keep the rate by "
                "Pacing.WAIT"
            )
        if functions.publish is not None:
            return AuthorsTarget(functions.publish)
        if is_queue:
            region = settings.target_region
            aws = self.aws if region is None else self.aws_in(region)
            return QueueTarget(aws, settings, self.platform)
        if settings.target_kind is None:
            raise ValueError(
                "nothing says how items are published; register a function by batch.publish, or "
                "give the DurableBatch a target"
            )
        return None


def invocation(
    assembly: BatchAssembly, settings: BatchEnvironment, batch: Batch, metrics: Meter
) -> Invocation:
    """Build what runs a batch's durable function; raises ValueError for one that cannot run."""
    known = BatchSettings.from_text(settings.batch)
    return Invocation(batch, assembly.world(known, batch.functions, metrics), listening(settings))


def listening(settings: BatchEnvironment) -> Listen:
    """Build what gives the channel of a batch: that of its id, or silence without a socket."""
    if settings.channel_table_name is None or settings.channel_endpoint is None:
        return lambda _tenant, _batch_id: Silence()
    publisher = PublisherEnvironment(
        name=settings.batch_name,
        table_name=settings.channel_table_name,
        endpoint=settings.channel_endpoint,
    )

    def listen(tenant: str, batch_id: str) -> Ear:
        # What a batch without a socket never needs is not imported there.
        from cdk_streamer_runtime.assembly import in_lambda as sockets_in_lambda

        name = f"batches/{batch_id}"
        return sockets_in_lambda().channel(publisher, tenant=tenant, name=name, max_rate=REPORTS)

    return listen


def world_of(name: str, functions: Functions) -> World:
    """Build where the batch of a construct runs, by this function's environment."""
    settings = BatchSettings.from_variables(name)
    return in_lambda().world(settings, functions, metrics_of(settings.name))


def metrics_of(name: str) -> Metrics:
    """Build who counts for a construct."""
    return Metrics(name, dimension=BATCH_DIMENSION)


@lru_cache(maxsize=1)
def in_lambda() -> BatchAssembly:
    """Give this process's own world; its clients keep connections open between events."""
    return BatchAssembly(
        aws=LeanClient(),
        platform=Machine(),
        aws_in=client_in,
        asking=LeanClient(patience=LONG_PATIENCE),
    )


@lru_cache
def client_in(region: str) -> LeanClient:
    """Give the client of a region: it signs for it, and calls there."""
    return LeanClient(environment=lambda: replace(AwsEnvironment.from_variables(), region=region))
