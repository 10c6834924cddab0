"""What a careless function does costs its own message an attempt, and no other anything."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable

import pytest

from cdk_streamer_runtime.contract.sinks import REASON_ATTRIBUTE, SinkMetric
from cdk_streamer_runtime.errors import Permanent, Retryable
from cdk_streamer_runtime.sinks.app import Sink
from tests.runtime.sinks.world import World


@pytest.fixture
def world():
    return World()


def hidden_yield(function: Callable[..., object]) -> Callable[..., object]:
    """Decorate it so that nobody sees the yield inside."""

    @functools.wraps(function)
    def wrapped(*arguments: object) -> object:
        return function(*arguments)

    return wrapped


class Mute(Permanent):
    """An exception whose text is one more exception."""

    def __str__(self) -> str:
        raise IndexError("no text")


@pytest.mark.parametrize("error", [asyncio.CancelledError(), GeneratorExit(), SystemExit(1)])
def test_what_is_no_exception_hurts_no_neighbor(world, error):
    def act(record):
        if record.body == "b":
            raise error

    world.send("a", "b", "c")
    world.author.act = act
    assert world.handle() == ["b"]
    assert world.count == {SinkMetric.DELIVERED: 2, SinkMetric.FAILED: 1}


def test_a_generator_behind_a_decorator_delivers_nothing(world):
    def lazily(record):
        yield record

    world.send("a")
    world.author.act = hidden_yield(lazily)
    assert world.handle() == ["a"]


def test_an_asynchronous_generator_behind_a_decorator_delivers_nothing(world):
    async def lazily(record):
        yield record

    world.send("a")
    world.author.act = hidden_yield(lazily)
    assert world.handle() == ["a"]


def test_a_probe_that_has_not_begun_has_not_passed(world):
    def lazily():
        yield

    world.sink.probe(hidden_yield(lazily))
    answer = world.another().handle({"Records": [], "cdkStreamerProbe": {}}, 60_000)
    assert answer["cdkStreamerProbe"] == "failed"


def test_what_a_batch_takes_out_of_its_list_is_not_delivered_for_that():
    world = World(together=True)
    sink = Sink()

    @sink.deliver_batch
    def deliver(records):
        while records:
            if records.pop(0).body == "b":
                raise RuntimeError("no luck")

    world.sink = sink
    world.send("a", "b", "c")
    assert world.handle(worker=world.another()) == ["a", "b", "c"]


@pytest.mark.parametrize("answer", [[{"id": "1"}], [["1"]], [None], {"batchItemFailures": []}])
def test_an_answer_of_no_ids_says_what_was_expected(caplog, answer):
    world = World(together=True)
    world.send("a")
    world.author.act = lambda _record: answer
    assert world.handle() == ["a"]
    assert "return record.id of those that failed" in caplog.text


def test_an_exception_without_any_text_rejects_its_message_alone(world):
    def act(record):
        if record.body == "b":
            raise Mute

    world.send("a", "b", "c")
    world.author.act = act
    assert world.handle() == []
    (rejected,) = world.receive(world.rejected)
    assert rejected["messageAttributes"][REASON_ATTRIBUTE]["stringValue"] == "Mute"


@pytest.mark.parametrize("after", [10**400, -(10**400), 1e308, float("nan"), float("inf")])
def test_a_wish_that_is_no_time_hurts_no_neighbor(world, after):
    def act(record):
        if record.body == "a":
            raise Retryable(after=after)

    world.send("a", "b")
    world.author.act = act
    assert world.handle() == ["a"]
