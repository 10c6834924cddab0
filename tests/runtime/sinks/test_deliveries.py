"""A batch of messages: each for itself, at its pace, and back in time when it is not delivered."""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.contract.sinks import SinkMetric
from cdk_streamer_runtime.errors import Permanent, Retryable
from cdk_streamer_runtime.sinks.record import SinkRecord
from tests.runtime.observed_aws import request_lost
from tests.runtime.sinks.world import World

BODIES = [str(number) for number in range(10)]


@pytest.fixture
def world():
    return World()


def raising(error: Exception, *bodies: str):
    def act(record: SinkRecord) -> None:
        if record.body in bodies:
            raise error

    return act


def test_what_is_delivered_leaves_the_queue(world):
    world.send("a", "b")
    assert world.handle() == []
    assert (world.author.bodies, world.left()) == (["a", "b"], [])
    assert world.count == {SinkMetric.DELIVERED: 2}


def test_what_fails_comes_again_and_hurts_no_other(world):
    world.send("a", "b", "c")
    world.author.act = raising(RuntimeError("no luck"), "b")
    assert world.handle() == ["b"]
    assert world.author.bodies == ["a", "b", "c"]
    assert world.count == {SinkMetric.DELIVERED: 2, SinkMetric.FAILED: 1}


def test_what_fails_is_hidden_longer_each_time(world):
    world.send("a")
    world.author.act = raising(RuntimeError("no luck"), "a")
    hidden = []
    for _ in range(10):
        world.handle()
        hidden.append(world.hidden())
        world.platform.advance(int(world.hidden() * 1000))
    assert hidden == [1, 2, 4, 8, 16, 32, 64, 128, 256, 450]


def test_what_wants_to_come_again_after_a_time_does(world):
    world.send("a")
    world.author.act = raising(Retryable("busy", after=77.2), "a")
    world.handle()
    assert world.hidden() == 78


def test_what_can_never_be_delivered_is_put_aside(world):
    world.send("a", "b")
    world.author.act = raising(Permanent("no such account"), "a")
    assert world.handle() == []
    assert (world.left(), world.left(world.rejected)) == ([], ["a"])
    assert world.count == {SinkMetric.DELIVERED: 1, SinkMetric.REJECTED: 1}


def test_what_cannot_be_put_aside_is_not_acknowledged(world):
    world.send("a")
    world.author.act = raising(Permanent("no such account"), "a")
    world.aws.on("SendMessage", request_lost)
    assert world.handle() == ["a"]
    assert world.left(world.rejected) == []


def test_a_rate_spaces_what_is_delivered():
    world = World(rate=10)
    world.send(*BODIES)
    assert world.handle() == []
    begin = world.author.moments[0]
    assert [moment - begin for moment in world.author.moments] == list(range(0, 1000, 100))
    assert world.aws.counts["UpdateItem"] == 1


def test_workers_share_a_rate():
    world = World(rate=10)
    world.send(*BODIES, *BODIES)
    first, second = world.receive(), world.receive()
    world.handle(first)
    world.platform.now -= 900  # they run at the same time
    world.handle(second, worker=world.another())
    moments = sorted(world.author.moments)
    assert [moment - moments[0] for moment in moments] == list(range(0, 2000, 100))


def test_what_gets_no_turn_in_time_is_handed_back_untried():
    world = World(rate=0.5)
    world.send(*BODIES, *BODIES)
    first, second = world.receive(), world.receive()
    world.handle(first)
    world.platform.now -= 18_000
    assert world.handle(second, worker=world.another()) == BODIES
    assert world.count[SinkMetric.THROTTLED] == 10
