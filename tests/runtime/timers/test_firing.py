"""What is sent for a timer and what is too late, for any schedule, policy and moment."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.timers.definition import Definition, Jitter, Misfire, Policy
from cdk_streamer_runtime.timers.firing import Firing, firings
from cdk_streamer_runtime.timers.schedules.cron import Cron
from cdk_streamer_runtime.timers.schedules.schedule import Calendar, Every, Once

BASE = 1_700_000_040  # a whole minute
AGE = 10**9


def timer(schedule=None, **settings):
    schedule = schedule or Every(period=60)
    return Definition(id="a", schedule=schedule, data='{"n":1}', **settings)


def moments(definition, start, end, now, since=0):
    sent, skipped = firings(definition, 7, since, start, end, now)
    return [firing.fire_at for firing in sent], skipped


periods = st.integers(1, 4000).flatmap(
    lambda period: st.builds(Every, period=st.just(period), phase=st.integers(0, period - 1))
)
schedules = (
    periods
    | st.builds(Once, moment=st.integers(BASE - 7200, BASE + 7200))
    | st.sampled_from(["*/7 * * * *", "0 * * * *", "30 2 * * 1"]).map(
        lambda text: Calendar(cron=Cron.parse(text), timezone="Europe/Berlin")
    )
)
misfires = st.builds(Misfire, policy=st.sampled_from(Policy), grace=st.integers(0, 900))
bounds = st.none() | st.integers(BASE - 7200, BASE + 7200)
timers = st.builds(timer, schedules, start=bounds, end=bounds, misfire=misfires)


@given(timers, st.integers(0, 3), st.integers(-3000, 3000))
@settings(max_examples=150)
def test_each_occurrence_is_either_sent_or_counted(definition, minutes, late):
    start, end = BASE, BASE + minutes * 60
    sent, skipped = moments(definition, start, end, (end + late) * 1000)
    nominal = [each.fire_at for each in definition.occurrences(start, end)]
    assert len(sent) + skipped == len(nominal)
    assert set(sent) <= set(nominal)


@given(timers, st.integers(0, 10), st.integers(-3000, 3000))
@settings(max_examples=150)
def test_what_is_not_late_is_sent_whatever_the_policy(definition, minutes, late):
    now = BASE + late
    sent, _ = moments(definition, BASE, BASE + minutes * 60, now * 1000)
    grace = definition.misfire.grace
    timely = [
        each.fire_at
        for each in definition.occurrences(BASE, BASE + minutes * 60)
        if now - each.fire_at <= grace
    ]
    assert sent[len(sent) - len(timely) :] == timely


@given(schedules, st.integers(0, 600), st.integers(-600, 7200))
@settings(max_examples=150)
def test_of_several_late_ones_the_latest_is_sent(schedule, grace, now):
    definition = timer(schedule, misfire=Misfire(policy=Policy.FIRE_LATEST, grace=grace))
    sent, _ = moments(definition, BASE - 3600, BASE + now + 1, (BASE + now) * 1000)
    expected = [each.fire_at for each in definition.occurrences(BASE - 3600, BASE + now + 1)]
    late = [fire_at for fire_at in expected if BASE + now - fire_at > grace]
    # Its successor may be timely and still ahead, so the last late one is always sent.
    assert [fire_at for fire_at in sent if fire_at in late] == late[-1:]


@given(timers, st.integers(-3000, 3000), st.integers(-3000, 3000))
@settings(max_examples=150)
def test_two_windows_give_what_one_of_both_gives(definition, cut, now):
    low, middle, high = BASE - 3600, BASE + cut, BASE + 3600
    first, skipped = moments(definition, low, middle, now)
    second, skipped_later = moments(definition, middle, high, now)
    assert (first + second, skipped + skipped_later) == moments(definition, low, high, now)


def test_a_moment_before_the_timer_is_not_its_own():
    sent, skipped = moments(timer(), BASE, BASE + 120, BASE * 1000, since=BASE * 1000 + 1)
    assert (sent, skipped) == ([BASE + 60], 0)


def test_the_moment_at_which_the_timer_came_is_its_own():
    assert moments(timer(), BASE, BASE + 60, BASE * 1000, since=BASE * 1000) == ([BASE], 0)


def test_a_firing_is_late_only_beyond_its_grace():
    skipping = timer(misfire=Misfire(policy=Policy.SKIP, grace=60))
    assert moments(skipping, BASE, BASE + 1, (BASE + 60) * 1000) == ([BASE], 0)
    assert moments(skipping, BASE, BASE + 1, (BASE + 60) * 1000 + 1) == ([], 1)


def test_the_last_occurrence_before_the_end_is_sent_however_late():
    assert moments(timer(end=BASE + 1), BASE, BASE + 60, (BASE + AGE) * 1000) == ([BASE], 0)


def test_a_late_single_moment_is_sent_unless_it_is_to_be_skipped():
    once = timer(Once(moment=BASE))
    assert moments(once, BASE, BASE + 60, (BASE + AGE) * 1000) == ([BASE], 0)
    skipping = replace(once, misfire=Misfire(policy=Policy.SKIP))
    assert moments(skipping, BASE, BASE + 60, (BASE + AGE) * 1000) == ([], 1)


def test_jitter_delays_and_lateness_counts_from_there():
    delayed = timer(jitter=Jitter(seconds=50, each=True), misfire=Misfire(policy=Policy.SKIP))
    fire_at = BASE + delayed.delay(BASE)
    assert moments(delayed, BASE, BASE + 60, (fire_at + 60) * 1000) == ([fire_at], 0)
    assert moments(delayed, BASE, BASE + 60, (fire_at + 60) * 1000 + 1) == ([], 1)


def test_a_firing_carries_what_its_message_needs():
    ((sent,), _) = firings(timer(plain=True), 7, 0, BASE, BASE + 60, BASE * 1000)
    assert sent == Firing(id="a", fire_at=BASE, rev=7, data='{"n":1}', plain=True)
    assert sent.fire_key == f"a/{BASE}"
