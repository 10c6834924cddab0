"""Schedules, against an independent library and against what people mean by them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import example, given, settings, strategies as st

from cdk_streamer_runtime.timers.schedules.cron import Cron
from cdk_streamer_runtime.timers.schedules.moments import LAST_MOMENT
from cdk_streamer_runtime.timers.schedules.schedule import Calendar, Every, Once
from cdk_streamer_runtime.timers.schedules.wheel import WINDOW, place_of
from cdk_streamer_runtime.timers.schedules.zones import instant

NAMES = ("Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kolkata", "America/St_Johns",
         "Pacific/Apia", "America/Santiago", "Asia/Tehran", "Pacific/Chatham", "UTC")  # fmt: skip
DAY = 86_400


def at(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def utc(moments):
    return [datetime.fromtimestamp(moment, UTC).strftime("%m-%d %H:%M") for moment in moments]


def calendar(expression, timezone="UTC"):
    return Calendar(cron=Cron.parse(expression), timezone=timezone)


def field(low, high):
    number = st.integers(low, high)
    # Of a range such as 1-1 croniter thinks that it goes once around.
    ends = st.tuples(number, number).filter(lambda pair: pair[0] < pair[1])
    span = ends.map(lambda pair: f"{pair[0]}-{pair[1]}")
    stepped = st.tuples(st.just("*") | span, st.integers(1, high)).map(lambda p: f"{p[0]}/{p[1]}")
    return st.just("*") | several(number.map(str) | span | stepped)


def several(part):
    return st.lists(part, min_size=1, max_size=3).map(",".join)


# A `*/n` in a field of days counts as a star for Vixie's cron, and croniter only knows that bug
# by an option; what both agree on is a plain star.
days = st.just("*") | several(st.integers(1, 31).map(str))
weekdays = st.just("*") | several(st.integers(0, 7).map(str))
expressions = st.tuples(field(0, 59), field(0, 23), days, field(1, 12), weekdays).map(" ".join)
moments = st.integers(at("2020-01-01"), at("2037-12-31"))
zones = st.sampled_from(NAMES)


def valid(expression):
    try:
        return Cron.parse(expression)
    except ValueError:
        return None


# --- every


@given(st.integers(1, 10 * DAY), st.integers(0, 10 * DAY), moments, st.integers(0, 3 * DAY))
def test_a_period_fires_at_its_phase_and_at_no_other_moment(period, phase, start, length):
    every = Every(period=period, phase=phase % period)

    found = list(islice(every.occurrences(start, start + length), 2_000))

    assert all(moment % period == phase % period for moment in found)
    assert all(later - earlier == period for earlier, later in pairwise(found))
    assert not found or found[0] - start < period
    assert found[:1] == [each for each in [every.next(start)] if each < start + length]
    assert every.previous(every.next(start) + 1) == every.next(start)
    assert every.previous(every.next(start)) == every.next(start) - period


@pytest.mark.parametrize(("period", "phase"), [(0, 0), (-1, 0), (60, 60), (60, -1)])
def test_a_period_that_could_not_be_is_refused(period, phase):
    with pytest.raises(ValueError, match=r"must be"):
        Every(period=period, phase=phase)


# --- cron


@settings(max_examples=150, deadline=None)
@given(expressions, moments)
@example("0 0 29 2 *", at("2096-03-01"))
@example("0 12 13 * 5", at("2026-01-01"))
def test_in_utc_a_cron_fires_when_an_independent_library_says(expression, start):
    if valid(expression) is None:
        return
    theirs = croniter(
        expression, datetime.fromtimestamp(start - 1, UTC), max_years_between_matches=10
    )

    ours = calendar(expression).next(start)

    assert ours == int(theirs.get_next(float))


# A field of days that begins with a star restricts nothing, for Vixie's cron: then both must match.
stepped_days = st.tuples(st.integers(2, 15), st.integers(0, 7) | st.just("*/3")).map(
    lambda drawn: f"0 6 */{drawn[0]} * {drawn[1]}"
)


@settings(max_examples=60, deadline=None)
@given(stepped_days | st.integers(2, 6).map(lambda step: f"30 5 13 * */{step}"), moments)
def test_days_with_a_step_are_read_as_vixie_reads_them(expression, start):
    begin = datetime.fromtimestamp(start - 1, UTC)
    theirs = croniter(expression, begin, implement_cron_bug=True)

    assert calendar(expression).next(start) == int(theirs.get_next(float))


@settings(max_examples=100, deadline=None)
@given(expressions, moments)
def test_in_utc_a_cron_fired_last_when_an_independent_library_says(expression, end):
    if valid(expression) is None:
        return
    theirs = croniter(expression, datetime.fromtimestamp(end, UTC), max_years_between_matches=10)

    assert calendar(expression).previous(end) == int(theirs.get_prev(float))


@settings(max_examples=100, deadline=None)
@given(expressions, zones, moments)
def test_the_previous_occurrence_is_the_last_of_all_before(expression, timezone, end):
    if valid(expression) is None:
        return
    schedule = calendar(expression, timezone)
    earlier = list(schedule.occurrences(end - 3 * DAY, end))

    found = schedule.previous(end)

    assert found is not None
    assert found < end
    assert earlier[-1:] == ([found] if found >= end - 3 * DAY else [])
    assert schedule.next(found) == found


@settings(max_examples=100, deadline=None)
@given(expressions, zones, moments)
def test_the_next_occurrence_is_the_first_of_all_that_follow(expression, timezone, start):
    if valid(expression) is None:
        return
    schedule = calendar(expression, timezone)
    following = next(schedule.occurrences(start, start + 40 * DAY), None)

    found = schedule.next(start)

    assert found is not None
    assert following == (found if found < start + 40 * DAY else None)


@settings(max_examples=100, deadline=None)
@given(expressions, zones, moments)
def test_away_from_changes_of_the_clock_a_cron_fires_on_its_local_minute(
    expression, timezone, start
):
    cron = valid(expression)
    if cron is None:
        return
    found = next(Calendar(cron=cron, timezone=timezone).occurrences(start, start + 40 * DAY), None)
    if found is None:
        return
    where = ZoneInfo(timezone)
    local = datetime.fromtimestamp(found, where)
    around = [(local + timedelta(days=days)).astimezone(UTC) for days in (-2, 0, 2)]
    offsets = {moment.astimezone(where).utcoffset() for moment in around}

    assert len(offsets) > 1 or (local.minute in cron.minutes and local.hour in cron.hours)


@pytest.mark.parametrize(
    ("expression", "timezone", "start", "days", "expected"),
    [
        ("30 2 * * *", "Europe/Berlin", "2026-03-28", 3, "03-28 01:30, 03-29 01:00, 03-30 00:30"),
        ("30 2 * * *", "Europe/Berlin", "2026-10-24", 3, "10-24 00:30, 10-25 00:30, 10-26 01:30"),
        # every time in the gap is the same moment, and one that is there anyway
        ("*/30 2-3 * * *", "Europe/Berlin", "2026-03-29", 1, "03-29 01:00, 03-29 01:30"),
        # half an hour only
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-02", 2, "10-02 15:45, 10-03 15:30"),
        # the gap is at midnight
        ("30 0 * * *", "Africa/Cairo", "2023-04-26", 3, "04-26 22:30, 04-27 22:00, 04-28 21:30"),
        # a whole day that never was: Friday's timer fires when Saturday begins
        ("0 12 * * 5", "Pacific/Apia", "2011-12-23", 14, "12-23 22:00, 12-30 10:00, 01-05 22:00"),
    ],
)  # fmt: skip
def test_a_time_that_a_gap_skips_fires_at_its_end_and_one_that_comes_twice_once(
    expression, timezone, start, days, expected
):
    begin = at(start)

    found = utc(calendar(expression, timezone).occurrences(begin, begin + days * DAY))

    assert ", ".join(found) == expected


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("* * * *", "five fields"),
        ("", "five fields"),
        ("* " * 200, "five fields"),
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of month"),
        ("* * * 13 *", "month"),
        ("* * * * 8", "day of week"),
        ("*/0 * * * *", "step of minute"),
        ("5-1 * * * *", "range of minute"),
        ("1,,2 * * * *", "minute"),
        ("٣ * * * *", "minute"),
        ("* * 31 4,6 *", "never fire"),
        ("* * 30 2 *", "never fire"),
        ("@daily", "five fields"),
    ],
)
def test_an_expression_that_means_nothing_is_refused_by_the_name_of_its_field(expression, word):
    with pytest.raises(ValueError, match=word):
        Cron.parse(expression)


def test_days_of_month_and_week_are_alternatives_when_both_are_given():
    fridays_and_the_13th = calendar("0 0 13 * 5").occurrences(at("2026-11-01"), at("2026-11-21"))

    assert utc(fridays_and_the_13th) == ["11-06 00:00", "11-13 00:00", "11-20 00:00"]


def test_names_stand_for_numbers():
    assert Cron.parse("0 0 * JAN-mar mon,FRI") == Cron.parse("0 0 * jan-mar MON,fri")
    assert Cron.parse("0 0 * jan mon").months == {1}


def test_the_29th_of_february_is_found_over_eight_years():
    leap = calendar("0 0 29 2 *")

    assert leap.next(at("2096-03-01")) == at("2104-02-29")
    assert leap.previous(at("2104-02-29")) == at("2096-02-29")


def test_a_leap_day_that_is_a_sunday_is_found_over_forty_years():
    both = calendar("0 0 29 2 */7")

    assert both.next(at("2088-03-01")) == at("2128-02-29")
    assert both.previous(at("2128-02-29")) == at("2088-02-29")


def test_the_last_year_of_all_has_no_occurrence():
    minutely = calendar("* * * * *", "Pacific/Kiritimati")

    assert minutely.next(LAST_MOMENT + 1 - 14 * 3_600) is None
    assert list(minutely.occurrences(LAST_MOMENT - 60, LAST_MOMENT)) == []


def test_a_hundred_thousand_questions_are_no_loop_over_minutes(monkeypatch):
    looked_at = []
    monkeypatch.setattr(
        "cdk_streamer_runtime.timers.schedules.schedule.instant",
        lambda local, where: looked_at.append(local) or instant(local, where),
    )
    yearly = calendar("0 0 1 1 *", "Europe/Berlin")

    for offset in range(100):
        yearly.next(at("2026-01-02") + offset * DAY)
        yearly.previous(at("2026-12-31") - offset * DAY)

    assert len(looked_at) == 200


@pytest.mark.parametrize(
    "name",
    ["Berlin", "", "Europe", "../../etc/passwd", "/etc/passwd", "\0", "right/UTC", "localtime"],
)
def test_an_unknown_time_zone_is_refused(name):
    with pytest.raises(ValueError, match="timezone"):
        calendar("* * * * *", name)


# --- once


@given(moments, moments, moments)
def test_a_single_moment_fires_once(moment, start, end):
    once = Once(moment=moment)

    assert list(once.occurrences(start, end)) == ([moment] if start <= moment < end else [])
    assert once.next(start) == (moment if moment >= start else None)
    assert once.previous(end) == (moment if moment < end else None)


# --- the wheel


periods = st.integers(1, 200) | st.sampled_from([90, 420, 3_600, 86_400, 604_800, 100_003])
everies = st.tuples(periods, st.integers(0, 604_800)).map(
    lambda drawn: Every(period=drawn[0], phase=drawn[1] % drawn[0])
)
daily = st.tuples(st.integers(0, 59), st.integers(0, 23), weekdays, zones).map(
    lambda drawn: calendar(f"{drawn[0]} {drawn[1]} * * {drawn[2]}", drawn[3])
)
# Around a change of some zone, and anywhere.
beginnings = st.sampled_from(
    [at("2026-03-29"), at("2026-10-25"), at("2026-10-03"), at("2026-04-04"), at("2023-04-27")]
) | moments.map(lambda moment: moment - moment % WINDOW)


@settings(max_examples=150, deadline=None)
@given(everies | daily, beginnings)
def test_reading_minute_by_minute_finds_every_occurrence_once(schedule, start):
    place = place_of(schedule)
    assert place is not None
    end = start + 300 * WINDOW
    found = [
        moment
        for window in range(start, end, WINDOW)
        if place.slot in place.wheel_class.slots(window)
        for moment in place.wheel_class.moments(place.slot, place.second, window)
    ]

    assert found == list(schedule.occurrences(start, end))


@settings(max_examples=100, deadline=None)
@given(expressions, zones, beginnings)
def test_reading_minute_by_minute_finds_every_occurrence_of_a_cron(expression, timezone, start):
    if valid(expression) is None:
        return
    schedule = calendar(expression, timezone)
    place = place_of(schedule)
    assert place is not None
    end = start + 60 * WINDOW
    found = [
        moment
        for window in range(start, end, WINDOW)
        if place.slot in place.wheel_class.slots(window)
        for moment in place.wheel_class.moments(place.slot, place.second, window)
    ]

    assert found == list(schedule.occurrences(start, end))


def changes(name):
    """Give the moments from 1990 to 2037 at which the clocks of a zone change."""
    where = ZoneInfo(name)
    days = range(at("1990-01-01"), at("2038-01-01"), 4 * DAY)

    def offset(moment):
        return datetime.fromtimestamp(moment, where).utcoffset()

    found = []
    for low, high in pairwise(days):
        first, last = low, high
        while offset(low) != offset(high) and last - first > 1:
            middle = (first + last) // 2
            first, last = (middle, last) if offset(middle) == offset(low) else (first, middle)
        if last != high:
            found.append(last)
    return found


# Half hours, whole days that never were, midnight, a Ramadan within summer, two changes in a week.
HOSTILE = ("Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia", "Pacific/Kwajalein",
           "Africa/Casablanca", "America/St_Johns", "Antarctica/Troll", "America/Caracas",
           "Asia/Pyongyang", "Europe/Dublin", "America/Havana", "Asia/Gaza")  # fmt: skip
CHANGES = {name: changes(name) for name in HOSTILE}
at_a_change = st.sampled_from(HOSTILE).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from(CHANGES[name]))
)


@settings(max_examples=150, deadline=None)
@given(expressions | daily.map(lambda each: each.cron.expression), at_a_change)
@example("30 2 * * *", ("Pacific/Apia", at("2011-12-30 10:00")))
@example("* * * * *", ("Pacific/Kwajalein", at("1993-08-21 12:00")))
@example("*/7 0-3 * * *", ("Antarctica/Troll", at("2026-03-29 01:00")))
def test_around_a_change_of_clocks_all_ways_to_ask_agree(expression, change):
    if valid(expression) is None:
        return
    timezone, moment = change
    schedule = calendar(expression, timezone)
    place = place_of(schedule)
    assert place is not None
    start, end = moment - 150 * WINDOW, moment + 150 * WINDOW
    expected = list(schedule.occurrences(start, end))
    read = [
        found
        for window in range(start, end, WINDOW)
        if place.slot in place.wheel_class.slots(window)
        for found in place.wheel_class.moments(place.slot, place.second, window)
    ]

    assert read == expected
    assert [schedule.next(each) for each in expected] == expected
    assert [schedule.previous(each + 1) for each in expected] == expected
    assert schedule.next(moment) == next(schedule.occurrences(moment, moment + 9**10))
    assert expected == sorted(set(expected))


def test_timers_that_recur_alike_share_a_class():
    same = [place_of(calendar(text, "UTC")) for text in ("5 9 * * 1-5", "30 17 * * mon-fri")]

    assert {place.wheel_class.key for place in same if place} == {"kUTC:62"}
    assert [place.slot for place in same if place] == [9 * 60 + 5, 17 * 60 + 30]


def test_a_single_moment_has_no_place_on_the_wheel():
    assert place_of(Once(moment=0)) is None
