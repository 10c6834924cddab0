"""What a sink's functions ask of AWS, and which metrics they write, in memory.

`rights.json` has the former: the roles of the construct are measured by it. The latter stand in
`emitted_metrics.json` with those of other constructs: alarms and widgets are measured by it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cdk_streamer_runtime.contract.sinks import KEY_ATTRIBUTE, SINK_DIMENSION, SinkMetric
from cdk_streamer_runtime.errors import DownstreamUnavailable, Permanent
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.sinks.record import SinkRecord
from tests.runtime.observed_aws import request_lost
from tests.runtime.sinks.control_world import CONTROL, HOUR, MINUTE, ControlWorld
from tests.runtime.sinks.world import World

RIGHTS = Path(__file__).parent / "rights.json"
EMITTED = Path(__file__).parents[1] / "emitted_metrics.json"

# In the words of both worlds: which queue of the construct is meant.
QUEUES = {"messages": "messages", "dead": "dead_letters", "rejected": "rejected"}
QUEUES |= {"controller": "commands", CONTROL: "commands"}
REST = {"GET": "lambda:GetEventSourceMapping", "PUT": "lambda:UpdateEventSourceMapping"}


class AskedAws:
    """The AWS of a world, which notes which right each call needs, and on what."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.asked: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        about = _rows(parameters) if service == "dynamodb" else [_queue(parameters)]
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
        action = operation.removesuffix("Batch") if service == "sqs" else operation
        self.asked |= {f"{service}:{action} {each}" for each in about}
        return self.inner.call(service, operation, parameters)

    def rest(self, service: str, method: str, url: str, **given: Any) -> bytes:
        found = REST.get(method)
        self.asked.add(f"{found} mapping" if found else f"{service}:InvokeFunction delivery")
        return self.inner.rest(service, method, url, **given)


def _rows(parameters: Mapping[str, Any]) -> Iterator[str]:
    several = parameters.get("RequestItems", {}).values()
    keys = [key for request in several for key in request["Keys"]]
    for key in keys or [parameters.get("Key") or parameters["Item"]]:
        yield key["pk"]["S"].partition("#")[0]


def _queue(parameters: Mapping[str, Any]) -> str:
    place = parameters.get("QueueUrl") or parameters["SourceArn"]
    return QUEUES[place.replace(":", "/").rpartition("/")[2].removesuffix(".fifo")]


class Delivering(World):
    """A sink with everything, and what it wrote."""

    def __init__(self, *, fifo: bool = False) -> None:
        super().__init__(fifo=fifo, rate=10, remember_seconds=3_600, breaker_failures=3)
        if fifo:
            dead = self.url(self.dead)
            self.settings = replace(self.settings, dead_letter_queue_url=dead, max_receive_count=1)
        self.lines: list[str] = []
        self.aws = self.noted = AskedAws(self.aws)  # pyright: ignore[reportAttributeAccessIssue]
        self.metrics = metrics_into(self.lines)  # pyright: ignore[reportAttributeAccessIssue]
        self.worker = self.another()

    def deliver(self, *bodies: str) -> None:
        for body in bodies:
            key = {"DataType": "String", "StringValue": body}
            attributes: dict[str, Any] = {KEY_ATTRIBUTE: key}
            self.send(body, **attributes)
        self.handle()


class Controlling(ControlWorld):
    """A controller with everything, and what it wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.aws = self.noted = AskedAws(self.aws)  # pyright: ignore[reportAttributeAccessIssue]
        self.metrics = metrics_into(self.lines)  # pyright: ignore[reportAttributeAccessIssue]
        self.process = self.controller()


def metrics_into(lines: list[str]) -> Metrics:
    return Metrics("Ledger", dimension=SINK_DIMENSION, write=lines.append)


# --- what happens ---------------------------------------------------------------------------------


def successes(world: Delivering) -> None:
    world.deliver("a", "b")


def repetitions(world: Delivering) -> None:
    world.deliver("a")
    world.deliver("a")


def rejections(world: Delivering) -> None:
    world.author.act = raising(Permanent("no such account"))
    world.deliver("a")


def failures(world: Delivering) -> None:
    world.author.act = raising(KeyError("total"))
    world.deliver("a")
    for _ in range(2):
        world.platform.advance(2 * MINUTE)
        world.handle()


def outages(world: Delivering) -> None:
    world.author.act = raising(DownstreamUnavailable("no answer"))
    world.deliver("a", "b", "c", "d")


def hangs(world: Delivering) -> None:
    world.author.act = lambda record: record.body == "b" and world.platform.advance(59_000)
    world.deliver("a", "b", "c")


def crowds(world: Delivering) -> None:
    """Let more come at one moment than there is room for in half a minute."""
    moment = world.platform.now
    for number in range(40):
        world.deliver(*(f"{letter}{number}" for letter in "abcdefghij"))
        world.platform.now = moment


def absences(world: Delivering) -> None:
    """Let the controller never come, in an outage and after it."""
    outages(world)
    for _ in range(20):
        world.platform.advance(MINUTE)
        world.handle()
    world.author.act = lambda _: None
    for _ in range(40):
        world.platform.advance(MINUTE)
        world.handle()
    assert world.left() == []


def raising(error: Exception) -> Callable[[SinkRecord], None]:
    def act(_: SinkRecord) -> None:
        raise error

    return act


def recoveries(world: Controlling) -> None:
    world.send("a", "b")
    trouble = world.open() + 5 * MINUTE
    world.sink.verdict = lambda _: "failed" if world.now < trouble else "passed"
    world.run(HOUR)


def disturbances(world: Controlling) -> None:
    """Let a message say nothing, and the mapping be in the middle of a change."""
    world.send("a", "b")
    world.sink.verdict = lambda body: "poison" if body == "a" else "repeated"
    world.open()
    world.mapping = "Enabling"
    world.aws.on("GET", request_lost)
    world.run(HOUR)


def commands(world: Controlling) -> None:
    given_up = {"QueueUrl": world.url(world.dead), "MessageBody": "a"}
    world.memory.call("sqs", "SendMessage", given_up)
    for name in ("status", "pause", "resume", "redrive", "reconcile"):
        world.command(name)


DELIVERING = (successes, repetitions, rejections, failures, outages, hangs, crowds, absences)
IN_ORDER = (rejections, failures)
CONTROLLING = (recoveries, disturbances, commands)


@cache
def delivered() -> tuple[frozenset[str], frozenset[str]]:
    """Give the rights that delivering asked for, and the metrics that it told."""
    worlds = [(Delivering(), happens) for happens in DELIVERING]
    worlds += [(Delivering(fifo=True), happens) for happens in IN_ORDER]
    for world, happens in worlds:
        happens(world)
        world.metrics.flush()
    return _both([world for world, _ in worlds])


@cache
def controlled() -> tuple[frozenset[str], frozenset[str]]:
    """Give the same of the controller."""
    worlds = [(Controlling(), happens) for happens in CONTROLLING]
    for world, happens in worlds:
        happens(world)
        world.metrics.flush()
    return _both([world for world, _ in worlds])


def _both(worlds: list[Any]) -> tuple[frozenset[str], frozenset[str]]:
    told = {
        json.dumps([entry["Namespace"], metric["Name"], dimensions, metric["Unit"]])
        for world in worlds
        for line in world.lines
        for entry in json.loads(line)["_aws"]["CloudWatchMetrics"]
        for dimensions in entry["Dimensions"]
        for metric in entry["Metrics"]
    }
    return frozenset().union(*(world.noted.asked for world in worlds)), frozenset(told)


# --- what is asked --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "asked"), [("delivery", delivered), ("controller", controlled)]
)
def test_the_table_of_rights_is_what_a_function_asks_for(
    function: str, asked: Callable[[], tuple[frozenset[str], frozenset[str]]]
):
    assert sorted(asked()[0]) == json.loads(RIGHTS.read_text())[function]


# --- what is told ---------------------------------------------------------------------------------


def test_the_table_of_metrics_is_what_is_emitted():
    golden = [each for each in json.loads(EMITTED.read_text()) if each[2] == [SINK_DIMENSION]]
    told = {*delivered()[1], *controlled()[1]}
    assert [json.loads(line) for line in sorted(told)] == golden


def test_no_metric_is_named_that_is_never_emitted():
    told = {json.loads(line)[1] for line in (*delivered()[1], *controlled()[1])}
    assert told == {metric.value for metric in SinkMetric}
