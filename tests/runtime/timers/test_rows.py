"""What a row comes to: the short way for usual rows says what the long way says for all."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.attributes import marshal_item
from cdk_streamer_runtime.timers.definition import Definition, Jitter, Misfire, Policy
from cdk_streamer_runtime.timers.firing import firings
from cdk_streamer_runtime.timers.schedules.cron import Cron
from cdk_streamer_runtime.timers.schedules.schedule import Calendar, Every
from cdk_streamer_runtime.timers.schedules.wheel import WINDOW, place_of
from cdk_streamer_runtime.timers.table.items import row_item
from cdk_streamer_runtime.timers.table.keys import slot, slot_partition
from cdk_streamer_runtime.timers.table.rows import Partition, Reader
from cdk_streamer_runtime.timers.timer import Timer
from tests.runtime.timers.world import MINUTE, SHARD

ZONES = ("UTC", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo")
periods = st.integers(1, 4_000) | st.sampled_from([60, 90, 300, 3_600, 86_400])
every = periods.flatmap(lambda p: st.builds(Every, period=st.just(p), phase=st.integers(0, p - 1)))
crons = st.sampled_from(["* * * * *", "*/7 * * * *", "30 2 * * *", "30 2 * * 1-5", "0 0 1 * *"])
calendars = st.builds(Calendar, cron=crons.map(Cron.parse), timezone=st.sampled_from(ZONES))
usual = st.builds(
    Definition,
    id=st.text("ab~:.-", min_size=1, max_size=9),
    schedule=every | calendars,
    data=st.sampled_from(["1", '{"a":"#"}', '"' + "x" * 9_000 + '"']),
)
# The change of clocks in Berlin lies in these days, in 2023.
windows = st.integers(0, 3 * 1_440).map(lambda minutes: 1_679_700_000 + minutes * WINDOW)
optional = st.none() | st.integers(1_679_700_000, 1_679_960_000)
bent = st.builds(
    replace,
    usual,
    start=optional,
    end=optional,
    jitter=st.none() | st.builds(Jitter, seconds=st.integers(1, 50), each=st.booleans()),
    misfire=st.builds(Misfire, policy=st.sampled_from(Policy), grace=st.integers(0, 300)),
    plain=st.booleans(),
)


def read(definition, window, since, now):
    """Give what a dispatcher sends of a timer's row in a window, by whatever way it takes."""
    place = place_of(definition.recurrence)
    assert place is not None
    key = slot(SHARD, place.wheel_class.key, place.slot, place.second, definition.id)
    timer = Timer(
        definition=definition, rev=7, slot=key, slot_since=since, created_at=0, updated_at=0
    )
    if place.slot not in place.wheel_class.slots(window):
        return [], 0
    pk = slot_partition(SHARD, place.wheel_class.key, place.slot)
    reader = Reader(Partition(pk, place.wheel_class, place.slot), SHARD, window)
    found = reader.read(marshal_item(row_item(timer, key)), now)
    return list(found.firings), found.skipped


def expected(definition, window, since, now):
    """Give what the timer itself says; data that is too large for its row comes later."""
    sent, skipped = firings(definition, 7, since, window, window + WINDOW, now)
    large = len(definition.data) > 8_192
    return [each._replace(data="") if large else each for each in sent], skipped


@given(usual, windows, st.integers(-90, 90), st.integers(-180_000, 900_000))
@settings(max_examples=200)
def test_a_usual_row_fires_as_its_timer_does(definition, window, since, late):
    milliseconds, now = (window + since) * 1000 + 1, window * 1000 + late
    assert read(definition, window, milliseconds, now) == expected(
        definition, window, milliseconds, now
    )


@given(bent, windows, st.integers(-180_000, 900_000))
@settings(max_examples=200)
def test_any_row_fires_as_its_timer_does(definition, window, late):
    now = window * 1000 + late
    assert read(definition, window, 0, now) == expected(definition, window, 0, now)


def test_there_are_windows_in_which_all_of_this_fires():
    often = Definition(id="a", schedule=Every(period=7, phase=3), data="1")
    sent, _ = read(often, MINUTE, 0, MINUTE * 1000)
    assert len(sent) in {8, 9}
