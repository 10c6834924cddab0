"""Which metrics of streams reach CloudWatch, from an app in memory that writes the real lines.

They stand in `emitted_metrics.json` with those of other constructs: alarms and widgets are
measured by it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cdk_streamer_runtime.contract.streams import STREAM_DIMENSION, StreamMetric
from cdk_streamer_runtime.errors import Retryable
from cdk_streamer_runtime.memory import TableSchema
from cdk_streamer_runtime.memory.platform import START, MemoryPlatform
from cdk_streamer_runtime.streams import StreamApp, rules
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.faults.policy import Action, Policy
from cdk_streamer_runtime.streams.metrics import StreamMetrics
from cdk_streamer_runtime.streams.sources.dynamodb import Images
from cdk_streamer_runtime.streams.sources.dynamodb_records import to_dynamodb_records
from cdk_streamer_runtime.streams.sources.kinesis import to_kinesis_records
from cdk_streamer_runtime.testing import MemoryAws
from tests.runtime.streams.faults.failures import an_event
from tests.runtime.streams.surroundings import BUS, Named

GOLDEN = Path(__file__).parents[1] / "emitted_metrics.json"
VIEW = "view"
# Told by circuit breakers, whose own tests look at them.
OTHERS = {"CircuitOpenings", "CallsRefused"}


class Impatient(Exception):
    """Is dropped."""


def look(uow: Any) -> None:
    match uow.event.id:
        case "event-1":
            raise KeyError("total")
        case "event-2":
            raise Impatient
        case "event-3":
            raise Retryable


app = StreamApp(
    rules=[
        rules.Materialize(
            id="m1",
            event_type="thing-*",
            to_update=lambda uow: {"pk": "1", "sk": "thing", "name": uow.event.id},
        ),
        rules.Cdc(id="c1", event_type="thing-*", to_event=lambda _: {"type": "seen"}),
    ],
    policy=Policy().on(Impatient, Action.DROP),
    images=Images(expired=False),
)
app.pipeline("look", event_type="thing-*")(lambda stream: stream.tap(look))


class Written:
    """A world whose meter writes the real lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.metrics = StreamMetrics("orders", write=self.lines.append)
        platform = MemoryPlatform()
        table = TableSchema(name=VIEW, partition_key="pk", sort_key="sk")
        self.aws = MemoryAws(clock=platform.clock, buses=[BUS], tables=[table])
        self.world = World(
            aws=self.aws,
            platform=platform,
            resources=Named(bus=BUS, table=VIEW),
            meter=self.metrics,
            deadline=START + 60_000,
            tags={"source": "orders", "functionname": "fn"},
        )

    def told(self) -> set[str]:
        """Give each metric as one line of JSON: namespace, name, dimensions and unit."""
        self.metrics.flush()
        return {
            json.dumps([entry["Namespace"], metric["Name"], dimensions, metric["Unit"]])
            for line in self.lines
            for entry in json.loads(line)["_aws"]["CloudWatchMetrics"]
            for dimensions in entry["Dimensions"]
            for metric in entry["Metrics"]
        }


def golden() -> list[list[Any]]:
    return [each for each in json.loads(GOLDEN.read_text()) if STREAM_DIMENSION in each[2]]


def faults(written: Written) -> None:
    app.handle(to_kinesis_records([an_event(1)]), written.world)


def drops(written: Written) -> None:
    app.handle(to_kinesis_records([an_event(2)]), written.world)


def redeliveries(written: Written) -> None:
    app.handle(to_kinesis_records([an_event(3)]), written.world)


def lost_races(written: Written) -> None:
    for number in (9, 8):
        app.handle(to_kinesis_records([an_event(number)]), written.world)


def retries(written: Written) -> None:
    written.aws.buses.refusals.next("InternalFailure")
    app.handle(to_kinesis_records([an_event(5)]), written.world)


def deadlines(written: Written) -> None:
    late = replace(written.world, deadline=START)
    app.handle(to_kinesis_records([an_event(6)]), late)


def ignored(written: Written) -> None:
    expired = {"raw": {"old": {"pk": "1", "sk": "thing"}}}
    event = to_dynamodb_records([expired])
    service = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    event["Records"][0]["userIdentity"] = service
    app.handle(event, written.world)


CASES: dict[Callable[[Written], None], set[str]] = {
    faults: {"Faults", "Events", "EventAge", "PipelineTime", "StepTime", "Records"},
    drops: {"EventsDropped"},
    redeliveries: {"RecordsRedelivered"},
    lost_races: {"LostRaces"},
    retries: {"Retries"},
    deadlines: {"Deadlines"},
    ignored: {"RecordsIgnored"},
}


@pytest.mark.parametrize(
    ("play", "names"), CASES.items(), ids=lambda each: getattr(each, "__name__", "")
)
def test_what_happens_is_measured(play, names):
    written = Written()
    play(written)
    assert names <= {json.loads(each)[1] for each in written.told()}


def test_everything_that_is_measured_stands_in_the_golden_list():
    written = Written()
    for play in CASES:
        play(written)
    assert [json.loads(line) for line in sorted(written.told())] == golden()


def test_every_name_of_the_contract_is_measured_somewhere():
    emitted = {name for _, name, _, _ in golden()} | OTHERS
    assert emitted >= {metric.value for metric in StreamMetric}
