"""What is delivered is not delivered again; what died half-way is."""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.contract.sinks import KEY_ATTRIBUTE, SinkMetric
from cdk_streamer_runtime.errors import Permanent
from tests.runtime.observed_aws import Killed, answer_lost, repeated, request_lost
from tests.runtime.sinks.world import World

DAY = 86_400
KEY = {KEY_ATTRIBUTE: {"DataType": "String", "StringValue": "order-7"}}


@pytest.fixture
def world():
    return World(remember_seconds=DAY)


def raising(error):
    def act(_record):
        raise error

    return act


def test_what_was_sent_twice_is_delivered_once(world):
    world.send("a", **KEY)
    world.handle()
    world.send("a", **KEY)
    assert world.handle(worker=world.another()) == []
    assert world.author.bodies == ["a"]
    assert world.count == {SinkMetric.DELIVERED: 1, SinkMetric.REPEATED: 1}


def test_of_two_in_a_batch_one_waits_for_the_other(world):
    world.send("a", "a", **KEY)
    assert world.handle() == ["a"]
    assert world.author.bodies == ["a"]
    world.platform.advance(62_000)
    assert world.handle() == []
    assert world.author.bodies == ["a"]


def test_what_failed_is_tried_again_at_once(world):
    world.send("a")
    world.author.act = raising(RuntimeError("no luck"))
    world.handle()
    world.author.act = lambda _record: None
    world.platform.advance(2_000)
    assert world.handle() == []
    assert world.author.bodies == ["a", "a"]


def test_what_another_worker_is_at_is_neither_delivered_nor_acknowledged(world):
    world.send("a", **KEY)
    world.author.act = raising(Killed())
    with pytest.raises(Killed):
        world.handle()
    world.author.act = lambda _record: None
    world.send("a", **KEY)
    assert world.handle(worker=world.another()) == ["a"]
    assert 60 <= world.hidden() <= 65


def test_what_died_is_delivered_when_its_worker_cannot_live_any_more(world):
    world.send("a", **KEY)
    world.author.act = raising(Killed())
    with pytest.raises(Killed):
        world.handle()
    world.author.act = lambda _record: None
    world.platform.advance(6 * 60_000)
    assert world.handle(worker=world.another()) == []
    assert world.author.bodies == ["a", "a"]


def test_what_is_remembered_is_forgotten_in_time(world):
    world.send("a", **KEY)
    world.handle()
    world.platform.advance((DAY + 1) * 1000)
    world.send("a", **KEY)
    world.handle()
    assert world.author.bodies == ["a", "a"]


def test_what_was_rejected_may_be_sent_again(world):
    world.send("a", **KEY)
    world.author.act = raising(Permanent("no such account"))
    world.handle()
    world.author.act = lambda _record: None
    world.send("a", **KEY)
    assert world.handle() == []
    assert world.author.bodies == ["a", "a"]


@pytest.mark.parametrize("mishap", [repeated, request_lost, answer_lost])
def test_a_claim_whose_answer_is_lost_is_the_workers_own(world, mishap):
    world.send("a")
    world.aws.on("UpdateItem", mishap)
    records = world.receive()
    world.handle(records)
    world.platform.advance(70_000)
    world.handle()
    assert world.author.bodies == ["a"]


def test_without_a_table_nothing_is_delivered(world):
    world.send("a")
    world.aws.on("UpdateItem", *[request_lost] * 200)
    assert world.handle() == ["a"]
    assert world.author.bodies == []
    assert world.hidden() >= 60


def test_what_cannot_be_remembered_is_acknowledged_all_the_same(world):
    world.send("a")
    world.aws.on("UpdateItem", lambda effect: effect(), request_lost)
    assert world.handle() == []


def test_what_was_not_tried_is_free_for_others(world):
    world.send("a", "b")
    world.author.act = lambda _record: world.platform.advance(57_500)
    assert world.handle() == ["b"]
    world.platform.advance(5_000)
    assert world.handle(worker=world.another()) == []
    assert world.author.bodies == ["a", "b"]


def test_in_a_group_nothing_overtakes_what_another_worker_is_at():
    fifo = World(fifo=True, remember_seconds=DAY)
    fifo.send("a1", "a2", group="a")
    records = fifo.receive()
    fifo.author.act = raising(Killed())
    with pytest.raises(Killed):
        fifo.handle(records)
    fifo.author.act = lambda _record: None
    fifo.author.given.clear()
    # Lambda gives both again though the first worker may be alive.
    assert fifo.handle(records, worker=fifo.another()) == ["a1", "a2"]
    assert fifo.author.bodies == []


def test_in_a_group_the_second_of_two_with_a_key_does_not_hold_up_the_first():
    fifo = World(fifo=True, remember_seconds=DAY)
    fifo.send("a", "b", group="g", **KEY)
    assert fifo.handle() == ["b"]
    assert fifo.author.bodies == ["a"]
