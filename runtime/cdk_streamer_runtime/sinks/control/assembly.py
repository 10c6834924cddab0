"""Puts the parts of a sink's controller together, for Lambda and tests alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cdk_streamer_runtime.aws import Aws, LeanClient, Patience
from cdk_streamer_runtime.contract.sinks import SINK_DIMENSION, SinkControllerEnvironment
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.sinks.circuits import Circuits
from cdk_streamer_runtime.sinks.control.backlog import Backlog
from cdk_streamer_runtime.sinks.control.controller import Controller
from cdk_streamer_runtime.sinks.control.held import HeldMessages
from cdk_streamer_runtime.sinks.control.polling import Polling
from cdk_streamer_runtime.sinks.control.prober import Prober
from cdk_streamer_runtime.sinks.control.redrive import DeadLetters, Redrive
from cdk_streamer_runtime.sinks.control.settling import Settling
from cdk_streamer_runtime.sinks.control.status import Status
from cdk_streamer_runtime.sinks.standing import breaker_of
from cdk_streamer_runtime.sinks.wakeups import Wakeups
from cdk_streamer_runtime.sinks.world import Meter, Platform

_LEAST_SECONDS = 5.0
_SPARE_SECONDS = 10.0  # of a probe's time, to be told that no answer has come


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerAssembly:
    """Builds a controller for one world; `invoking` gives a client that never repeats a call."""

    aws: Aws
    invoking: Callable[[], Aws]
    platform: Platform

    def controller(self, settings: SinkControllerEnvironment, metrics: Meter) -> Controller:
        """Build it."""
        table = Table(self.aws, settings.table_name)
        circuits, url = Circuits(table), settings.controller_queue_url
        wakeups = Wakeups(self.aws, url) if url else None
        backlog = Backlog(self.aws, settings.queue_url, settings.queue_arn)
        held, polling = HeldMessages(table, backlog), Polling(self.aws, settings.mapping_id)
        redrive = Redrive(self.aws, _dead_letters(settings), settings.redrive_per_second)
        settling = Settling(
            circuits=circuits,
            breaker=breaker_of(settings),
            polling=polling,
            held=held,
            prober=Prober(self.invoking, settings.function_arn, backlog, held, self.platform),
            wakeups=wakeups,
            platform=self.platform,
            metrics=metrics,
        )
        return Controller(
            circuits=circuits,
            settling=settling,
            redrive=redrive,
            status=Status(polling, backlog, held, redrive),
            wakeups=wakeups,
            platform=self.platform,
            metrics=metrics,
        )


def metrics_of(name: str) -> Metrics:
    """Build who counts for a construct."""
    return Metrics(name, dimension=SINK_DIMENSION)


def in_lambda(settings: SinkControllerEnvironment) -> ControllerAssembly:
    """Give this process's own world."""
    seconds = max(settings.breaker_probe_seconds - _SPARE_SECONDS, _LEAST_SECONDS)
    client = LeanClient(patience=Patience(attempts=1, read=seconds, total=seconds))

    def invoking() -> Aws:
        # On a connection that was idle a call is made again when it breaks, probe or not.
        client.close()
        return client

    return ControllerAssembly(aws=LeanClient(), invoking=invoking, platform=Machine())


def _dead_letters(settings: SinkControllerEnvironment) -> DeadLetters:
    return DeadLetters(
        url=settings.dead_letter_queue_url,
        arn=settings.dead_letter_queue_arn,
        queue_arn=settings.queue_arn,
    )
