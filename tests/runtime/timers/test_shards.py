"""What dispatchers tell each other: whoever has lost a shard changes nothing of it any more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.timers.dispatch.lease import DURATION, MARGIN, RENEWAL, Lease
from cdk_streamer_runtime.timers.table.shards import Cursor, Fenced, Shards
from tests.runtime.observed_aws import after, repeated
from tests.runtime.timers.world import MINUTE, SHARD, TABLE, World

NOW = MINUTE * 1000
FOREVER = 10**15
sort_keys = st.none() | st.text(max_size=20)
cursors = st.builds(
    Cursor,
    window=st.integers(0, 10**10),
    after=st.text(max_size=40),
    open=st.dictionaries(st.text(max_size=40), sort_keys, max_size=4),
)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def shards(world):
    return Shards(Table(world.aws, TABLE))


def acquired(shards, token="one", now=NOW):
    shard = shards.acquired(shards.opened(SHARD, now), token=token, now=now, until=now + 1000)
    assert shard is not None
    return shard


def test_a_shard_begins_with_the_minute_that_runs(shards):
    shard = shards.opened(SHARD, NOW + 59_999)
    assert (shard.claimed_until, shard.done_until, shard.epoch) == (MINUTE, MINUTE, 0)


def test_of_two_who_come_first_both_see_the_same(world, shards):
    other = Shards(Table(world.memory, TABLE))
    world.aws.on("PutItem", after(lambda: other.opened(SHARD, NOW - 60_000)))
    assert shards.opened(SHARD, NOW).done_until == MINUTE - 60


def test_a_lease_comes_with_an_epoch_and_a_claim(shards):
    shard = acquired(shards)
    assert (shard.epoch, shard.claimed_until, shard.lease_until) == (1, MINUTE + 60, NOW + 1000)
    assert shards.claimed_until(SHARD, NOW) == MINUTE + 60


def test_a_lease_is_given_to_one_at_a_time(shards):
    before = shards.opened(SHARD, NOW)
    acquired(shards)
    assert shards.acquired(before, token="two", now=NOW, until=NOW + 1000) is None
    live = shards.opened(SHARD, NOW)
    assert shards.acquired(live, token="two", now=NOW + 999, until=NOW + 2000) is None
    assert shards.acquired(live, token="two", now=NOW + 1000, until=NOW + 2000) is not None


def test_ones_own_lease_is_known_again_when_an_answer_got_lost(world, shards):
    world.aws.on("UpdateItem", repeated)
    assert acquired(shards).epoch == 1


def test_a_lease_that_is_held_on_keeps_its_epoch_from_others(shards):
    before = acquired(shards)
    shards.save(before, Cursor(window=MINUTE), until=NOW + 9_000)
    stale = replace(before, lease_until=0)
    assert shards.acquired(stale, token="two", now=NOW + 1000, until=FOREVER) is None


@pytest.mark.parametrize(
    "write",
    [
        lambda shards, shard: shards.save(shard, Cursor(window=MINUTE), until=FOREVER),
        lambda shards, shard: shards.save(shard, Cursor(window=MINUTE), until=0),
        lambda shards, shard: shards.advance(shard, MINUTE + 60, claim=MINUTE + 120, until=FOREVER),
    ],
)
def test_who_has_lost_the_shard_writes_nothing(world, shards, write):
    zombie = acquired(shards)
    acquired(shards, token="two", now=NOW + 1000)
    before = world.table.get({"pk": f"s#{SHARD}", "sk": "shard"})
    with pytest.raises(Fenced):
        write(shards, zombie)
    assert world.table.get({"pk": f"s#{SHARD}", "sk": "shard"}) == before


def test_the_watermark_never_goes_back(shards):
    shard = acquired(shards)
    shards.advance(shard, MINUTE + 120, claim=MINUTE + 120, until=FOREVER)
    with pytest.raises(Fenced):
        shards.advance(shard, MINUTE + 60, claim=MINUTE + 120, until=FOREVER)
    with pytest.raises(Fenced):
        shards.advance(shard, MINUTE + 180, claim=MINUTE + 60, until=FOREVER)


@pytest.mark.parametrize("write", ["save", "advance"])
def test_a_write_whose_answer_got_lost_is_done_again_unharmed(world, shards, write):
    shard = acquired(shards)
    world.aws.on("UpdateItem", repeated)
    act = {
        "save": lambda: shards.save(shard, Cursor(window=MINUTE), until=FOREVER),
        "advance": lambda: shards.advance(shard, MINUTE + 60, claim=MINUTE + 120, until=FOREVER),
    }
    act[write]()
    assert shards.opened(SHARD, NOW).lease_until == FOREVER


@given(cursors)
@settings(max_examples=50)
def test_a_cursor_is_read_as_it_was_written(cursor):
    assert Cursor.from_text(cursor.to_text()) == cursor


def test_a_window_that_is_done_takes_its_cursor_with_it(shards):
    shard = acquired(shards)
    shards.save(shard, Cursor(window=MINUTE, after="w#x"), until=FOREVER)
    assert shards.opened(SHARD, NOW).cursor == Cursor(window=MINUTE, after="w#x")
    shards.advance(shard, MINUTE + 60, claim=MINUTE + 60, until=0)
    assert shards.opened(SHARD, NOW).cursor is None


def lease(world, shards, deadline=FOREVER):
    shard = shards.acquired(shards.opened(SHARD, NOW), token="one", now=NOW, until=NOW + DURATION)
    return Lease(shards, shard, world.platform, deadline)


def test_sending_stops_before_anybody_else_may_begin(world, shards):
    held = lease(world, shards)
    world.platform.advance(DURATION - MARGIN - 1)
    assert (held.until, held.is_over) == (NOW + DURATION - MARGIN, False)
    world.platform.advance(1)
    assert held.is_over


def test_sending_stops_before_the_process_ends(world, shards):
    held = lease(world, shards, deadline=NOW + 3_000)
    assert held.until == NOW + 3_000


def test_saving_holds_the_lease_on(world, shards):
    held = lease(world, shards)
    world.platform.advance(DURATION - RENEWAL)
    assert held.is_ending
    held.save(held.cursor)
    assert (held.is_ending, held.until) == (False, world.platform.now + DURATION - MARGIN)


def test_the_next_window_is_claimed_with_the_end_of_the_last(world, shards):
    held = lease(world, shards)
    assert held.advance(NOW + 60_001)
    shard = shards.opened(SHARD, NOW)
    assert (shard.done_until, shard.claimed_until) == (MINUTE + 60, MINUTE + 120)
    assert not held.advance(NOW + 120_000)
    shard = shards.opened(SHARD, NOW)
    assert (shard.done_until, shard.claimed_until) == (MINUTE + 120, MINUTE + 120)
    assert shard.lease_until == 0


def test_no_window_is_begun_when_the_process_ends(world, shards):
    held = lease(world, shards, deadline=NOW + 3_000)
    world.platform.advance(3_000)
    assert not held.advance(FOREVER)
    assert shards.opened(SHARD, NOW).claimed_until == MINUTE + 60


def test_a_cursor_of_another_window_is_none(world, shards):
    shard = acquired(shards)
    shards.save(shard, Cursor(window=MINUTE - 60, after="w#x"), until=0)
    assert lease(world, shards).cursor == Cursor(window=MINUTE)
