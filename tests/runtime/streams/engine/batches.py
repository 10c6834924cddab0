"""Batches through made-up pipelines, in a world that only counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cdk_streamer_runtime.contract.streams import StreamMetric
from cdk_streamer_runtime.memory.platform import MemoryPlatform
from cdk_streamer_runtime.streams.answers import Answer, batch_of
from cdk_streamer_runtime.streams.detection import Sources
from cdk_streamer_runtime.streams.engine.deadline import last_pull
from cdk_streamer_runtime.streams.engine.insistence import Insistence
from cdk_streamer_runtime.streams.engine.plan import Plan
from cdk_streamer_runtime.streams.engine.redemption import Redemption
from cdk_streamer_runtime.streams.engine.run import Run
from cdk_streamer_runtime.streams.engine.surroundings import NamedResources
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.faults.failure import Failure
from cdk_streamer_runtime.streams.faults.policy import Policy
from cdk_streamer_runtime.streams.outcome import Outcome, Undecodable
from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline
from cdk_streamer_runtime.streams.pipelines.steps import Step
from cdk_streamer_runtime.streams.routing.patterns import ANY_TYPE, event_types
from cdk_streamer_runtime.streams.routing.router import Router
from cdk_streamer_runtime.streams.sources.kinesis import to_kinesis_records
from cdk_streamer_runtime.streams.sources.sns import to_sns_records
from cdk_streamer_runtime.streams.sources.sqs import to_sqs_records
from cdk_streamer_runtime.testing import MemoryAws

LONG = 600_000


class Tally:
    """A meter that only adds up."""

    def __init__(self) -> None:
        self.counts: Counter[StreamMetric] = Counter()
        self.by_pipeline: Counter[tuple[StreamMetric, str]] = Counter()
        self.times: dict[StreamMetric, list[float]] = {}

    def count(
        self, metric: StreamMetric, value: int = 1, /, *, pipeline: str = "", step: str = ""
    ) -> None:
        del step
        self.counts[metric] += value
        self.by_pipeline[metric, pipeline] += value

    def milliseconds(
        self, metric: StreamMetric, /, *values: float, pipeline: str = "", step: str = ""
    ) -> None:
        del pipeline, step
        self.times.setdefault(metric, []).extend(values)


class Reporter:
    """Publishes faults into a list, but those of some records, and always tells which."""

    def __init__(self, published: list[Failure], refused: frozenset[int]) -> None:
        self._published = published
        self._refused = refused
        self._added: list[Failure] = []

    def add(self, failure: Failure, /) -> None:
        self._added.append(failure)

    def publish(self, world: World, /) -> Sequence[Failure]:
        del world
        refused = [each for each in self._added if number_of(each) in self._refused]
        self._published += [each for each in self._added if each not in refused]
        return refused


def number_of(failure: Failure) -> int:
    """Give which record of the batch has failed."""
    if isinstance(failure.of, Undecodable):
        return int(failure.of.record["kinesis"]["partitionKey"])
    return failure.of.event["n"]


def event(number: int, key: str = "k", kind: str = "thing-created", **members: Any) -> Event:
    """Give the event of a record."""
    return Event(
        id=f"e{number}", type=kind, timestamp=number, partitionKey=key, n=number, **members
    )


def kinesis(events: Iterable[Event]) -> dict[str, Any]:
    """Give a batch of a shard."""
    return to_kinesis_records(events)


def queue(events: Iterable[Event]) -> dict[str, Any]:
    """Give a batch of a standard queue."""
    return to_sqs_records(events)


def fifo(events: Iterable[Event]) -> dict[str, Any]:
    """Give a batch of a FIFO queue, whose groups are the keys."""
    batch = to_sqs_records(events)
    for number, record in enumerate(batch["Records"]):
        record["attributes"] |= {
            "SequenceNumber": f"{number:020}",
            "MessageGroupId": json.loads(record["body"])["partitionKey"],
        }
    return batch


def topic(events: Iterable[Event]) -> dict[str, Any]:
    """Give notifications, of which there is no partial response."""
    return to_sns_records(events)


@dataclass
class Trial:
    """One invocation after the other over the same pipelines, each in a world of its own."""

    pipelines: Sequence[Pipeline]
    platform: MemoryPlatform = field(default_factory=MemoryPlatform)
    policy: Policy = field(default_factory=Policy)
    parallel: int = 3
    window: int = 4
    time: int = LONG
    redemption: Redemption | None = None
    unpublishable: frozenset[int] = frozenset()
    source: Callable[..., Iterator[Outcome]] | None = None
    published: list[Failure] = field(default_factory=list[Failure])
    meter: Tally = field(default_factory=Tally)

    def handle(self, batch: Any, only: frozenset[str] | None = None) -> Answer:
        """Run a batch."""
        plan = Plan(
            pipelines=tuple(self.pipelines),
            routing=Router(self.pipelines, source="me"),
            reporter=lambda: Reporter(self.published, self.unpublishable),
            redemption=self.redemption,
            policy=self.policy,
            insistence=Insistence(),
            parallel=self.parallel,
            window=self.window,
        )
        now = self.platform.clock()
        world = World(
            aws=MemoryAws(),
            platform=self.platform,
            resources=NamedResources({}),
            meter=self.meter,
            deadline=now + self.time,
            tags={"source": "me"},
        )
        outcomes = Sources(self.source).reader(batch, None)(batch)
        return Run(plan, batch_of(batch), world, only).run(
            outcomes, last_pull=last_pull(now, world.deadline)
        )

    @property
    def faulted(self) -> list[int]:
        """The records of which faults were published, in the order of the faults."""
        return [number_of(failure) for failure in self.published]


def pipeline(*steps: Step, id: str = "p", kind: str | None = None, **options: Any) -> Pipeline:
    """Give a pipeline for events of a type, or of any."""
    types = ANY_TYPE if kind is None else event_types(kind)
    return Pipeline(id=id, types=types, steps=steps, **options)


def failed(batch: Any, answer: Answer) -> list[int]:
    """Give the positions that an answer names."""
    names = [
        record["kinesis"]["sequenceNumber"] if "kinesis" in record else record["messageId"]
        for record in batch["Records"]
    ]
    return [names.index(each["itemIdentifier"]) for each in answer["batchItemFailures"]]


Making = Callable[[Iterable[Event]], dict[str, Any]]
