"""Each shard is woken twice a minute, and the slowest one is known."""

from __future__ import annotations

from collections import Counter

import pytest

from cdk_streamer_runtime.contract.timers import TimerMetric
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import Throttled, Unreachable
from cdk_streamer_runtime.timers.dispatch.ticker import Ticker
from cdk_streamer_runtime.timers.table.keys import shard_names
from cdk_streamer_runtime.timers.table.shards import Shards
from tests.runtime.observed_aws import refused_by, request_lost
from tests.runtime.timers.world import MINUTE, TABLE, TICKS, World, dispatcher

THROTTLED = refused_by(Throttled("RequestThrottled", "", 400, "any"))


@pytest.fixture
def world():
    return World()


def ticker(world, shards=16):
    return Ticker(
        world.aws,
        queue_url=world.url(TICKS),
        shards=Shards(Table(world.aws, TABLE)),
        names=shard_names(shards),
        look_ahead=180,
        platform=world.platform,
        metrics=world.meter,
    )


def woken(world):
    return Counter(body["shard"] for body in world.sent(TICKS))


@pytest.mark.parametrize("shards", [1, 2, 16, 128])
def test_every_shard_is_woken_twice(world, shards):
    ticker(world, shards).tick()
    assert woken(world) == dict.fromkeys(shard_names(shards), 2)


def test_the_second_time_is_half_a_minute_later(world):
    ticker(world).tick()
    assert len(world.received(TICKS)) == 16
    world.platform.advance(29_999)
    assert world.received(TICKS) == []


def test_a_tick_is_what_a_dispatcher_reads(world):
    ticker(world, shards=1).tick()
    records = [{"messageId": "m", "body": message["Body"]} for message in world.received(TICKS)]
    assert dispatcher(world).handle({"Records": records}, 120_000) == []
    assert world.table.get({"pk": "s#", "sk": "shard"}) is not None


def refuse_some(effect):
    answer = effect()
    return {**answer, "Failed": [{"Id": "3", "Code": "InternalError", "SenderFault": False}]}


@pytest.mark.parametrize("disturbance", [refuse_some, request_lost, THROTTLED])
def test_what_the_queue_did_not_take_is_sent_again(world, disturbance):
    world.aws.on("SendMessageBatch", disturbance)
    ticker(world).tick()
    assert all(count >= 2 for count in woken(world).values())
    assert len(woken(world)) == 16


def test_a_queue_that_takes_nothing_is_told_of_and_the_rest_is_done(world):
    world.aws.on("SendMessageBatch", *[request_lost] * 4)
    with pytest.raises(Unreachable):
        ticker(world).tick()
    assert sum(woken(world).values()) == 22
    assert TimerMetric.WATERMARK_LAG in world.meter.values


def test_the_lag_is_that_of_the_slowest_shard(world):
    dispatching = dispatcher(world)
    for name in shard_names(16):
        dispatching.dispatch(name, 10**15)
    world.platform.advance(60_000)
    for name in shard_names(16)[1:]:
        dispatching.dispatch(name, 10**15)
    world.platform.advance(7_000)
    ticker(world).tick()
    # It has come to 3 minutes, and a minute and 7 seconds have passed since.
    assert world.meter.values[TimerMetric.WATERMARK_LAG] == [67]


def test_shards_that_are_up_to_date_have_no_lag(world):
    for name in shard_names(16):
        dispatcher(world).dispatch(name, 10**15)
    ticker(world).tick()
    assert world.meter.values[TimerMetric.WATERMARK_LAG] == [0]


def test_without_any_shard_there_is_no_lag(world):
    ticker(world).tick()
    assert world.meter.values[TimerMetric.WATERMARK_LAG] == [0]


def test_a_lag_that_cannot_be_measured_is_no_value_and_wakes_all(world, caplog):
    world.aws.on("BatchGetItem", request_lost)
    ticker(world).tick()
    assert TimerMetric.WATERMARK_LAG not in world.meter.values
    assert len(woken(world)) == 16
    assert "watermark not measured" in caplog.messages


def test_shards_are_read_a_hundred_at_a_time(world):
    for name in shard_names(128):
        Shards(world.table).opened(name, MINUTE * 1000)
    ticker(world, shards=128).tick()
    assert world.aws.counts["BatchGetItem"] == 2
    assert world.meter.values[TimerMetric.WATERMARK_LAG] == [180]
