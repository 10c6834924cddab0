"""Turns of one worker: waited for, used in time or lost, and never more than can be used."""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.limits.reservations import Reservations
from cdk_streamer_runtime.sinks.outcome import Ending
from cdk_streamer_runtime.sinks.pacing import Pacing
from cdk_streamer_runtime.sinks.turns import AnyTime, Turns
from tests.runtime.sinks.world import World

FAR = 10**15


@pytest.fixture
def world():
    return World()


def turns(world, *, rate=10.0, batch=10, longest_wait=30_000, together=False):
    return Turns(
        Pacing.of(rate, batch, together=together),
        Reservations(world.table),
        longest_wait=longest_wait,
        platform=world.platform,
        metrics=world.metrics,
    )


def moments(world, turns, number):
    """Use so many turns; give when each began."""
    begun = []
    for _ in range(number):
        assert turns.wait(10, FAR, 0) is None
        assert turns.begin()
        begun.append(world.platform.now)
    return begun


def test_the_first_turn_of_an_idle_sink_is_now_and_others_follow_at_the_rate(world):
    begin = world.platform.now
    assert moments(world, turns(world), 3) == [begin, begin + 100, begin + 200]


def test_a_turn_that_passes_between_the_wait_and_the_beginning_is_lost(world):
    worker = turns(world)
    assert worker.wait(10, FAR, 0) is None
    world.platform.advance(1_001)
    assert not worker.begin()
    assert moments(world, worker, 1) == [world.platform.now]


def test_a_turn_may_begin_a_batch_of_time_late(world):
    worker = turns(world)
    assert worker.wait(10, FAR, 0) is None
    world.platform.advance(1_000)
    assert worker.begin()


def test_a_turn_after_the_latest_moment_is_not_waited_for(world):
    worker = turns(world)
    moments(world, worker, 1)
    before = world.platform.now
    outcome = worker.wait(10, before + 99, 0)
    assert outcome is not None
    assert (outcome.ending, world.platform.now) == (Ending.HANDED_BACK, before)


def test_turns_further_away_than_the_longest_wait_are_left_to_others(world):
    assert turns(world, longest_wait=1_000).wait(10, FAR, 0) is None
    outcome = turns(world, longest_wait=1_000).wait(10, FAR, 0)
    assert outcome is not None
    assert outcome.ending is Ending.THROTTLED


def test_where_there_is_no_rate_it_is_any_time(world):
    assert AnyTime(world.platform).wait(10, world.platform.now, None) is None
    outcome = AnyTime(world.platform).wait(10, world.platform.now - 1, None)
    assert outcome is not None
    assert outcome.ending is Ending.HANDED_BACK


@pytest.mark.parametrize(
    ("delivery", "units"),
    [
        (None, 1),  # nobody knows yet
        (0, 10),
        (100, 10),  # as fast as its slots
        (200, 6),  # each a tenth of a second later, half of the second that it may be
        (600, 2),
        (5_000, 1),
    ],
)
def test_no_more_is_reserved_than_a_worker_can_use(delivery, units):
    assert Pacing.of(10, 10).usable(10, 30_000, delivery) == units


def test_what_begins_together_is_reserved_together():
    assert Pacing.of(10, 10, together=True).usable(10, 30_000, 5_000) == 10


def test_no_more_is_reserved_than_the_longest_wait_has_room_for():
    assert Pacing.of(10, 10).usable(10, 300, 0) == 3


def test_a_slow_table_does_not_let_its_own_answers_pass_the_turns(world):
    def slow(effect):
        world.platform.advance(300)
        return effect()

    world.table = Table(world.aws, world.table.name)
    worker = turns(world, rate=1_000, batch=1)
    world.aws.on("UpdateItem", *[slow] * 10)
    moments(world, worker, 1)
    assert world.aws.counts["UpdateItem"] <= 2
