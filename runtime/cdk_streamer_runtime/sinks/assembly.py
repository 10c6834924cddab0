"""Puts the parts of a sink's function together, for Lambda and for a test alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cdk_streamer_runtime.aws import Aws, LeanClient, Patience
from cdk_streamer_runtime.contract.sinks import SINK_DIMENSION, SinkEnvironment
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.limits.reservations import Reservations
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.sinks.app import Sink
from cdk_streamer_runtime.sinks.calls import Calls
from cdk_streamer_runtime.sinks.circuit import sink_circuit
from cdk_streamer_runtime.sinks.failures import Failures
from cdk_streamer_runtime.sinks.judge import Judge
from cdk_streamer_runtime.sinks.memory import Memory
from cdk_streamer_runtime.sinks.pacing import Pacing
from cdk_streamer_runtime.sinks.side_queue import SideQueue
from cdk_streamer_runtime.sinks.source import Source
from cdk_streamer_runtime.sinks.worker import Parts, Worker
from cdk_streamer_runtime.sinks.world import Meter, Platform

# Who waits for the table lets its turn pass, and a batch that is handed back comes again.
IMPATIENCE = Patience(attempts=3, connect=1.0, read=3.0, total=8.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkAssembly:
    """Builds a sink's function for one world: where AWS is, and what machine it runs on."""

    aws: Aws
    platform: Platform

    def worker(self, settings: SinkEnvironment, sink: Sink, metrics: Meter) -> Worker:
        """Build what delivers; raises ValueError for a sink without a function."""
        functions = sink.functions
        calls = Calls(functions, self.platform, metrics)
        table = Table(self.aws, settings.table_name)
        return Worker(
            Parts(
                calls=calls,
                judge=self._judge(settings, table, functions.unavailable),
                source=Source(self.aws, settings.queue_url),
                memory=self._memory(settings, table),
                pacing=_pacing(settings, together=calls.together),
                reservations=Reservations(table),
                downstream=sink_circuit(self.aws, settings, metrics),
                platform=self.platform,
                metrics=metrics,
                timeout=settings.timeout_seconds * 1000,
                fifo=settings.fifo,
            )
        )

    def _judge(
        self, settings: SinkEnvironment, table: Table, unavailable: Sequence[type[Exception]]
    ) -> Judge:
        dead_letters = settings.dead_letter_queue_url
        return Judge(
            rejected=SideQueue(self.aws, settings.rejected_queue_url),
            dead_letters=SideQueue(self.aws, dead_letters) if dead_letters else None,
            most=settings.max_receive_count,
            failures=Failures(table, self.platform),
            unavailable=unavailable,
            platform=self.platform,
        )

    def _memory(self, settings: SinkEnvironment, table: Table) -> Memory | None:
        seconds = settings.remember_seconds
        return None if seconds is None else Memory(table, seconds=seconds, platform=self.platform)


def _pacing(settings: SinkEnvironment, *, together: bool) -> Pacing | None:
    if settings.rate is None:
        return None
    return Pacing.of(settings.rate, settings.batch_size, together=together)


def metrics_of(name: str) -> Metrics:
    """Build who counts for a construct."""
    return Metrics(name, dimension=SINK_DIMENSION)


@lru_cache(maxsize=1)
def in_lambda() -> SinkAssembly:
    """Give this process's own world; its client keeps connections open between events."""
    return SinkAssembly(aws=LeanClient(patience=IMPATIENCE), platform=Machine())
