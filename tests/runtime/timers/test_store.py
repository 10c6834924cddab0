"""Timers in the table: lists, and the one place that each of them has."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest

from cdk_streamer_runtime.contract.timers import TimerState
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.timers.definition import Definition, Jitter
from cdk_streamer_runtime.timers.schedules.wheel import PeriodClass
from cdk_streamer_runtime.timers.service.entries import Put
from cdk_streamer_runtime.timers.table.registry import ClassRegistry
from cdk_streamer_runtime.timers.table.store import Page
from tests.runtime.observed_aws import after, answer_lost, refused_by, repeated
from tests.runtime.timers.service_world import (
    MINUTE,
    TABLE,
    ServiceWorld,
    at,
    conflict,
    cron,
    every,
    room_is_gone,
    timer,
)


@pytest.fixture(scope="module")
def many() -> ServiceWorld:
    """Three hundred timers of alice, of which every tenth is paused, and one of bob."""
    world = ServiceWorld()
    for start in range(0, 300, 25):
        world.service.batch(
            [
                Put(definition=timer(every(300, n), id=f"t{n}", owner="alice", paused=n % 10 == 0))
                for n in range(start, start + 25)
            ]
        )
    world.service.put(timer(every(300), id="b", owner="bob"))
    return world


def pages(world: ServiceWorld, limit: int, state: TimerState | None = None) -> list[Page]:
    found = [world.service.page(owner="alice", limit=limit, state=state)]
    while found[-1].cursor is not None:
        cursor = found[-1].cursor
        found.append(world.service.page(owner="alice", limit=limit, state=state, cursor=cursor))
    return found


def ids(found: list[Page]) -> list[str]:
    return [listed.definition.id for page in found for listed in page.timers]


# --- lists -------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 7, 50, 100])
def test_pages_give_each_timer_of_an_owner_once(many: ServiceWorld, limit: int):
    found = pages(many, limit)
    assert sorted(ids(found)) == sorted(f"t{n}" for n in range(300))
    assert {len(page.timers) for page in found[:-1]} <= {limit}


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_a_state_leaves_out_all_others(many: ServiceWorld, limit: int):
    assert sorted(ids(pages(many, limit, TimerState.PAUSED))) == sorted(
        f"t{n}" for n in range(0, 300, 10)
    )
    assert len(ids(pages(many, limit, TimerState.ACTIVE))) == 270
    assert ids(pages(many, limit, TimerState.ENDED)) == []


def test_timers_without_an_owner_are_listed_so(many: ServiceWorld):
    many.service.put(timer(every(300), id="nobodys"))
    assert [each.definition.id for each in many.service.page(owner="").timers] == ["nobodys"]


def test_a_timer_that_never_fires_again_has_ended():
    world = ServiceWorld()
    world.service.put(timer(at(10), owner="alice"))
    assert ids(pages(world, 10, TimerState.ACTIVE)) == ["a"]
    world.platform.advance(10_001)
    assert ids(pages(world, 10, TimerState.ENDED)) == ["a"]
    assert ids(pages(world, 10, TimerState.ACTIVE)) == []


def test_what_the_ttl_is_yet_to_remove_is_not_listed():
    world = ServiceWorld()
    world.service.put(timer(at(10), owner="alice"))
    world.platform.advance(31 * 86_400_000)
    assert ids(pages(world, 10)) == []


def test_a_deleted_timer_is_not_listed():
    world = ServiceWorld()
    world.service.put(timer(every(300), owner="alice"))
    world.service.delete("a")
    assert ids(pages(world, 10)) == []


def test_a_list_has_all_that_tells_the_next_firing():
    world = ServiceWorld()
    jitter = Jitter(seconds=30, each=True)
    world.service.put(timer(cron("0 9 * * *"), owner="alice", jitter=jitter, data="1"))
    (listed,) = world.service.page(owner="alice").timers
    stored = world.service.get("a")
    assert listed.definition.next(MINUTE) == stored.definition.next(MINUTE)
    assert (listed.slot_since, listed.created_at) == (stored.slot_since, stored.created_at)


def test_timers_that_come_and_go_hide_no_others(many: ServiceWorld):
    first = many.service.page(owner="alice", limit=10)
    last = first.timers[-1].definition.id
    many.service.delete(last)
    seen, cursor = [each.definition.id for each in first.timers], first.cursor
    while cursor is not None:
        page = many.service.page(owner="alice", limit=10, cursor=cursor)
        seen += [each.definition.id for each in page.timers]
        cursor = page.cursor
    many.service.put(timer(every(300), id=last, owner="alice", paused=last.endswith("0")))
    assert sorted(seen) == sorted(f"t{n}" for n in range(300))


@pytest.mark.parametrize(
    "text", ["", "8", "x", "1 2", "1" + "a" * 129, "0a\n", "1é", '{"pk": "t#b"}']
)
def test_a_cursor_that_is_none_is_refused(many: ServiceWorld, text: str):
    cursor = urlsafe_b64encode(text.encode()).decode()
    with pytest.raises(ValueError, match="cursor is not one of ours"):
        many.service.page(owner="alice", cursor=cursor)


@pytest.mark.parametrize("cursor", ["=", "A", "é", "AAAA" * 100])
def test_a_cursor_that_is_no_text_is_refused(many: ServiceWorld, cursor: str):
    with pytest.raises(ValueError, match="cursor is not one of ours"):
        many.service.page(owner="alice", cursor=cursor)


def test_a_cursor_of_somebody_else_shows_nothing_of_theirs(many: ServiceWorld):
    cursor = many.service.page(owner="alice", limit=1).cursor
    page = many.service.page(owner="bob", cursor=cursor)
    assert {each.definition.id for each in page.timers} <= {"b"}


# --- classes -----------------------------------------------------------------------------------


def registry(world: ServiceWorld) -> ClassRegistry:
    return ClassRegistry(Table(world.aws, TABLE), world.platform.new_id)


def test_a_class_that_somebody_registers_meanwhile_is_known():
    world = ServiceWorld()
    other = registry(world)
    world.aws.on("TransactWriteItems", after(lambda: other.admits("", PeriodClass(period=7))))
    assert registry(world).admits("", PeriodClass(period=7))
    assert [item.get("classes") for item in world.items("c#")] == [None, 1]


def test_a_registration_whose_answer_is_lost_counts_once():
    world = ServiceWorld()
    world.aws.on("TransactWriteItems", repeated)
    assert registry(world).admits("", PeriodClass(period=7))
    world.aws.on("TransactWriteItems", answer_lost)
    with pytest.raises(Exception, match="Timeout"):
        registry(world).admits("", PeriodClass(period=8))
    assert registry(world).admits("", PeriodClass(period=8))
    assert world.items("c#")[1]["classes"] == 2


def test_registrations_in_each_others_way_try_again():
    world = ServiceWorld()
    world.aws.on("TransactWriteItems", *[refused_by(conflict())] * 3)
    assert registry(world).admits("", PeriodClass(period=7))


def test_a_full_shard_is_asked_for_known_classes_alone():
    world = ServiceWorld()
    classes = registry(world)
    world.aws.on("TransactWriteItems", refused_by(room_is_gone()))
    assert not classes.admits("", PeriodClass(period=7))
    world.aws.calls.clear()
    assert not classes.admits("", PeriodClass(period=8))
    assert world.aws.calls == ["GetItem"]


def test_a_known_class_is_asked_for_once():
    world = ServiceWorld()
    classes = registry(world)
    classes.admits("", PeriodClass(period=7))
    world.aws.calls.clear()
    assert classes.admits("", PeriodClass(period=7))
    assert world.aws.calls == []


# --- places ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "definition",
    [
        timer(every(90, 7)),
        timer(cron("*/5 * * * *")),
        timer(cron("0 9 * * *", "Europe/Berlin")),
        timer(at(500)),
        timer(every(300), jitter=Jitter(seconds=200)),
    ],
)
def test_a_timer_and_its_place_agree(definition: Definition):
    world = ServiceWorld()
    stored = world.service.put(definition).timer
    (row,) = world.rows()
    assert stored.slot is not None
    assert (row["pk"], row["sk"], row["rev"]) == (*stored.slot, stored.rev)
