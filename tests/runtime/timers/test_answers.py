"""Answers: where a timer stands, and when it fires next and was due last."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st

from cdk_streamer_runtime.contract.timers import TimerState
from cdk_streamer_runtime.timers.definition import Definition
from cdk_streamer_runtime.timers.rest.answers import entry, occurrences, whole
from cdk_streamer_runtime.timers.rest.body import Rules, read_timer
from cdk_streamer_runtime.timers.schedules.moments import LAST_MOMENT, moment, text_of
from cdk_streamer_runtime.timers.table.store import Listed
from cdk_streamer_runtime.timers.timer import Timer

NOW = 1_700_000_040  # a whole minute: 2023-11-14T22:14:00Z
ONCE = {"at": text_of(NOW)}


def define(**members: Any) -> Definition:
    return read_timer("poll", members, Rules(look_ahead=180))


def told(definition: Definition, *, now: float = NOW, since: float = 0) -> dict[str, Any]:
    timer = Timer(
        definition=definition,
        rev=7,
        slot=None,
        slot_since=int(since * 1000),
        created_at=1_699_999_999_005,
        updated_at=1_700_000_000_050,
    )
    return whole(timer, now=int(now * 1000), shards=16)


def times(document: dict[str, Any]) -> tuple[int | None, int | None]:
    """Give the last and the next moment, from now."""
    last, following = document["last_due_at"], document["next_fire_at"]
    return last and moment(last) - NOW, following and moment(following) - NOW


# --- moments --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"schedule": {"every": 60, "phase": 0}}, (0, 60)),
        ({"schedule": {"every": 60, "phase": 1}}, (-59, 1)),
        ({"schedule": {"cron": "* * * * *"}}, (0, 60)),
        ({"schedule": {"cron": "15 22 * * *"}}, (60 - 86_400, 60)),
        ({"schedule": {"at": text_of(NOW)}}, (0, None)),
        ({"schedule": {"at": text_of(NOW + 1)}}, (None, 1)),
        ({"schedule": {"every": 60, "phase": 0}, "start": text_of(NOW + 1)}, (None, 60)),
        ({"schedule": {"every": 60, "phase": 0}, "start": text_of(NOW)}, (0, 60)),
        ({"schedule": {"every": 60, "phase": 0}, "end": text_of(NOW)}, (-60, None)),
        ({"schedule": {"every": 60, "phase": 0}, "end": text_of(NOW + 60)}, (0, None)),
        ({"schedule": {"every": 60, "phase": 0}, "state": "PAUSED"}, (None, None)),
    ],
)
def test_a_timer_tells_when_it_was_due_and_fires_next(
    members: dict[str, Any], expected: tuple[int | None, int | None]
):
    # What fires at this very second has just been due: the next is another.
    assert times(told(define(**members), now=NOW + 0.001)) == expected


def test_what_fires_at_this_very_moment_is_next_and_due():
    assert times(told(define(schedule={"every": 60, "phase": 0}))) == (0, 0)


def test_what_was_due_before_the_timer_was_there_was_not():
    hourly = define(schedule={"every": 60, "phase": 0})

    assert times(told(hourly, now=NOW + 30, since=NOW)) == (0, 60)
    assert times(told(hourly, now=NOW + 30, since=NOW + 0.001)) == (None, 60)


@pytest.mark.parametrize(
    ("members", "state"),
    [
        ({"schedule": {"every": 60}}, "ACTIVE"),
        ({"schedule": {"every": 60}, "state": "PAUSED"}, "PAUSED"),
        ({"schedule": ONCE}, "ACTIVE"),
        ({"schedule": {"at": text_of(NOW - 1)}}, "ENDED"),
        ({"schedule": {"at": text_of(NOW - 1)}, "state": "PAUSED"}, "PAUSED"),
        ({"schedule": {"every": 60, "phase": 30}, "end": text_of(NOW + 30)}, "ENDED"),
        ({"schedule": {"every": 60, "phase": 30}, "end": text_of(NOW + 31)}, "ACTIVE"),
    ],
)
def test_a_timer_that_never_fires_again_has_ended(members: dict[str, Any], state: str):
    assert told(define(**members))["state"] == state


def test_a_leap_day_is_found_far_away():
    leap = define(schedule={"cron": "0 0 29 2 *"})

    assert told(leap)["next_fire_at"] == "2024-02-29T00:00:00Z"
    assert told(leap)["last_due_at"] == "2020-02-29T00:00:00Z"


def test_a_firing_that_jitter_brings_after_a_timer_began_is_not_its_next_one():
    timer = define(schedule={"cron": "* * * * *"}, jitter={"seconds": 59, "mode": "each"})
    (delayed,) = [each for each in timer.occurrences(NOW, NOW + 60) if each.nominal == NOW]

    document = told(timer, since=NOW + 0.5, now=NOW + 0.5)

    following = next(iter(timer.occurrences(NOW + 60, NOW + 120)))
    assert delayed.fire_at > NOW
    assert document["next_fire_at"] == text_of(following.fire_at)


jitters = st.none() | st.tuples(st.integers(1, 59), st.sampled_from(["stable", "each"]))
schedules = st.one_of(
    st.integers(60, 200).map(lambda period: {"every": period}),
    st.sampled_from(["* * * * *", "*/7 * * * *", "0,1 */2 * * *"]).map(lambda cron: {"cron": cron}),
    st.integers(-300, 300).map(lambda offset: {"at": text_of(NOW + offset)}),
)


@settings(max_examples=150, deadline=None)
@given(
    schedules, jitters, st.integers(-4_000, 4_000), st.integers(1, 9_000), st.integers(-300, 300)
)
@example({"every": 60}, (59, "each"), -4_000, 9_000, 0)
def test_next_and_previous_are_neighbours_among_all_occurrences(
    schedule: dict[str, Any], jitter: Any, start: int, length: int, offset: int
):
    members: dict[str, Any] = {"schedule": schedule}
    if "at" not in schedule:
        members |= {"start": text_of(NOW + start), "end": text_of(NOW + start + length)}
    if jitter is not None:
        members["jitter"] = {"seconds": jitter[0], "mode": jitter[1]}
    definition = define(**members)
    moments = [each.fire_at for each in definition.occurrences(NOW - 5_000, NOW + 10_000)]

    following, previous = definition.next(NOW + offset), definition.previous(NOW + offset)

    assert moments == sorted(set(moments))
    assert (following and following.fire_at) == min(
        (each for each in moments if each >= NOW + offset), default=None
    )
    assert (previous and previous.fire_at) == max(
        (each for each in moments if each < NOW + offset), default=None
    )


@pytest.mark.parametrize("id", [f"t{number}" for number in range(20)])
def test_what_a_gap_pushed_together_is_told_in_the_order_in_which_it_fires(id: str):
    # 02:05 and 02:30 fire at 03:00, with up to 11 minutes of jitter; 03:05 follows.
    body = {
        "schedule": {"cron": "5,30 2,3 * * *", "timezone": "Europe/Berlin"},
        "jitter": {"seconds": 660, "mode": "each"},
    }
    definition = read_timer(id, body, Rules(look_ahead=180))
    begin = moment("2026-03-28T00:00:00Z")
    moments = sorted({each.fire_at for each in definition.occurrences(begin, begin + 3 * 86_400)})

    told = occurrences(definition, start=begin, count=len(moments))
    before = [definition.previous(each + 1) for each in moments]

    assert told["occurrences"] == [text_of(each) for each in moments]
    assert [each and each.fire_at for each in before] == moments


# --- documents ------------------------------------------------------------------------------------


def test_a_document_has_what_a_body_can_have_and_what_is_computed():
    definition = define(
        schedule={"every": 60, "phase": 0},
        start="2023-01-01T00:00:00Z",
        end="2024-01-01T00:00:00Z",
        jitter={"seconds": 5},
        owner="ann",
        data=[1],
    )

    assert told(definition) == {
        "id": "poll",
        "state": "ACTIVE",
        "schedule": {"every": 60, "phase": 0},
        "start": "2023-01-01T00:00:00Z",
        "end": "2024-01-01T00:00:00Z",
        "jitter": {"seconds": 5, "mode": "stable"},
        "misfire": {"policy": "fire_latest", "grace": 60},
        "owner": "ann",
        "data": [1],
        "next_fire_at": text_of(definition.next(NOW).fire_at),  # type: ignore[union-attr]
        "last_due_at": text_of(definition.previous(NOW + 1).fire_at),  # type: ignore[union-attr]
        "created_at": "2023-11-14T22:13:19.005Z",
        "updated_at": "2023-11-14T22:13:20.050Z",
    }


def test_an_older_timer_tells_also_what_its_clients_are_used_to():
    document = told(define(timerCallbackData={"a": 1}, minuteOfHour=5))

    assert document["timerCallbackData"] == document["data"] == {"a": 1}
    assert document["timeShardId"] == "05:poll"
    assert 0 <= int(document["shardId"]) < 16


def test_a_list_has_no_data():
    listed = Listed(definition=define(schedule=ONCE, owner="ann"), slot_since=0, created_at=1_000)

    assert entry(listed, now=NOW * 1000) == {
        "id": "poll",
        "state": TimerState.ACTIVE,
        "schedule": ONCE,
        "owner": "ann",
        "created_at": "1970-01-01T00:00:01.000Z",
        "next_fire_at": text_of(NOW),
    }


def test_occurrences_are_told_page_by_page():
    definition = define(schedule={"cron": "0 9 * * *", "timezone": "Europe/Berlin"})

    first = occurrences(definition, start=moment("2026-03-27T12:00:00Z"), count=2)
    second = occurrences(definition, start=moment(first["next"]), count=2)

    assert first == {
        "id": "poll",
        "occurrences": ["2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z"],
        "next": "2026-03-30T07:00:00Z",
    }
    assert second["occurrences"] == ["2026-03-30T07:00:00Z", "2026-03-31T07:00:00Z"]


def test_after_the_last_occurrence_there_is_none():
    assert occurrences(define(schedule=ONCE), start=0, count=10) == {
        "id": "poll",
        "occurrences": [text_of(NOW)],
        "next": None,
    }


@pytest.mark.parametrize("schedule", [{"every": 3 * 10**8}, {"cron": "* * * * *"}, {"every": 1}])
def test_time_has_an_end(schedule: dict[str, Any]):
    end = LAST_MOMENT - 5

    document = occurrences(define(schedule=schedule), start=end, count=100)

    assert len(document["occurrences"]) <= 6
    assert document["next"] is None
