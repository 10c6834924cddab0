"""Writing timers: what is stored, what is refused, and what a repetition does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cdk_streamer_runtime.contract.timers import TIMER_CLASSES, TIMER_INLINE_BYTES, TimerMetric
from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import TransactionCancelled, Unreachable
from cdk_streamer_runtime.timers.definition import Definition, Jitter, Misfire, Policy
from cdk_streamer_runtime.timers.faults import (
    BatchRefused,
    FiringsUnsent,
    InvalidTimer,
    PreconditionFailed,
    TimerNotFound,
    TimerUnavailable,
)
from cdk_streamer_runtime.timers.rest.answers import whole
from cdk_streamer_runtime.timers.schedules.moments import text_of
from cdk_streamer_runtime.timers.service.conditions import Conditions, etag
from cdk_streamer_runtime.timers.service.entries import Delete, Patch, Put
from cdk_streamer_runtime.timers.table.items import timer_of
from tests.runtime.observed_aws import after, answer_lost, refused_by, repeated, request_lost
from tests.runtime.timers.service_world import (
    MINUTE,
    YOUNG,
    ServiceWorld,
    at,
    conflict,
    cron,
    every,
    room_is_gone,
    timer,
)

NEVER_THERE = Conditions(if_none_match=frozenset({"*"}))
MUST_BE_THERE = Conditions(if_match=frozenset({"*"}))


@pytest.fixture
def world() -> ServiceWorld:
    return ServiceWorld()


def only(rev: int) -> Conditions:
    return Conditions(if_match=frozenset({etag(rev)}))


def paused(definition: Definition) -> Definition:
    return replace(definition, paused=True)


def resumed(definition: Definition) -> Definition:
    return replace(definition, paused=False)


# --- one timer ---------------------------------------------------------------------------------


def test_a_new_timer_lies_in_one_place(world: ServiceWorld):
    written = world.service.put(timer(every(300, 65)))
    assert written.created
    assert written.timer == world.stored("a")
    assert [(row["pk"], row["sk"]) for row in world.rows()] == [("w##i300#0", "05#a")]


def test_a_timer_is_read_as_it_was_put(world: ServiceWorld):
    definition = timer(cron("0 9 * * 1-5", "Europe/Berlin"), data='{"a":1}', owner="alice")
    written = world.service.put(definition)
    assert world.service.get("a") == written.timer
    assert written.timer.definition == definition


def test_an_unknown_timer_is_not_found(world: ServiceWorld):
    with pytest.raises(TimerNotFound):
        world.service.get("a")
    with pytest.raises(TimerNotFound):
        world.service.patch("a", paused)


def test_the_same_timer_again_changes_nothing(world: ServiceWorld):
    first = world.service.put(timer(every(300)))
    world.platform.advance(YOUNG)
    world.aws.calls.clear()

    again = world.process().put(timer(every(300)))

    assert (again.timer, again.created) == (first.timer, False)
    assert world.aws.calls == ["GetItem"]


def test_each_change_has_a_greater_revision(world: ServiceWorld):
    revisions = [world.service.put(timer(every(300), data=f"{n}")).timer.rev for n in range(3)]
    assert revisions == sorted(set(revisions))


def test_a_revision_never_comes_again_after_a_deletion(world: ServiceWorld):
    first = world.service.put(timer(every(300)))
    world.service.delete("a")
    second = world.service.put(timer(every(300)))
    assert second.created
    assert second.timer.rev > first.timer.rev + 1


def test_a_deleted_timer_lies_nowhere(world: ServiceWorld):
    world.service.put(timer(every(300)))
    world.service.delete("a")
    assert world.rows() == []
    with pytest.raises(TimerNotFound):
        world.service.get("a")


def test_deleting_again_is_no_fault(world: ServiceWorld):
    world.service.put(timer(every(300)))
    world.service.delete("a", MUST_BE_THERE)
    world.service.delete("a", MUST_BE_THERE)


def test_a_changed_schedule_moves_the_timer(world: ServiceWorld):
    world.service.put(timer(every(300)))
    world.service.put(timer(every(600)))
    assert [row["pk"].split("#")[2] for row in world.rows()] == ["i600"]


def test_changed_data_is_written_over_the_old_place(world: ServiceWorld):
    first = world.service.put(timer(every(300)))
    world.platform.advance(YOUNG)
    second = world.service.put(timer(every(300), data='"new"'))
    (row,) = world.rows()
    assert (row["data"], row["rev"]) == ('"new"', second.timer.rev)
    assert (row["since"], second.timer.slot_since) == (first.timer.slot_since,) * 2
    assert second.timer.updated_at > first.timer.updated_at == second.timer.created_at


def test_large_data_stays_with_the_timer(world: ServiceWorld):
    data = f'"{"x" * TIMER_INLINE_BYTES}"'
    world.service.put(timer(every(300), data=data))
    assert "data" not in world.rows()[0]
    assert world.service.get("a").definition.data == data


def test_a_paused_timer_lies_nowhere_and_comes_back(world: ServiceWorld):
    world.service.put(timer(every(300)))
    world.platform.advance(5_000)
    assert world.service.patch("a", paused).timer.slot is None
    assert world.rows() == []

    world.platform.advance(5_000)
    back = world.service.patch("a", resumed).timer

    assert back.slot_since == world.platform.now
    assert len(world.rows()) == 1


def test_a_timer_that_never_fires_again_lies_nowhere(world: ServiceWorld):
    ended = world.service.put(timer(every(300, 10), end=MINUTE + 5)).timer
    assert (ended.slot, world.rows()) == (None, [])


def test_a_timer_with_an_end_goes_with_its_place(world: ServiceWorld):
    world.service.put(timer(every(300), end=MINUTE + 3_600))
    (row,) = world.rows()
    (item,) = world.items("t#")
    assert row["ttl"] == item["ttl"] == MINUTE + 3_600 + 30 * 86_400


def test_what_the_ttl_is_yet_to_remove_is_not_there(world: ServiceWorld):
    first = world.service.put(timer(at(60))).timer
    world.platform.advance(31 * 86_400_000)
    with pytest.raises(TimerNotFound):
        world.service.get("a")

    second = world.service.put(timer(every(300)))

    assert second.created
    assert second.timer.rev > first.rev
    assert [row["pk"] for row in world.rows()] == ["w##i300#4"]


# --- preconditions -----------------------------------------------------------------------------


def test_a_write_names_the_revision_that_it_replaces(world: ServiceWorld):
    first = world.service.put(timer(every(300))).timer
    second = world.service.put(timer(every(300), data="1"), only(first.rev)).timer
    with pytest.raises(PreconditionFailed):
        world.service.put(timer(every(300), data="2"), only(first.rev))
    with pytest.raises(PreconditionFailed):
        world.service.delete("a", only(first.rev))
    world.service.delete("a", only(second.rev))


def test_a_timer_that_must_be_there_is_not_created(world: ServiceWorld):
    with pytest.raises(PreconditionFailed):
        world.service.put(timer(every(300)), MUST_BE_THERE)
    assert world.items("t#") == []


def test_a_repetition_is_taken_for_what_it_is(world: ServiceWorld):
    first = world.service.put(timer(every(300))).timer
    done = world.service.put(timer(every(300), data="1"), only(first.rev))
    assert world.service.put(timer(every(300), data="1"), only(first.rev)).timer == done.timer
    change = world.service.patch("a", paused, only(done.timer.rev))
    assert world.service.patch("a", paused, only(done.timer.rev)).timer == change.timer


def test_a_creation_is_repeated_only_soon_after_it(world: ServiceWorld):
    first = world.service.put(timer(every(300)), NEVER_THERE)
    assert world.service.put(timer(every(300)), NEVER_THERE).timer == first.timer
    world.platform.advance(YOUNG)
    with pytest.raises(PreconditionFailed):
        world.service.put(timer(every(300)), NEVER_THERE)


# --- one-shots ---------------------------------------------------------------------------------


def test_a_one_shot_waits_as_its_own_firing(world: ServiceWorld):
    world.service.put(timer(at(4_000)))
    (row,) = world.rows()
    assert row["pk"] == f"d##{(MINUTE + 4_000) // 3_600}"
    assert row["ttl"] == MINUTE + 4_000 + 30 * 86_400


def test_a_one_shot_within_its_grace_is_sent_at_once(world: ServiceWorld):
    world.claim(MINUTE + 180)
    world.service.put(timer(at(-59)))
    assert world.times() == [-59]


LONG = Misfire(policy=Policy.FIRE_ALL, grace=7_200)


def test_a_one_shot_is_sent_however_long_its_grace_is(world: ServiceWorld):
    world.claim(MINUTE + 180)
    stored = world.service.put(timer(at(-7_000), misfire=LONG)).timer
    assert world.times() == [-7_000]
    assert whole(stored, now=world.platform.now, shards=1)["last_due_at"] == text_of(MINUTE - 7_000)


def test_a_repetition_sends_what_jitter_has_put_off_beyond_its_time(world: ServiceWorld):
    wanted = timer(at(100), jitter=Jitter(seconds=600))
    delay = wanted.delay(MINUTE + 100)
    assert delay > YOUNG // 1000
    world.claim(MINUTE + 240)
    world.aws.on("SendMessageBatch", refused_by(aws_error("AccessDenied", "", 403, "any")))
    with pytest.raises(FiringsUnsent):
        world.service.put(wanted)
    world.platform.advance(YOUNG + 50_000)
    world.service.put(wanted)
    assert world.times() == [100 + delay]


def test_jitter_that_lies_in_the_phase_makes_no_repetition_longer(world: ServiceWorld):
    wanted = timer(every(60), jitter=Jitter(seconds=59))
    world.claim(MINUTE + 240)
    world.service.put(wanted)
    world.taken()
    world.platform.advance(YOUNG + 1_000)
    world.service.put(wanted)
    assert world.taken() == []


def test_a_one_shot_of_long_ago_is_sent_by_a_repetition(world: ServiceWorld):
    world.claim(MINUTE + 180)
    world.aws.on("SendMessageBatch", refused_by(aws_error("AccessDenied", "", 403, "any")))
    with pytest.raises(FiringsUnsent):
        world.service.put(timer(at(-7_000), misfire=LONG))
    world.service.put(timer(at(-7_000), misfire=LONG))
    assert world.times() == [-7_000]


def test_a_one_shot_of_long_ago_that_no_dispatcher_came_to_waits_for_one(world: ServiceWorld):
    world.claim(MINUTE - 7_200)
    world.service.put(timer(at(-7_000), misfire=LONG))
    assert world.times() == []
    (row,) = world.rows()
    assert row["sk"].startswith(f"{(MINUTE - 7_000) * 1000:015d}")


def test_a_one_shot_of_long_ago_is_still_owed_when_it_becomes_another(world: ServiceWorld):
    world.claim(MINUTE - 7_200)
    world.service.put(timer(at(-7_000), misfire=LONG))
    world.service.put(timer(at(4_000), misfire=LONG))
    assert world.times() == [-7_000]


def test_a_one_shot_beyond_its_grace_is_refused(world: ServiceWorld):
    with pytest.raises(InvalidTimer) as refused:
        world.service.put(timer(at(-61)))
    assert [fault.pointer for fault in refused.value.faults] == ["/schedule/at"]
    assert world.items("t#") == []


def test_a_one_shot_that_fired_meanwhile_can_be_put_again(world: ServiceWorld):
    first = world.service.put(timer(at(10)))
    world.platform.advance(3_600_000)
    assert world.service.put(timer(at(10))).timer == first.timer
    with pytest.raises(InvalidTimer):
        world.service.put(timer(at(10), data="1"))


# --- beyond the classes ------------------------------------------------------------------------


def fill(world: ServiceWorld) -> None:
    world.table.put({"pk": "c#", "sk": "#count", "classes": TIMER_CLASSES})


def test_a_class_is_registered_once(world: ServiceWorld):
    world.service.put(timer(every(300), id="a"))
    world.service.put(timer(every(300), id="b"))
    world.process().put(timer(every(300), id="c"))
    assert [item["sk"] for item in world.items("c#")] == ["i300", "#count"]
    assert world.items("c#")[1]["classes"] == 1


def test_the_class_is_there_before_the_first_timer_of_it(world: ServiceWorld):
    seen: list[int] = []
    world.aws.on(
        "TransactWriteItems",
        after(lambda: seen.append(len(world.rows()))),
        after(lambda: seen.append(len(world.items("c#")))),
    )
    world.service.put(timer(every(300)))
    assert seen == [0, 2]


def test_a_timer_without_a_class_lives_by_its_next_firing(world: ServiceWorld):
    fill(world)
    world.claim(MINUTE + 180)
    world.service.put(timer(every(50, 7)))
    (row,) = world.rows()
    assert row["sk"] == f"{(MINUTE + 207) * 1000:015d}#a"
    assert world.times() == [7, 57, 107, 157]


def test_a_chain_begins_where_nobody_has_read(world: ServiceWorld):
    fill(world)
    world.claim(MINUTE + 180)
    world.aws.on("TransactWriteItems", refused_by(room_is_gone()))
    claim = after(lambda: world.claim(MINUTE + 240))
    world.aws.on("TransactWriteItems", claim)

    world.service.put(timer(every(50, 7)))

    (row,) = world.rows()
    assert row["sk"] == f"{(MINUTE + 257) * 1000:015d}#a"
    assert world.times() == [7, 57, 107, 157, 207]


def test_known_classes_have_room_when_others_have_none(world: ServiceWorld):
    world.service.put(timer(every(300), id="a"))
    fill(world)
    service = world.process()
    service.put(timer(every(70), id="b"))
    service.put(timer(every(300), id="c"))
    assert sorted(row["pk"][0] for row in world.rows()) == ["d", "w", "w"]


def test_a_timer_goes_from_the_wheel_to_a_chain_and_back(world: ServiceWorld):
    world.service.put(timer(every(300)))
    fill(world)
    world.service.put(timer(every(70)))
    assert [row["pk"][0] for row in world.rows()] == ["d"]
    world.service.put(timer(every(300)))
    assert [row["pk"] for row in world.rows()] == ["w##i300#4"]


def test_a_write_notices_that_the_next_firing_has_moved(world: ServiceWorld):
    fill(world)
    world.service.put(timer(every(70)))

    def move() -> None:
        (row,) = world.rows()
        item = world.items("t#")[0]
        world.table.delete({"pk": row["pk"], "sk": row["sk"]})
        moved = {"pk": row["pk"], "sk": f"{(MINUTE + 840) * 1000:015d}#a"}
        world.table.put({**row, **moved})
        world.table.put({**item, "slot_pk": moved["pk"], "slot_sk": moved["sk"]})

    world.aws.on("TransactWriteItems", after(move))
    world.service.put(timer(every(70), data="1"))

    (row,) = world.rows()
    assert (row["data"], row["sk"]) == ("1", f"{(MINUTE + 840) * 1000:015d}#a")


# --- races and faults --------------------------------------------------------------------------


def test_of_two_writers_the_slower_one_comes_second(world: ServiceWorld):
    faster = after(lambda: world.process().put(timer(every(600), data='"fast"')))
    world.service.put(timer(every(300)))
    world.aws.on("TransactWriteItems", faster)

    written = world.service.patch("a", lambda before: replace(before, owner="alice"))

    assert written.timer.definition == timer(every(600), data='"fast"', owner="alice")
    assert [row["pk"] for row in world.rows()] == ["w##i600#4"]


def test_a_creation_that_races_a_creation_changes_it(world: ServiceWorld):
    world.process().put(timer(every(300), id="other"))
    world.aws.on("TransactWriteItems", after(lambda: world.process().put(timer(every(300)))))
    assert not world.service.put(timer(every(300), data="1")).created
    assert len(world.rows()) == 2


def test_a_creation_that_must_be_the_first_loses_a_race(world: ServiceWorld):
    world.process().put(timer(every(300), id="other"))
    world.aws.on("TransactWriteItems", after(lambda: world.process().put(timer(every(600)))))
    with pytest.raises(PreconditionFailed):
        world.service.put(timer(every(300)), NEVER_THERE)


def test_a_deletion_wins_over_a_write_that_lands_late(world: ServiceWorld):
    landing: list[object] = []
    world.process().put(timer(every(300), id="other"))
    world.service.put(timer(every(300), id="warm"))
    world.aws.on(
        "TransactWriteItems", lambda effect: (landing.append(effect), request_lost(effect))
    )
    with pytest.raises(Unreachable):
        world.service.put(timer(every(300)))

    world.service.delete("a")

    with pytest.raises(TransactionCancelled):
        landing[0]()  # type: ignore[operator]
    assert [row["sk"] for row in world.rows()] == ["00#other", "00#warm"]


def test_an_answer_that_the_client_asks_for_again_is_one_write(world: ServiceWorld):
    world.aws.on("TransactWriteItems", repeated, repeated)
    written = world.service.put(timer(every(300)))
    assert written.created
    assert world.stored("a") == written.timer
    assert world.items("c#")[1]["classes"] == 1


def test_a_write_whose_answer_is_lost_is_found_done(world: ServiceWorld):
    world.service.put(timer(every(300), id="warm"))
    world.claim(MINUTE + 180)
    world.aws.on("TransactWriteItems", answer_lost)
    with pytest.raises(Unreachable):
        world.service.put(timer(every(100)))
    assert world.service.put(timer(every(100))).timer.rev == world.stored("a").rev
    assert world.times() == [0, 100]


def test_writers_in_each_others_way_try_again(world: ServiceWorld):
    world.service.put(timer(every(300), id="warm"))
    world.aws.on("TransactWriteItems", refused_by(conflict()), refused_by(conflict()))
    world.service.put(timer(every(300)))
    assert world.stored("a").definition.id == "a"


def test_a_writer_gives_up_among_too_many(world: ServiceWorld):
    world.service.put(timer(every(300), id="warm"))
    world.aws.on("TransactWriteItems", *[refused_by(conflict())] * 8)
    began = world.platform.now
    with pytest.raises(TimerUnavailable, match="too many writes"):
        world.service.put(timer(every(300)))
    assert world.platform.now - began < 5_000


def test_a_table_that_refuses_is_told(world: ServiceWorld):
    throttled = conflict()
    throttled.reasons = [{"Code": "ThrottlingError"}]
    world.service.put(timer(every(300), id="warm"))
    world.aws.on("TransactWriteItems", refused_by(throttled))
    with pytest.raises(TransactionCancelled):
        world.service.put(timer(every(300)))


def test_a_queue_that_takes_nothing_fails_the_write_until_it_is_repeated(world: ServiceWorld):
    world.claim(MINUTE + 180)
    denied = aws_error("AccessDenied", "", 403, "SendMessageBatch")
    world.aws.on("SendMessageBatch", refused_by(denied))
    with pytest.raises(FiringsUnsent):
        world.service.put(timer(every(100)), NEVER_THERE)
    world.service.put(timer(every(100)), NEVER_THERE)
    assert world.times() == [0, 100]


# --- owners ------------------------------------------------------------------------------------


def test_the_timer_of_another_owner_is_as_none(world: ServiceWorld):
    mine = world.service.put(timer(every(300)), owner="alice").timer
    assert mine.definition.owner == "alice"
    with pytest.raises(TimerNotFound):
        world.service.get("a", owner="bob")
    with pytest.raises(TimerNotFound):
        world.service.patch("a", paused, owner="bob")
    with pytest.raises(TimerNotFound):
        world.service.put(timer(every(300)), owner="bob")
    world.service.delete("a", owner="bob")
    assert world.service.get("a", owner="alice") == mine


def test_a_change_cannot_give_a_timer_to_another_owner(world: ServiceWorld):
    world.service.put(timer(every(300)), owner="alice")
    world.service.patch("a", lambda before: replace(before, owner="bob"), owner="alice")
    assert world.service.get("a").definition.owner == "alice"


# --- several at once ---------------------------------------------------------------------------


def test_a_batch_is_one_transaction(world: ServiceWorld):
    world.service.put(timer(every(300), id="old"))
    world.service.put(timer(every(300), id="gone"))
    world.aws.calls.clear()

    results = world.service.batch(
        [
            Put(definition=timer(every(300), id="new")),
            Patch(id="old", change=paused),
            Delete(id="gone"),
        ]
    )

    assert [result and result.created for result in results] == [True, False, None]
    assert [row["sk"] for row in world.rows()] == ["00#new"]
    assert world.aws.counts["TransactWriteItems"] == 1


def test_a_batch_with_one_fault_does_nothing(world: ServiceWorld):
    entries = [
        Put(definition=timer(every(300), id="fine")),
        Patch(id="unknown", change=paused),
        Put(definition=timer(at(-3_600), id="late")),
    ]
    with pytest.raises(BatchRefused) as refused:
        world.service.batch(entries)
    kinds = {index: type(error) for index, error in refused.value.errors.items()}
    assert kinds == {1: TimerNotFound, 2: InvalidTimer}
    assert world.memory.items("timers") == []


def test_a_batch_of_new_classes_fills_what_room_there_is(world: ServiceWorld):
    world.table.put({"pk": "c#", "sk": "#count", "classes": TIMER_CLASSES - 2})
    entries = [Put(definition=timer(every(100 + n), id=f"t{n}")) for n in range(25)]
    world.service.batch(entries)
    assert sorted(row["pk"][0] for row in world.rows()) == ["d"] * 23 + ["w"] * 2
    (count,) = [item for item in world.items("c#") if item["sk"] == "#count"]
    assert count["classes"] == TIMER_CLASSES


def test_a_repeated_batch_changes_nothing(world: ServiceWorld):
    entries = [Put(definition=timer(every(300), id=f"t{n}")) for n in range(3)]
    first = world.service.batch(entries)
    again = world.service.batch(entries)
    assert [r and r.timer for r in again] == [r and r.timer for r in first]


def test_a_batch_names_each_timer_once(world: ServiceWorld):
    with pytest.raises(ValueError, match="different ids"):
        world.service.batch([Delete(id="a"), Put(definition=timer(every(300)))])


# --- late firings ------------------------------------------------------------------------------


def test_firings_that_a_repetition_skips_are_counted(world: ServiceWorld):
    misfire = Misfire(policy=Policy.SKIP, grace=5)
    definition = timer(every(10), misfire=misfire)
    world.claim(MINUTE + 180)
    world.service.put(definition)
    world.times()
    world.platform.advance(30_000)
    world.service.put(definition)
    assert world.meter.counts[TimerMetric.FIRINGS_SKIPPED] == 3
    assert min(world.times()) == 30


def test_jitter_is_part_of_what_is_sent(world: ServiceWorld):
    definition = timer(every(100), jitter=Jitter(seconds=30, each=True))
    world.claim(MINUTE + 180)
    world.service.put(definition)
    expected = [each.fire_at - MINUTE for each in definition.occurrences(MINUTE, MINUTE + 180)]
    assert world.times() == expected


def test_items_are_read_back_by_anybody(world: ServiceWorld):
    world.service.put(timer(every(300), id="a"))
    assert [timer_of(item).id for item in world.items("t#")] == ["a"]
