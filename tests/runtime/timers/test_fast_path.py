"""The fast path: what an API sends itself, and what it leaves to the dispatchers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cdk_streamer_runtime.contract.timers import TIMER_CLASSES
from cdk_streamer_runtime.timers.definition import Definition, Jitter, Misfire, Policy
from cdk_streamer_runtime.timers.table.items import primary, timer_item
from cdk_streamer_runtime.timers.table.keys import due, due_sort
from tests.runtime.observed_aws import Effect, Intervention, Killed, after
from tests.runtime.timers.service_world import MINUTE, YOUNG, ServiceWorld, at, every, timer


@pytest.fixture
def world() -> ServiceWorld:
    return ServiceWorld()


@pytest.fixture
def strict() -> ServiceWorld:
    return ServiceWorld(strict=True)


def old(world: ServiceWorld, definition: Definition) -> None:
    """Have a timer that nobody owes anything, at the beginning of a minute."""
    world.platform.now -= 2 * YOUNG
    world.service.put(definition)
    world.platform.now += 2 * YOUNG
    world.claim(MINUTE + 180)
    world.times()


def full(world: ServiceWorld) -> None:
    world.table.put({"pk": "c#", "sk": "#count", "classes": TIMER_CLASSES})


def after_it(act: Callable[[], object]) -> Intervention:
    """Let something else happen before the answer comes."""

    def intervene(effect: Effect) -> object:
        answer = effect()
        act()
        return answer

    return intervene


def move_chain(world: ServiceWorld, moment: int) -> None:
    """Move the next firing of "a", as dispatchers do it."""
    stored = world.stored("a")
    assert stored.slot is not None
    to = due("", moment, "a")
    row = world.table.get(primary(stored.slot))
    assert row is not None
    world.table.delete(primary(stored.slot))
    world.table.put({**row, **primary(to)})
    world.table.put(timer_item(replace(stored, slot=to)))


def paused(definition: Definition) -> Definition:
    return replace(definition, paused=True)


def with_data(definition: Definition) -> Definition:
    return replace(definition, data='"new"')


# --- new timers --------------------------------------------------------------------------------


def test_what_no_dispatcher_has_claimed_is_left_to_it(world: ServiceWorld):
    world.claim(MINUTE)
    world.service.put(timer(every(10)))
    assert world.times() == []


def test_what_is_claimed_is_sent(world: ServiceWorld):
    world.claim(MINUTE + 60)
    world.service.put(timer(every(20, 5)))
    assert world.times() == [5, 25, 45]


def test_the_claim_is_read_after_the_write(world: ServiceWorld):
    world.service.put(timer(every(20, 5), id="warm"))
    world.aws.on("TransactWriteItems", after(lambda: world.claim(MINUTE + 60)))
    world.service.put(timer(every(20, 5)))
    assert world.times() == [5, 25, 45]


def test_before_any_dispatcher_the_minute_that_runs_is_the_first(world: ServiceWorld):
    world.platform.advance(30_500)
    world.service.put(timer(every(10)))
    (shard,) = world.items("s#")
    assert (shard["claimed_until"], shard["done_until"]) == (MINUTE, MINUTE)
    assert world.times() == []


def test_a_timer_begins_with_the_first_whole_second_after_its_creation(world: ServiceWorld):
    world.claim(MINUTE + 60)
    world.platform.advance(20_001)
    world.service.put(timer(every(20)))
    assert world.times() == [40]


def test_a_paused_timer_sends_nothing(world: ServiceWorld):
    world.claim(MINUTE + 180)
    world.service.put(timer(every(10), paused=True))
    world.service.put(timer(at(10), id="b", paused=True))
    assert world.times() == []


def test_a_one_shot_that_is_claimed_is_sent(world: ServiceWorld):
    world.claim(MINUTE + 180)
    world.service.put(timer(at(179), id="a"))
    world.service.put(timer(at(180), id="b"))
    assert world.times() == [179]


def test_a_chain_whose_end_is_near_is_sent_whole(world: ServiceWorld):
    full(world)
    world.claim(MINUTE + 180)
    world.service.put(timer(every(50, 10), end=MINUTE + 180))
    assert (world.times(), world.rows()) == ([10, 60, 110, 160], [])


# --- repetitions -------------------------------------------------------------------------------


def test_a_process_that_dies_between_write_and_fast_path_loses_nothing(world: ServiceWorld):
    world.service.put(timer(every(20), id="warm"))
    world.claim(MINUTE + 60)
    world.aws.kill_after = {len(world.aws.calls) + 1}
    with pytest.raises(Killed):
        world.service.put(timer(every(20, 5)))
    world.platform.advance(40_000)

    world.process().put(timer(every(20, 5)))

    assert world.times() == [5, 25, 45]


def test_a_repetition_sends_no_more_than_the_first_time_may_have_missed(world: ServiceWorld):
    world.claim(MINUTE + 180)
    world.service.put(timer(every(60)))
    world.times()
    world.platform.advance(YOUNG - 1)
    world.claim(MINUTE + 480)
    world.service.put(timer(every(60)))
    # The latest of the late ones, and the one that is within its grace.
    assert world.times() == [180, 240]


def test_a_timer_that_is_not_new_sends_nothing(world: ServiceWorld):
    old(world, timer(every(20)))
    world.service.put(timer(every(20)))
    world.service.patch("a", with_data)
    assert world.times() == []


def test_new_data_of_a_new_timer_are_sent_again(world: ServiceWorld):
    world.claim(MINUTE + 60)
    world.service.put(timer(every(20, 5)))
    world.service.patch("a", with_data)
    assert world.times() == [5, 5, 25, 25, 45, 45]


def test_a_repeated_chain_sends_what_is_before_its_next_firing(world: ServiceWorld):
    full(world)
    world.claim(MINUTE + 60)
    world.service.put(timer(every(50, 10)))
    world.platform.advance(1_000)
    world.service.put(timer(every(50, 10)))
    assert world.times() == [10, 10]


def test_a_chain_whose_beginning_nobody_may_have_read_goes_on(world: ServiceWorld):
    """A query may be ahead of what a transaction writes beside."""
    full(world)
    world.service.put(timer(every(50, 10), id="warm"))
    world.claim(MINUTE + 60)
    world.aws.on("TransactWriteItems", after_it(lambda: world.claim(MINUTE + 180)))
    world.service.put(timer(every(50, 10)))
    assert world.times() == [10, 60, 110, 160]
    assert world.stored("a").slot == due("", MINUTE + 210, "a")
    assert [row["sk"] for row in world.rows() if row["sk"].endswith("#a")] == [
        f"{due_sort(MINUTE + 210)}#a"
    ]


def test_a_chain_that_a_dispatcher_moves_meanwhile_is_left_to_it(world: ServiceWorld):
    full(world)
    world.service.put(timer(every(50, 10), id="warm"))
    world.claim(MINUTE + 60)

    def move() -> None:
        world.claim(MINUTE + 120)
        move_chain(world, MINUTE + 160)

    world.aws.on("TransactWriteItems", after_it(move))
    world.service.put(timer(every(50, 10)))
    assert world.stored("a").slot == due("", MINUTE + 160, "a")
    assert set(world.times()) >= {10, 60, 110}


# --- other schedules ---------------------------------------------------------------------------


def test_a_new_schedule_sends_what_the_old_one_lacked(world: ServiceWorld):
    old(world, timer(every(40)))
    world.service.put(timer(every(20)))
    assert world.times() == [20, 60, 100, 140]


def test_what_is_claimed_but_not_read_is_sent_too(world: ServiceWorld):
    """A dispatcher that reads place after place may find a timer that moves in none."""
    old(world, timer(every(40)))
    world.claim(MINUTE + 180, done=MINUTE + 60)
    world.service.put(timer(every(20)))
    assert world.times() == [20, *range(60, 180, 20)]


def test_a_new_schedule_of_a_new_timer_sends_all(world: ServiceWorld):
    world.claim(MINUTE + 120)
    world.service.put(timer(every(40)))
    world.service.put(timer(every(20)))
    assert world.times() == sorted([0, 40, 80, *range(0, 120, 20)])


def test_a_timer_that_comes_back_sends_from_now_on(world: ServiceWorld):
    old(world, timer(every(20)))
    world.service.patch("a", paused)
    world.platform.advance(30_000)
    world.service.put(timer(every(20)))
    assert world.times() == list(range(40, 180, 20))


def test_what_an_outage_left_is_sent_before_the_schedule_is_another(world: ServiceWorld):
    keep_all = Misfire(policy=Policy.FIRE_ALL)
    old(world, timer(every(60), misfire=keep_all))
    world.claim(MINUTE + 60)
    world.platform.advance(200_000)

    world.service.put(timer(every(3_600), misfire=keep_all))

    assert world.times() == [60, 120, 180]


def test_what_an_outage_left_is_sent_before_the_write(world: ServiceWorld):
    old(world, timer(every(20)))
    world.claim(MINUTE)
    world.platform.advance(30_000)
    world.service.put(timer(every(3_600), id="warm"))
    world.aws.kill_before = {len(world.aws.calls) + 3}
    with pytest.raises(Killed):
        world.service.put(timer(every(3_600)))
    assert world.aws.calls[-2:] == ["SendMessageBatch", "TransactWriteItems"]
    assert world.stored("a").definition == timer(every(20))


def test_a_chain_that_has_ended_owes_nothing(world: ServiceWorld):
    full(world)
    world.claim(MINUTE)
    world.service.put(timer(every(50, 10), end=MINUTE + 20))
    world.claim(MINUTE + 600)
    world.platform.advance(400_000)
    world.service.put(timer(every(3_600, 1_800)))
    assert world.times() == []


@pytest.mark.parametrize("change", [paused, None])
def test_who_pauses_or_deletes_wants_nothing_more(world: ServiceWorld, change: object):
    old(world, timer(every(20)))
    world.claim(MINUTE)
    world.platform.advance(30_000)
    if change is None:
        world.service.delete("a")
    else:
        world.service.patch("a", paused)
    assert world.times() == []


# --- strict ------------------------------------------------------------------------------------


def test_a_new_revision_is_sent_again_where_older_ones_are_dropped(strict: ServiceWorld):
    old(strict, timer(every(60)))
    strict.platform.advance(30_000)
    strict.service.patch("a", with_data)
    assert {body["data"] for body in strict.sent()} == {"new"}
    assert strict.times() == [60, 120]


def test_a_firing_that_waits_for_its_jitter_is_sent_again_too(strict: ServiceWorld):
    definition = timer(every(100), jitter=Jitter(seconds=90, each=True))
    old(strict, definition)
    (first,) = definition.occurrences(MINUTE, MINUTE + 100)
    strict.platform.now = first.fire_at * 1000 - 1
    strict.service.patch("a", with_data)
    assert strict.times()[0] == first.fire_at - MINUTE


def test_a_new_schedule_sends_all_where_older_ones_are_dropped(strict: ServiceWorld):
    old(strict, timer(every(40)))
    strict.service.put(timer(every(20)))
    assert strict.times() == list(range(0, 180, 20))


def test_what_a_chain_may_just_be_sending_is_sent_again(strict: ServiceWorld):
    full(strict)
    strict.claim(MINUTE)
    strict.service.put(timer(every(50, 10)))
    strict.platform.advance(1_000)
    strict.claim(MINUTE + 60)
    strict.service.patch("a", with_data)
    assert strict.times() == [10]


def test_who_follows_a_process_that_died_sends_what_it_did_not(strict: ServiceWorld):
    old(strict, timer(every(20)))
    strict.aws.kill_after = {len(strict.aws.calls) + 1}
    with pytest.raises(Killed):
        strict.service.patch("a", with_data)
    first = strict.stored("a").rev
    strict.platform.advance(30_000)

    strict.process().patch("a", lambda before: replace(before, owner="alice"))

    assert sorted(second for second, rev in strict.taken() if rev == first) == [0, 20]
