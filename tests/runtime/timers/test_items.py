"""Items of the table: what is written is what is read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.contract.timers import TIMER_INLINE_BYTES, TIMER_RETENTION_SECONDS
from cdk_streamer_runtime.dynamodb import marshal_item, unmarshal_item
from cdk_streamer_runtime.timers.definition import Definition, Jitter, Misfire, Policy
from cdk_streamer_runtime.timers.schedules.classes import class_of, schedule_at
from cdk_streamer_runtime.timers.schedules.cron import Cron
from cdk_streamer_runtime.timers.schedules.schedule import Calendar, Every, Once, Schedule
from cdk_streamer_runtime.timers.schedules.wheel import CronClass, place_of
from cdk_streamer_runtime.timers.table import keys
from cdk_streamer_runtime.timers.table.items import (
    class_item,
    due_row,
    is_there,
    registered_class,
    row_item,
    slot_row,
    timer_item,
    timer_of,
    trace_item,
)
from cdk_streamer_runtime.timers.timer import Timer

NOW = 1_700_000_000
EXPRESSIONS = ("0 9 * * 1-5", "*/5 * * * *", "30 2 1 * *", "15 10 * * *", "0 0 13 * 5")
BERLIN = "Europe/Berlin"

periods = st.integers(1, 100_000).flatmap(
    lambda period: st.builds(Every, period=st.just(period), phase=st.integers(0, period - 1))
)
calendars = st.builds(
    Calendar,
    cron=st.sampled_from(EXPRESSIONS).map(Cron.parse),
    timezone=st.sampled_from(["UTC", BERLIN]),
)
moments = st.integers(NOW - 10**6, NOW + 10**8)
definitions = st.builds(
    Definition,
    id=st.from_regex(r"[A-Za-z0-9._~:-]{1,20}", fullmatch=True),
    schedule=st.one_of(periods, calendars, st.builds(Once, moment=moments)),
    data=st.sampled_from(["null", '{"a":1}', '"' + "x" * 9_000 + '"']),
    start=st.none() | moments,
    end=st.none() | moments,
    jitter=st.none() | st.builds(Jitter, seconds=st.integers(0, 600), each=st.booleans()),
    misfire=st.builds(Misfire, policy=st.sampled_from(Policy), grace=st.integers(0, 600)),
    owner=st.sampled_from(["", "alice"]),
    paused=st.booleans(),
    plain=st.booleans(),
)


def timer(definition: Definition, slot: keys.Key | None = None) -> Timer:
    return Timer(
        definition=definition,
        rev=NOW * 1000,
        slot=slot,
        slot_since=NOW * 1000 + 1,
        created_at=NOW * 1000 + 2,
        updated_at=NOW * 1000 + 3,
    )


def stored(item: dict[str, object]) -> dict[str, object]:
    return unmarshal_item(marshal_item(item))


@settings(max_examples=100)
@given(definitions, st.none() | st.just(keys.Key("w#0#i60#0", "00#a")))
def test_a_timer_is_read_as_it_was_written(definition: Definition, slot: keys.Key | None):
    assert timer_of(stored(timer_item(timer(definition, slot)))) == timer(definition, slot)


@settings(max_examples=100)
@given(definitions.filter(lambda definition: place_of(definition.recurrence) is not None))
def test_a_place_in_the_wheel_fires_as_its_timer_does(definition: Definition):
    place = place_of(definition.recurrence)
    assert place is not None
    key = keys.slot("0", place.wheel_class.key, place.slot, place.second, definition.id)
    item = stored(row_item(timer(definition, key), key))

    row = slot_row(item, schedule_at(place.wheel_class, place.slot, place.second))

    later = NOW + 3_600
    assert list(row.definition.occurrences(NOW, later)) == list(definition.occurrences(NOW, later))
    assert (row.key, row.rev, row.since) == (key, NOW * 1000, NOW * 1000 + 1)
    assert row.is_apart == (len(definition.data) > TIMER_INLINE_BYTES)
    assert (row.definition.id, row.definition.plain) == (definition.id, definition.plain)
    assert row.definition.misfire == definition.misfire


@settings(max_examples=100)
@given(definitions)
def test_a_next_firing_knows_all_that_follow(definition: Definition):
    moment = definition.recurrence.next(NOW)
    key = keys.due("0", NOW if moment is None else moment, definition.id)

    row = due_row(stored(row_item(timer(definition, key), key)))

    once = isinstance(definition.schedule, Once)
    wanted = Once(moment=NOW if moment is None else moment) if once else definition.recurrence
    assert row.definition.recurrence == wanted
    assert row.definition.delay(NOW) == definition.delay(NOW)
    assert row.definition.id == definition.id


def test_the_usual_place_is_small():
    definition = Definition(id="a", schedule=Every(period=60), data="null")
    key = keys.slot("0", "i60", 0, 0, "a")
    item = row_item(timer(definition, key), key)
    assert item == {
        "pk": "w#0#i60#0",
        "sk": "00#a",
        "rev": NOW * 1000,
        "since": NOW * 1000 + 1,
        "data": "null",
    }


def test_what_has_ended_stays_for_a_month():
    once = Definition(id="a", schedule=Once(moment=NOW), data="null")
    item = timer_item(timer(once))
    assert item["ttl"] == NOW + TIMER_RETENTION_SECONDS
    assert is_there(item, (item["ttl"] - 1) * 1000)
    assert not is_there(item, item["ttl"] * 1000)


def test_a_trace_of_a_deleted_timer_is_no_timer():
    assert not is_there(trace_item("a", 5, NOW + 3_600), NOW * 1000)
    assert not is_there(None, NOW * 1000)


@pytest.mark.parametrize("timezone", ["UTC", BERLIN, "America/Argentina/Buenos_Aires"])
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_class_is_rebuilt_from_its_registration(expression: str, timezone: str):
    schedule = Calendar(cron=Cron.parse(expression), timezone=timezone)
    place = place_of(schedule)
    assert place is not None
    found = registered_class(stored(class_item("0101", place.wheel_class)))
    assert found == place.wheel_class


@pytest.mark.parametrize(
    "schedule",
    [
        Every(period=90, phase=65),
        Calendar(cron=Cron.parse("5 9 * * 1,3"), timezone=BERLIN),
        Calendar(cron=Cron.parse("5 9 2 * *"), timezone=BERLIN),
    ],
)
def test_a_place_tells_its_schedule(schedule: Schedule):
    place = place_of(schedule)
    assert place is not None
    assert schedule_at(place.wheel_class, place.slot, place.second) == schedule


def test_the_number_of_classes_is_no_class():
    assert registered_class({"pk": "c#0", "sk": "#count", "classes": 3}) is None


def test_a_class_of_an_expression_cannot_be_rebuilt_without_it():
    key = CronClass(cron=Cron.parse("5 9 2 * *"), timezone="UTC").key
    with pytest.raises(ValueError, match="needs its expression"):
        class_of(key)
