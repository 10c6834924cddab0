"""The real sink and the real controller."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.contract.sinks import SinkControllerEnvironment, SinkEnvironment
from cdk_streamer_runtime.errors import Permanent
from cdk_streamer_runtime.sinks.app import Sink
from cdk_streamer_runtime.sinks.assembly import SinkAssembly
from cdk_streamer_runtime.sinks.control.assembly import ControllerAssembly
from cdk_streamer_runtime.sinks.record import SinkRecord
from tests.runtime.sinks.simulation.aws import SandboxAws
from tests.runtime.sinks.simulation.downstream import Sick
from tests.runtime.sinks.simulation.lambdas import (
    Event,
    Handler,
    Remaining,
    Sandbox,
    SandboxPlatform,
)
from tests.runtime.sinks.simulation.weather import SECOND
from tests.runtime.sinks.simulation.world import MAPPING, TABLE, World

REMEMBERED = 86_400


class Meter:
    """Who counts what the functions say of themselves."""

    def __init__(self, counts: dict[str, int]) -> None:
        self._counts = counts

    def count(self, metric: str, value: int = 1, /) -> None:
        """Add to the sum of a metric."""
        self._counts[metric] = self._counts.get(metric, 0) + value

    def milliseconds(self, metric: str, value: float, /) -> None:
        """Keep one duration."""

    def seconds(self, metric: str, value: float, /) -> None:
        """Keep one duration."""

    def flush(self) -> None:
        """Write what was measured."""


@dataclass(kw_only=True)
class Ours:
    """What the construct deploys."""

    name: str = "cdk-streamer"
    reserved: int | None = None
    most_receives: int = 100  # of a FIFO queue, whose worker itself gives messages up before
    has_controller: bool = True

    def worker(self, world: World, sandbox: Sandbox) -> Handler:
        """Build the function that delivers."""
        assembly = SinkAssembly(aws=SandboxAws(world, sandbox), platform=_platform(sandbox))
        worker = assembly.worker(
            SinkEnvironment(**_common(world), **_of_sink(world)),
            _app(world, sandbox),
            Meter(world.metrics),
        )
        return lambda event, remaining: worker.handle(event, remaining())

    def controller(self, world: World, sandbox: Sandbox) -> Handler:
        """Build the function that pauses and probes."""
        aws = SandboxAws(world, sandbox)
        assembly = ControllerAssembly(aws=aws, invoking=lambda: aws, platform=_platform(sandbox))
        controller = assembly.controller(
            SinkControllerEnvironment(
                **_common(world),
                function_arn=world.function.arn,
                mapping_id=MAPPING,
                queue_arn=world.queue.arn,
                dead_letter_queue_arn=world.dead_letters.arn,
                dead_letter_queue_url=world.dead_letters.url,
            ),
            Meter(world.metrics),
        )

        def handle(event: Event, remaining: Remaining) -> Any:
            return controller.handle(event, remaining())

        return handle


def _platform(sandbox: Sandbox) -> SandboxPlatform:
    skew = int(sandbox.faults().skew * SECOND)
    return SandboxPlatform(sandbox, sandbox.scheduler.random.randint(-skew, skew))


def _common(world: World) -> dict[str, Any]:
    scenario = world.scenario
    return {
        "sink_name": "Sink",
        "table_name": TABLE,
        "queue_url": world.queue.url,
        "controller_queue_url": world.commands.url,
        "breaker_failures": scenario.failures,
        "breaker_pause_seconds": scenario.pause // SECOND,
        "breaker_longest_pause_seconds": scenario.longest_pause // SECOND,
        "breaker_probe_seconds": scenario.probe_time // SECOND,
    }


def _of_sink(world: World) -> dict[str, Any]:
    scenario = world.scenario
    return {
        "entry_point": "sink:sink",
        "rejected_queue_url": world.rejected.url,
        "batch_size": scenario.batch,
        "timeout_seconds": scenario.timeout // SECOND,
        "fifo": scenario.fifo,
        "rate": scenario.rate,
        "remember_seconds": REMEMBERED if scenario.remember else None,
        "dead_letter_queue_url": world.dead_letters.url if scenario.fifo else None,
        "max_receive_count": scenario.most_receives if scenario.fifo else None,
    }


def _app(world: World, sandbox: Sandbox) -> Sink:
    """Write what a user of the sink would."""
    downstream, sink = world.downstream, Sink()

    def deliver(record: SinkRecord) -> None:
        key = json.loads(record.body)["key"]
        downstream.take([downstream.begin(key, record.group, sandbox)], sandbox)

    def deliver_batch(records: Sequence[SinkRecord]) -> Mapping[str, Exception]:
        keys = [json.loads(record.body)["key"] for record in records]
        begun = [
            downstream.begin(key, record.group, sandbox)
            for key, record in zip(keys, records, strict=True)
        ]
        refused = {each.key for each in downstream.take(begun, sandbox)}
        return {
            record.id: _error(world.scenario.sick.get(key))
            for key, record in zip(keys, records, strict=True)
            if key in refused
        }

    def probe() -> bool:
        return downstream.ask(sandbox)

    written: Callable[..., Any] = deliver_batch if world.scenario.in_batches else deliver
    (sink.deliver_batch if world.scenario.in_batches else sink.deliver)(written)
    if world.scenario.own_probe:
        sink.probe(probe)
    return sink


def _error(sick: Sick | None) -> Exception:
    return Permanent("never") if sick is Sick.POISON else ValueError("no")
