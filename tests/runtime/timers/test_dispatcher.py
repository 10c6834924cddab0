"""Each occurrence is sent once, and at least once: whoever dies, waits, or comes twice."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.contract.timers import TimerMetric
from cdk_streamer_runtime.errors import Throttled
from cdk_streamer_runtime.timers.definition import Definition, Jitter, Misfire, Policy
from cdk_streamer_runtime.timers.dispatch.lease import DURATION
from cdk_streamer_runtime.timers.schedules.cron import Cron
from cdk_streamer_runtime.timers.schedules.schedule import Calendar, Every, Once
from cdk_streamer_runtime.timers.sending.message import timestamp
from tests.runtime.observed_aws import Killed, answer_lost, refused_by, request_lost
from tests.runtime.timers.world import (
    DEAD,
    FIRINGS,
    MINUTE,
    SHARD,
    TABLE,
    World,
    dispatcher,
    plant,
    plant_many,
)

FOREVER = 10**15
THROTTLED = Throttled("ThrottlingException", "", 400, "any")


@pytest.fixture
def world():
    return World()


def timer(name="a", period=60, phase=0, data='{"n":1}', **fields):
    return Definition(id=name, schedule=Every(period=period, phase=phase), data=data, **fields)


def calendar(name, cron, timezone="UTC", **fields):
    schedule = Calendar(cron=Cron.parse(cron), timezone=timezone)
    return Definition(id=name, schedule=schedule, data="1", **fields)


def dispatch(world, *, deadline=FOREVER, look_ahead=180):
    dispatcher(world, look_ahead=look_ahead).dispatch(SHARD, deadline)


def expected(*definitions, start=MINUTE, end=MINUTE + 180):
    return sorted(
        (each.id, timestamp(occurrence.fire_at))
        for each in definitions
        for occurrence in each.occurrences(start, end)
    )


def missing(world, timers, *, end=MINUTE + 60):
    """Tell what was not sent: a few, where a comparison of thousands would take minutes to show."""
    return sorted(set(expected(*timers, end=end)) - set(world.fired()))[:3]


def repeated(world):
    fired = world.fired()
    return len(fired) - len(set(fired))


def shard(world):
    return world.table.get({"pk": f"s#{SHARD}", "sk": "shard"}) or {}


# --- windows --------------------------------------------------------------------------------------


def test_all_kinds_of_timers_are_sent_up_to_the_look_ahead(world):
    timers = [
        timer("minutely"),
        timer("often", period=7, phase=3),
        timer("odd", period=90, phase=40),
        timer("jittered", period=300, phase=2, jitter=Jitter(seconds=30)),
        calendar("daily", "15 22 * * *"),
        calendar("cron", "*/2 * * * *", "Europe/Berlin", jitter=Jitter(seconds=20, each=True)),
        Definition(id="once", schedule=Once(moment=MINUTE + 100), data="1"),
    ]
    for each in timers:
        plant(world, each)
    dispatch(world)
    assert world.fired() == expected(*timers)


def test_a_look_ahead_that_was_raised_makes_no_firing_early_and_none_late(world):
    # Ten minutes and more of delay are allowed with 180 seconds ahead, and too much with 840.
    jitter = Jitter(seconds=660, each=True)
    timers = [timer("j13", period=900, phase=MINUTE % 900, jitter=jitter), timer("b", period=300)]
    for each in timers:
        plant(world, each)
    came = {}
    for _ in range(60):
        dispatch(world, look_ahead=840)
        now = timestamp(world.platform.now // 1000)
        for message in world.received():
            body = json.loads(message["Body"])
            came.setdefault((body["id"], body["fire_at"]), now)
        world.platform.advance(30_000)
    assert [each for each, moment in came.items() if moment < each[1]] == []
    last = max(came.values())
    assert sorted(came) == [
        each for each in expected(*timers, end=MINUTE + 1_800) if each[1] <= last
    ]
    assert repeated(world) == 0


def test_what_was_sent_is_not_sent_again(world):
    plant(world, timer())
    dispatch(world)
    dispatch(world)
    world.platform.advance(60_000)
    dispatch(world)
    assert world.fired() == expected(timer(), end=MINUTE + 240)


def test_a_tick_with_nothing_to_do_is_one_call(world):
    dispatch(world)
    before = len(world.aws.calls)
    world.platform.advance(30_000)
    dispatch(world)
    dispatch(world)
    assert world.aws.calls[before:] == ["GetItem", *world.aws.calls[before + 1 :]]
    assert world.aws.counts["GetItem"] == 3


def test_a_minute_of_a_shard_without_timers_is_five_calls(world):
    dispatch(world)
    world.platform.advance(60_000)
    before = len(world.aws.calls)
    dispatch(world)
    assert world.aws.calls[before:] == ["GetItem", "UpdateItem", "Query", "Query", "UpdateItem"]


def test_a_minute_is_claimed_before_anything_of_it_is_read(world):
    plant(world, timer())
    claims = []

    def look(effect):
        claims.append(shard(world)["claimed_until"])
        return effect()

    world.aws.on("Query", *[look] * 9)
    dispatch(world)
    # Registry, next firings and one slot, for each of three minutes.
    assert claims == [MINUTE + 60] * 3 + [MINUTE + 120] * 3 + [MINUTE + 180] * 3
    assert shard(world)["claimed_until"] == shard(world)["done_until"] == MINUTE + 180


def test_a_class_that_comes_before_the_claim_is_seen(world):
    """The registry is read for each minute, after its claim."""

    def come(effect):
        plant(world, timer("late"))
        return effect()

    plant(world, timer("early", period=120))
    dispatch(world, look_ahead=60)
    world.platform.advance(60_000)
    world.aws.on("UpdateItem", come)
    dispatch(world, look_ahead=60)
    assert ("late", timestamp(MINUTE + 60)) in world.fired()


def test_moments_before_the_timer_came_are_not_sent(world):
    plant(world, timer(), since=MINUTE * 1000 + 1)
    dispatch(world)
    assert world.fired() == expected(timer(), start=MINUTE + 1)


def test_a_window_at_the_end_of_an_hour_reads_its_own_hour_only(world):
    end = MINUTE // 3600 * 3600 + 3600
    world.platform.now = (end - 60) * 1000
    timers = [
        Definition(id=f"t{moment}", schedule=Once(moment=moment), data="1")
        for moment in (end - 1, end, end + 59)
    ]
    for each in timers:
        plant(world, each)
    dispatch(world, look_ahead=120)
    assert world.fired() == expected(*timers, start=end - 60, end=end + 60)


def test_more_than_a_page_of_timers_is_read(world):
    timers = [timer(f"t{n:04d}", data='"' + "x" * 8000 + '"') for n in range(300)]
    for each in timers:
        plant(world, each)
    dispatch(world, look_ahead=60)
    assert world.fired() == expected(*timers, end=MINUTE + 60)
    assert world.aws.counts["Query"] > 4


def test_a_page_is_sent_before_the_next_one_is_read(world):
    plant_many(world, [timer(f"t{n:04d}", data='"' + "x" * 2_000 + '"') for n in range(1_600)])
    dispatch(world, look_ahead=60)
    last = max(index for index, call in enumerate(world.aws.calls) if call == "Query")
    assert world.aws.calls[:last].count("SendMessageBatch") >= 100


def test_large_data_is_read_from_the_timer_itself(world):
    large = [timer(f"t{n:03d}", data='"' + "x" * 20_000 + '"') for n in range(150)]
    for each in large:
        plant(world, each)
    dispatch(world, look_ahead=60)
    assert {len(body["data"]) for body in world.sent()} == {20_000}
    assert world.fired() == expected(*large, end=MINUTE + 60)


def test_large_data_of_a_timer_that_was_deleted_meanwhile_holds_nobody_up(world):
    plant(world, timer("gone", data='"' + "x" * 20_000 + '"'))
    plant(world, timer("there"))
    world.table.delete({"pk": "t#gone", "sk": "meta"})
    dispatch(world, look_ahead=60)
    assert world.fired() == expected(timer("there"), end=MINUTE + 60)


def test_the_hundred_calls_of_a_thousand_firings_are_nearly_all(world):
    phases = [number % 60 + MINUTE % 300 for number in range(4_000)]
    plant_many(world, [timer(f"t{n}", period=300, phase=phase) for n, phase in enumerate(phases)])
    before = Counter(world.aws.calls)
    dispatch(world, look_ahead=60)
    calls = Counter(world.aws.calls) - before
    assert calls["SendMessageBatch"] == 400
    assert sum(calls.values()) <= 4 * 105
    # 3 and one for every 500 messages: what the epochs, claims and cursors take.
    assert calls["UpdateItem"] + calls["PutItem"] <= 3 + 4_000 // 500


# --- late firings ---------------------------------------------------------------------------------


def test_after_an_outage_the_policies_decide(world):
    dispatch(world, look_ahead=60)
    timers = {
        policy: timer(policy.value, misfire=Misfire(policy=policy, grace=60)) for policy in Policy
    }
    for each in timers.values():
        plant(world, each)
    world.platform.now = (MINUTE + 10 * 60) * 1000
    dispatch(world, look_ahead=60)
    sent = Counter(body["id"] for body in world.sent())
    # Minutes 1 to 8 are late, 9 and 10 are not; of the late ones the last is the latest.
    assert sent == {"fire_all": 10, "fire_latest": 3, "skip": 2}
    assert world.meter.counts[TimerMetric.FIRINGS_SKIPPED] == 7 + 8


def test_usual_rows_that_are_late_are_judged_like_all_others(world):
    dispatch(world, look_ahead=60)
    plant(world, timer())
    world.platform.now = (MINUTE + 10 * 60) * 1000
    dispatch(world, look_ahead=60)
    assert world.fired() == expected(timer(), start=MINUTE + 480, end=MINUTE + 660)


# --- next firings ---------------------------------------------------------------------------------


def following(definition, start):
    moment = definition.recurrence.next(start)
    assert moment is not None
    return moment


def rows_of(world, name):
    keys = [item["sk"]["S"] for item in world.memory.items(TABLE) if item["pk"]["S"][0] in "dw"]
    return [key for key in keys if key.endswith(f"#{name}")]


def slot_of(world, name):
    item = world.table.get({"pk": f"t#{name}", "sk": "meta"}) or {}
    return item["slot_pk"], item["slot_sk"]


@pytest.mark.parametrize("period", [7, 60, 61, 100, 3601])
def test_a_timer_without_a_class_lives_by_its_next_firing(world, period):
    odd = timer("odd", period=period, phase=3)
    plant(world, odd, due=following(odd, MINUTE))
    for _ in range(8):
        dispatch(world)
        world.platform.advance(60_000)
    end = MINUTE + 7 * 60 + 180
    assert world.fired() == expected(odd, end=end)
    row = f"{following(odd, end) * 1000:015d}#odd"
    assert rows_of(world, "odd") == [row]
    assert slot_of(world, "odd")[1] == row


def test_the_row_of_a_next_firing_goes_when_its_data_does(world):
    odd = timer("odd", period=100, data='"' + "x" * 20_000 + '"')
    plant(world, odd, due=following(odd, MINUTE))
    dispatch(world)
    assert {len(body["data"]) for body in world.sent()} == {20_000}


def test_a_next_firing_is_moved_only_after_it_was_sent(world):
    odd = timer("odd", period=100)
    first = following(odd, MINUTE)
    plant(world, odd, due=first)
    world.aws.on("SendMessageBatch", *[request_lost] * 100)
    dispatch(world)
    assert rows_of(world, "odd") == [f"{first * 1000:015d}#odd"]


@pytest.mark.parametrize("disturbance", [request_lost, answer_lost])
def test_a_move_whose_call_fails_is_made_up_for(world, disturbance):
    odd = timer("odd", period=100)
    plant(world, odd, due=following(odd, MINUTE))
    world.aws.on("TransactWriteItems", disturbance)
    dispatch(world)
    dispatch(world)
    assert set(world.fired()) == set(expected(odd))
    assert len(rows_of(world, "odd")) == 1


def test_what_was_skipped_is_counted_although_a_move_fails(world):
    dispatch(world, look_ahead=60)
    skip = Misfire(policy=Policy.SKIP)
    for name in ("a", "b"):
        odd = timer(name, period=3600, phase=(MINUTE + 60) % 3600, misfire=skip)
        plant(world, odd, due=MINUTE + 60)
    world.platform.now = (MINUTE + 600) * 1000
    world.aws.on("TransactWriteItems", lambda effect: effect(), request_lost)
    dispatch(world, look_ahead=60)
    dispatch(world, look_ahead=60)
    assert world.meter.counts[TimerMetric.FIRINGS_SKIPPED] >= 2


def test_a_timer_that_was_deleted_while_it_was_sent_does_not_come_back(world):
    odd = timer("odd", period=100)
    key = plant(world, odd, due=following(odd, MINUTE))

    def delete(effect):
        answer = effect()
        world.table.delete({"pk": "t#odd", "sk": "meta"})
        world.table.delete({"pk": key.pk, "sk": key.sk})
        return answer

    world.aws.on("SendMessageBatch", delete)
    dispatch(world)
    assert rows_of(world, "odd") == []


def test_a_timer_that_was_edited_in_place_moves_as_it_is_now(world):
    odd = timer("odd", period=100)
    first = following(odd, MINUTE)
    plant(world, odd, due=first)
    other = timer("odd", period=3600, phase=first % 3600, data='"new"')

    def edit(effect):
        answer = effect()
        plant(world, other, rev=8, due=first)
        return answer

    world.aws.on("SendMessageBatch", edit)
    dispatch(world)
    row = f"{(first + 3600) * 1000:015d}#odd"
    assert rows_of(world, "odd") == [row]
    assert slot_of(world, "odd")[1] == row


def test_a_next_firing_that_was_the_last_stays_for_the_ttl_to_remove(world):
    odd = timer("odd", period=100, end=MINUTE + 100)
    key = plant(world, odd, due=following(odd, MINUTE))
    dispatch(world)
    assert rows_of(world, "odd") == [key.sk]
    assert world.fired() == expected(odd)


# --- bad items ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "poison",
    [
        {"pk": f"w#{SHARD}#i60#0", "sk": "00#bad", "rev": "no number", "since": 0, "data": "1"},
        {"pk": f"w#{SHARD}#i60#0", "sk": "xx#bad", "rev": 7, "since": 0, "data": "1"},
        {"pk": f"w#{SHARD}#i60#0", "sk": "00#bad"},
        {"pk": f"w#{SHARD}#i60#0", "sk": "00#bad", "rev": 7, "since": 0, "policy": "whatever"},
        {"pk": f"d#{SHARD}#{MINUTE // 3600}", "sk": f"{MINUTE * 1000:015d}#bad", "rev": 7,
         "data": "1", "recurrence": "{}"},
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_is_a_dead_letter_and_hurts_nobody(world, poison):
    plant(world, timer("a"))
    plant(world, timer("z"))
    world.table.put(poison)
    dispatch(world, look_ahead=60)
    assert world.fired() == expected(timer("a"), timer("z"), end=MINUTE + 60)
    assert [letter["item"]["sk"]["S"] for letter in world.sent(DEAD)] == [poison["sk"]]
    assert world.meter.counts[TimerMetric.FIRINGS_REJECTED] == 1


def test_a_class_that_cannot_be_read_hurts_no_other(world):
    plant(world, timer())
    world.table.put({"pk": f"c#{SHARD}", "sk": "i0x"})
    dispatch(world, look_ahead=60)
    assert world.fired() == expected(timer(), end=MINUTE + 60)
    assert world.meter.counts[TimerMetric.FIRINGS_REJECTED] == 1


def test_a_partition_that_cannot_be_read_for_a_while_does_not_stop_others(world):
    for period in (60, 120, 240):
        plant(world, timer(f"t{period}", period=period, phase=MINUTE % period))
    failed = []

    def fail_once(effect):
        failed.append(len(world.aws.calls))
        raise THROTTLED

    # Registry, next firings, then the first slot.
    world.aws.on("Query", lambda effect: effect(), lambda effect: effect(), fail_once)
    dispatch(world, look_ahead=60)
    assert len(failed) == 1
    assert {name for name, _ in world.fired()} == {"t120", "t240", "t60"}


def test_a_partition_that_stays_unreadable_is_read_by_the_next_dispatcher_alone(world):
    for period in (60, 120, 240):
        plant(world, timer(f"t{period}", period=period, phase=MINUTE % period))

    class Unreadable:
        def __init__(self, aws):
            self.aws = aws

        def __call__(self, service, operation, parameters):
            values = parameters.get("ExpressionAttributeValues", {})
            if values.get(":pk", {}).get("S", "").startswith(f"w#{SHARD}#i240"):
                raise THROTTLED
            return self.aws(service, operation, parameters)

    call = world.memory.call
    world.memory.call = Unreadable(call)
    dispatch(world, look_ahead=60)
    assert [name for name, _ in world.fired()] == ["t120", "t60"]
    assert shard(world)["done_until"] == MINUTE
    world.memory.call = call
    dispatch(world, look_ahead=60)
    assert Counter(name for name, at in world.fired() if at == timestamp(MINUTE)) == {
        "t60": 1,
        "t120": 1,
        "t240": 1,
    }
    assert shard(world)["done_until"] >= MINUTE + 60


# --- leases and cursors ---------------------------------------------------------------------------


def test_whoever_meets_a_live_lease_leaves(world):
    plant(world, timer())

    def come_too(effect):
        dispatch(world)
        return effect()

    world.aws.on("SendMessageBatch", come_too)
    dispatch(world)
    assert world.fired() == expected(timer())


def test_of_two_who_read_the_same_lease_one_gets_it(world):
    plant(world, timer())
    dispatch(world, look_ahead=60)
    world.platform.advance(60_000)

    def be_faster(effect):
        dispatch(world, look_ahead=60)
        return effect()

    world.aws.on("UpdateItem", be_faster)
    dispatch(world, look_ahead=60)
    assert world.fired() == expected(timer(), end=MINUTE + 120)


def test_a_lease_whose_answer_got_lost_is_known_again(world):
    plant(world, timer())

    def lose(effect):
        effect()
        return effect()

    world.aws.on("UpdateItem", lose)
    dispatch(world)
    assert world.fired() == expected(timer())


def test_the_lease_of_a_dead_dispatcher_ends(world):
    plant(world, timer())
    world.aws.kill_before.add(4)
    with pytest.raises(Killed):
        dispatch(world)
    dispatch(world)
    assert world.sent() == []
    world.platform.advance(DURATION)
    dispatch(world)
    assert set(world.fired()) >= set(expected(timer()))


def test_a_dispatcher_whose_time_has_passed_writes_nothing_any_more(world):
    plant(world, timer())
    seen = []

    def fall_asleep(effect):
        world.platform.advance(DURATION)
        dispatch(world)
        seen.append((shard(world), len(world.sent())))
        return effect()

    world.aws.on("Query", fall_asleep)
    dispatch(world)
    assert (shard(world), len(world.sent())) == seen[0]


def many(count):
    return [timer(f"t{n:04d}", phase=n % 60) for n in range(count)]


@given(st.integers(0, 120))
@settings(max_examples=8, deadline=None)
def test_after_a_death_at_any_call_no_more_than_a_cursor_is_repeated(number):
    world = World()
    timers = many(1_100)
    plant_many(world, timers)
    world.aws.kill_after.add(number)
    try:
        dispatch(world, look_ahead=60)
    except Killed:
        world.platform.advance(DURATION)
        dispatch(world, look_ahead=60)
    assert missing(world, timers) == []
    assert repeated(world) <= 500
    assert shard(world)["done_until"] >= MINUTE + 60


def test_a_dispatcher_that_runs_out_of_time_leaves_a_cursor_and_the_lease(world):
    timers = many(1_100)
    plant_many(world, timers)

    def be_slow(effect):
        world.platform.advance(100)
        return effect()

    world.aws.on("SendMessageBatch", *[be_slow] * 200)
    dispatch(world, look_ahead=60, deadline=world.platform.now + 7_000)
    assert 0 < len(world.sent()) < 1_100
    assert shard(world)["lease_until"] == 0
    dispatch(world, look_ahead=60)
    assert missing(world, timers) == []
    assert repeated(world) <= 500


def test_a_slow_dispatcher_holds_its_lease_on(world):
    timers = many(1_100)
    plant_many(world, timers)

    def be_slow(effect):
        world.platform.advance(300)
        return effect()

    world.aws.on("SendMessageBatch", *[be_slow] * 200)
    dispatch(world, look_ahead=60)
    assert missing(world, timers) == []
    assert (repeated(world), shard(world)["epoch"]) == (0, 1)


def test_a_class_that_comes_while_a_cursor_is_kept_does_not_confuse_it(world):
    timers = [timer(f"t{n:04d}", period=120, phase=MINUTE % 120) for n in range(800)]
    plant_many(world, timers)
    world.aws.kill_after.add(60)
    with pytest.raises(Killed):
        dispatch(world, look_ahead=60)
    before, after = timer("before", period=12, phase=0), timer("after", period=60)
    plant(world, before, since=world.platform.now)
    plant(world, after, since=world.platform.now)
    world.platform.advance(DURATION)
    dispatch(world, look_ahead=60)
    assert missing(world, timers) == []
    assert max(Counter(world.fired()).values()) <= 2


def test_a_write_that_fails_for_a_moment_repeats_no_firing(world):
    timers = many(1_100)
    plant_many(world, timers)
    world.aws.on("UpdateItem", lambda effect: effect(), request_lost, answer_lost, answer_lost)
    dispatch(world, look_ahead=60)
    assert missing(world, timers) == []
    assert repeated(world) == 0


def test_a_write_that_fails_again_and_again_ends_the_run_and_loses_nothing(world):
    timers = many(1_100)
    plant_many(world, timers)
    world.aws.on("UpdateItem", lambda effect: effect(), *[request_lost] * 4)
    dispatch(world, look_ahead=60)
    dispatch(world, look_ahead=60)
    assert missing(world, timers) == []
    assert repeated(world) <= 500


def test_a_queue_that_is_down_loses_nothing(world):
    plant(world, timer())
    world.aws.on("SendMessageBatch", *[refused_by(THROTTLED)] * 20)
    dispatch(world)
    assert shard(world)["lease_until"] == 0
    while not world.sent():
        world.platform.advance(1_000)
        dispatch(world)
    assert set(world.fired()) >= set(expected(timer()))


# --- ticks ----------------------------------------------------------------------------------------


def tick(body, message="m"):
    return {"messageId": message, "body": body}


def test_ticks_name_their_shards(world):
    plant(world, timer())
    event = {"Records": [tick('{"shard":"0000"}'), tick(f'{{"shard":"{SHARD}"}}')]}
    assert dispatcher(world).handle(event, 120_000) == []
    assert world.fired() == expected(timer())


@pytest.mark.parametrize("body", ["", "[]", "{}", "no json", '{"shard":7}', "null"])
def test_what_is_no_tick_is_given_back_and_hurts_no_other(world, body):
    plant(world, timer())
    event = {"Records": [tick(body, "bad"), tick(f'{{"shard":"{SHARD}"}}')]}
    assert dispatcher(world).handle(event, 120_000) == ["bad"]
    assert world.fired() == expected(timer())


def test_a_tick_is_done_with_even_when_aws_fails(world):
    world.aws.on("GetItem", request_lost)
    assert dispatcher(world).handle({"Records": [tick(f'{{"shard":"{SHARD}"}}')]}, 120_000) == []


def test_the_message_is_visible_at_its_moment(world):
    plant(world, timer(phase=30))
    dispatch(world, look_ahead=60)
    assert world.memory.next_visible_at(FIRINGS) == (MINUTE + 30) * 1000
