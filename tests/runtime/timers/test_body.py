"""Bodies: what a timer can be, and each thing that is wrong with what it cannot be."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, reject, settings, strategies as st

from cdk_streamer_runtime.contract.timers import TIMER_DATA_BYTES
from cdk_streamer_runtime.timers.definition import (
    Definition,
    Jitter,
    Misfire,
    Policy,
    stable_number,
)
from cdk_streamer_runtime.timers.faults import InvalidTimer, TooLarge
from cdk_streamer_runtime.timers.rest import answers
from cdk_streamer_runtime.timers.rest.body import (
    LONGEST_PERIOD,
    Rules,
    data_text,
    is_timer_id,
    read_timer,
)
from cdk_streamer_runtime.timers.rest.changes import change, merged
from cdk_streamer_runtime.timers.schedules.cron import Cron
from cdk_streamer_runtime.timers.schedules.moments import LAST_MOMENT, moment, text_of
from cdk_streamer_runtime.timers.schedules.schedule import Calendar, Every, Once

RULES = Rules(look_ahead=180)
HOURLY = {"schedule": {"every": 3_600, "phase": 0}}
AT = "2026-12-01T09:00:00Z"
NINE = 1_796_115_600


def read(body: object, rules: Rules = RULES, id: str = "poll") -> Definition:
    return read_timer(id, body, rules)


def faults(body: object, rules: Rules = RULES) -> dict[str | None, str]:
    with pytest.raises(InvalidTimer) as refused:
        read(body, rules)
    return {fault.pointer: fault.detail for fault in refused.value.faults}


# --- what can be ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ({"every": 1}, Every(period=1, phase=0)),
        ({"every": 90, "phase": 89}, Every(period=90, phase=89)),
        (
            {"every": 2.0, "phase": None, "cron": None},
            Every(period=2, phase=stable_number("poll") % 2),
        ),
        ({"every": LONGEST_PERIOD, "phase": 5}, Every(period=LONGEST_PERIOD, phase=5)),
        (
            {"cron": "0  9 * * MON"},
            Calendar(cron=Cron.parse("0 9 * * mon"), timezone="UTC"),
        ),
        (
            {"cron": "0 9 * * 1-5", "timezone": "Europe/Berlin"},
            Calendar(cron=Cron.parse("0 9 * * 1-5"), timezone="Europe/Berlin"),
        ),
        ({"at": AT}, Once(moment=NINE)),
        ({"at": "2026-12-01T10:30:00.000000000+01:30"}, Once(moment=NINE)),
        ({"at": "9998-12-31T23:59:59Z"}, Once(moment=LAST_MOMENT)),
    ],
)
def test_a_schedule_is_one_of_three_kinds(schedule: object, expected: object):
    assert read({"schedule": schedule}).schedule == expected


def test_all_but_the_schedule_has_a_default():
    assert read(HOURLY) == Definition(id="poll", schedule=Every(period=3_600), data="null")


def test_every_member_has_its_meaning():
    body = {
        **HOURLY,
        "start": "2026-12-01T09:00:00+00:00",
        "end": "2026-12-02T09:00:00Z",
        "jitter": {"seconds": 30, "mode": "each"},
        "misfire": {"policy": "fire_all", "grace": 0},
        "owner": "Zoë & co.",
        "state": "PAUSED",
        "data": {"b": [1, 2.5, None], "a": "ü"},
    }

    assert read(body) == Definition(
        id="poll",
        schedule=Every(period=3_600),
        data='{"a":"ü","b":[1,2.5,null]}',
        start=NINE,
        end=NINE + 86_400,
        jitter=Jitter(seconds=30, each=True),
        misfire=Misfire(policy=Policy.FIRE_ALL, grace=0),
        owner="Zoë & co.",
        paused=True,
    )


@pytest.mark.parametrize(
    ("misfire", "expected"),
    [
        ("skip", Misfire(policy=Policy.SKIP)),
        ({}, Misfire()),
        ({"grace": 5}, Misfire(grace=5)),
        (None, Misfire()),
    ],
)
def test_a_misfire_is_a_policy_with_a_grace(misfire: object, expected: Misfire):
    assert read({**HOURLY, "misfire": misfire}).misfire == expected


def test_a_phase_follows_from_the_id_alone():
    phases = {read({"schedule": {"every": 3_600}}, id=f"t{n}").schedule for n in range(50)}

    assert read({"schedule": {"every": 3_600}}) == read({"schedule": {"every": 3_600}})
    assert len(phases) > 40


def test_equal_data_are_the_same_text():
    assert data_text({"a": 1, "b": {"d": [1], "c": 2}}) == data_text(
        {"b": {"c": 2, "d": [1]}, "a": 1}
    )


def test_data_are_of_characters_that_a_queue_takes():
    text = data_text(["\ufffe\uffff\x00\x1f ü \U0001f600"])

    assert json.loads(text) == ["\ufffe\uffff\x00\x1f ü \U0001f600"]
    assert [
        c for c in text if not (" " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff")
    ] == []


@pytest.mark.parametrize("computed", ["next_fire_at", "last_due_at", "created_at", "updated_at"])
def test_what_an_answer_computed_is_ignored(computed: str):
    assert read({**HOURLY, computed: "x", "id": "poll"}) == read(HOURLY)


# --- what cannot be -------------------------------------------------------------------------------

UNKNOWN = "is not known here"


@pytest.mark.parametrize("body", [None, 5, "x", [], True, 1.5])
def test_a_body_is_an_object(body: object):
    found = faults(body)

    assert list(found) == [""]
    assert found[""].startswith("must be an object, got ")


@pytest.mark.parametrize(
    ("schedule", "pointer", "word"),
    [
        (None, "/schedule", "is missing"),
        (5, "/schedule", "an object"),
        ([], "/schedule", "an object"),
        ({}, "/schedule", "exactly one"),
        ({"every": 5, "at": AT}, "/schedule", "exactly one"),
        ({"every": 5, "cron": "* * * * *"}, "/schedule", "exactly one"),
        ({"phase": 5}, "/schedule", "exactly one"),
        ({"every": 0}, "/schedule/every", "1 to"),
        ({"every": -300}, "/schedule/every", "1 to"),
        ({"every": LONGEST_PERIOD + 1}, "/schedule/every", "1 to"),
        ({"every": 10**400}, "/schedule/every", "beyond all bounds"),
        ({"every": 1.5}, "/schedule/every", "integer"),
        ({"every": 1e300}, "/schedule/every", "integer"),
        ({"every": True}, "/schedule/every", "integer"),
        ({"every": "300"}, "/schedule/every", "integer"),
        ({"every": [300]}, "/schedule/every", "integer"),
        ({"every": 300, "phase": 300}, "/schedule/phase", "0 to 299"),
        ({"every": 300, "phase": -1}, "/schedule/phase", "0 to 299"),
        ({"every": 300, "timezone": "UTC"}, "/schedule/timezone", "belongs to cron"),
        ({"cron": "* * * * *", "phase": 5}, "/schedule/phase", "belongs to every"),
        ({"every": 300, "cron_": 1}, "/schedule/cron_", UNKNOWN),
        ({"cron": "75 * * * *"}, "/schedule/cron", "minute"),
        ({"cron": "* * * *"}, "/schedule/cron", "five fields"),
        ({"cron": ""}, "/schedule/cron", "1 to 256"),
        ({"cron": "*" * 257}, "/schedule/cron", "1 to 256"),
        ({"cron": "0 0 30 2 *"}, "/schedule/cron", "never fire"),
        ({"cron": 5}, "/schedule/cron", "a text"),
        ({"cron": "* * * * *", "timezone": "Mars/Base"}, "/schedule/timezone", "IANA"),
        ({"cron": "* * * * *", "timezone": "../x"}, "/schedule/timezone", "IANA"),
        ({"cron": "* * * * *", "timezone": "right/UTC"}, "/schedule/timezone", "IANA"),
        ({"cron": "* * * * *", "timezone": "\x00"}, "/schedule/timezone", "IANA"),
        ({"cron": "* * * * *", "timezone": "E" * 65}, "/schedule/timezone", "1 to 64"),
        ({"at": 1_796_115_600}, "/schedule/at", "a text"),
        ({"at": "tomorrow"}, "/schedule/at", "a moment"),
        ({"at": "2026-12-01T09:00:00"}, "/schedule/at", "with its offset"),
        ({"at": "2026-12-01T09:00:00.5Z"}, "/schedule/at", "whole seconds"),
        ({"at": "2026-02-30T09:00:00Z"}, "/schedule/at", "a moment"),
        ({"at": "2026-12-31T23:59:60Z"}, "/schedule/at", "a moment"),
        ({"at": "2026-12-01T09:00:00+99:00"}, "/schedule/at", "a moment"),
        ({"at": "1969-12-31T23:59:59Z"}, "/schedule/at", "1970 to 9998"),
        ({"at": "9999-01-01T00:00:00Z"}, "/schedule/at", "1970 to 9998"),
        ({"at": "0001-01-01T00:00:00+23:00"}, "/schedule/at", "must be"),
        ({"at": "٢٠٢٦-12-01T09:00:00Z"}, "/schedule/at", "a moment"),
    ],
)  # fmt: skip
def test_a_schedule_that_cannot_be_is_refused_at_its_place(
    schedule: object, pointer: str, word: str
):
    found = faults({"schedule": schedule})

    assert list(found) == [pointer]
    assert word in found[pointer]


@pytest.mark.parametrize(
    ("members", "pointer", "word"),
    [
        ({"start": "x"}, "/start", "a moment"),
        ({"end": 5}, "/end", "a text"),
        ({"start": AT, "end": AT}, "/end", "later than start"),
        ({"schedule": {"at": AT}, "end": AT}, "/schedule/at", "never fire"),
        ({"schedule": {"at": AT}, "start": "2027-01-01T00:00:00Z"}, "/schedule/at", "never fire"),
        ({"jitter": 5}, "/jitter", "an object"),
        ({"jitter": {}}, "/jitter/seconds", "is missing"),
        ({"jitter": {"seconds": 0}}, "/jitter/seconds", "1 to"),
        ({"jitter": {"seconds": 3_600}}, "/jitter/seconds", "below the 3600 s"),
        ({"jitter": {"seconds": 661, "mode": "each"}}, "/jitter/seconds", "at most 660"),
        ({"jitter": {"seconds": 5, "mode": "some"}}, "/jitter/mode", "stable, each"),
        ({"jitter": {"seconds": 5, "modes": 1}}, "/jitter/modes", UNKNOWN),
        (
            {"schedule": {"cron": "*/5 * * * *"}, "jitter": {"seconds": 300}},
            "/jitter/seconds",
            "below the 300 s",
        ),
        (
            {"schedule": {"cron": "59 23,0 * * *"}, "jitter": {"seconds": 661}},
            "/jitter/seconds",
            "at most 660",
        ),
        ({"schedule": {"at": AT}, "jitter": {"seconds": 661}}, "/jitter/seconds", "at most 660"),
        ({"misfire": "later"}, "/misfire", "fire_all"),
        ({"misfire": 5}, "/misfire", "an object"),
        ({"misfire": {"policy": "later"}}, "/misfire/policy", "fire_all"),
        ({"misfire": {"policy": ["skip"]}}, "/misfire/policy", "fire_all"),
        ({"misfire": {"grace": -1}}, "/misfire/grace", "0 to"),
        ({"misfire": {"grace": 10**9}}, "/misfire/grace", "0 to"),
        ({"owner": ""}, "/owner", "1 to 128"),
        ({"owner": "x" * 129}, "/owner", "1 to 128"),
        ({"owner": "a\nb"}, "/owner", "printable"),
        ({"owner": {}}, "/owner", "a text"),
        ({"state": "RUNNING"}, "/state", "ACTIVE"),
        ({"state": {}}, "/state", "ACTIVE"),
        ({"id": "other"}, "/id", "of the URL"),
        ({"id": []}, "/id", "of the URL"),
        ({"minuteOfHour": 5}, "/minuteOfHour", UNKNOWN),
        ({"a/b~c": 1}, "/a~1b~0c", UNKNOWN),
        ({"": 1}, "/", UNKNOWN),
        ({"ü" * 1_000: 1}, "", UNKNOWN),
    ],
)
def test_a_member_that_cannot_be_is_refused_at_its_place(
    members: dict[str, Any], pointer: str, word: str
):
    found = faults({**HOURLY, **members})

    assert list(found) == [pointer]
    assert word in found[pointer]


def test_all_faults_are_told_at_once():
    body = {
        "schedule": {"every": 0, "phase": "x", "cron": "x"},
        "start": 5,
        "jitter": {"seconds": -1},
        "misfire": "x",
        "owner": "",
        "state": 5,
        "data": "x" * TIMER_DATA_BYTES,
        "other": 1,
    }

    assert faults(body).keys() == {
        "/schedule", "/schedule/every", "/schedule/phase", "/schedule/cron", "/start",
        "/jitter/seconds", "/misfire", "/owner", "/state", "/data", "/other",
    }  # fmt: skip


def test_kinds_of_schedules_that_exclude_each_other_are_named():
    both = faults({"schedule": {"every": 60, "cron": "* * * * *"}})

    assert both == {"/schedule": "must have exactly one of every, cron and at, got every and cron"}
    assert faults({"schedule": {}})["/schedule"].endswith("got none")


def test_data_have_a_limit_of_bytes():
    fitting = read({**HOURLY, "data": "ü" * ((TIMER_DATA_BYTES - 2) // 2)})

    assert len(fitting.data.encode()) == TIMER_DATA_BYTES
    with pytest.raises(TooLarge) as refused:
        read({**HOURLY, "data": "x" * (TIMER_DATA_BYTES - 1)})
    assert [fault.pointer for fault in refused.value.faults] == ["/data"]


def test_the_longest_jitter_depends_on_the_look_ahead():
    body = {"schedule": {"at": AT}, "jitter": {"seconds": 240}}

    assert read(body, Rules(look_ahead=600)).jitter == Jitter(seconds=240)
    assert "/jitter/seconds" in faults(body, Rules(look_ahead=601))


def test_a_stable_jitter_of_a_period_lies_in_its_phase_and_may_be_long():
    assert read({**HOURLY, "jitter": {"seconds": 3_599}}).jitter == Jitter(seconds=3_599)


@pytest.mark.parametrize("id", ["a", "A-Z_0.9~:x", "x" * 128, "...", "-"])
def test_these_are_ids(id: str):
    assert is_timer_id(id)


@pytest.mark.parametrize("id", ["", ".", "..", "a b", "a/b", "ü", "a\n", "x" * 129, "%41", 5, None])
def test_these_are_none(id: object):
    assert not is_timer_id(id)


# --- callers that are apart -----------------------------------------------------------------------

OWN = Rules(look_ahead=180, principal="acme/ann")


def test_the_owner_is_who_calls():
    assert read(HOURLY, OWN).owner == "acme/ann"
    assert read({**HOURLY, "owner": "acme/ann"}, OWN).owner == "acme/ann"


def test_nobody_names_another_owner():
    assert faults({**HOURLY, "owner": "acme/bob"}, OWN) == {"/owner": "is who calls; leave it out"}


# --- the older body -------------------------------------------------------------------------------


def test_the_older_body_is_every_hour_at_a_minute():
    assert read({"timerCallbackData": {"a": 1}, "minuteOfHour": 7}) == Definition(
        id="poll", schedule=Every(period=3_600, phase=420), data='{"a":1}', plain=True
    )


def test_its_minute_follows_from_the_id():
    minutes = {read({"timerCallbackData": None}, id=f"t{number}").schedule for number in range(100)}

    assert all(isinstance(each, Every) and each.phase % 60 == 0 for each in minutes)
    assert len(minutes) > 30


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"minuteOfHour": 75}, "/minuteOfHour"),
        ({"minuteOfHour": 60}, "/minuteOfHour"),
        ({"minuteOfHour": -1}, "/minuteOfHour"),
        ({"minuteOfHour": "5"}, "/minuteOfHour"),
        ({"minuteOfHour": 5, "schedule": {"every": 5}}, "/minuteOfHour"),
        ({"data": 2}, "/data"),
        ({"other": 2}, "/other"),
    ],
)
def test_an_older_body_that_cannot_be_is_refused_at_its_place(
    members: dict[str, Any], pointer: str
):
    assert list(faults({"timerCallbackData": 1, **members})) == [pointer]


# --- changes --------------------------------------------------------------------------------------

TARGET = {"a": "b", "c": {"d": "e", "f": "g"}}


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        # https://www.rfc-editor.org/rfc/rfc7396#appendix-A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_its_standard_says(target: object, patch: object, expected: object):
    assert merged(target, patch) == expected


def changed(definition: Definition, patch: object) -> Definition:
    return change(patch, RULES)(definition)


def test_a_change_leaves_alone_what_it_does_not_name():
    before = read({**HOURLY, "data": {"a": 1, "b": 2}, "owner": "ann"})

    after = changed(before, {"state": "PAUSED", "data": {"b": None, "c": 3}})

    assert after == read({**HOURLY, "data": {"a": 1, "c": 3}, "owner": "ann", "state": "PAUSED"})


def test_another_kind_of_schedule_needs_the_old_one_taken_away():
    before = read(HOURLY)

    with pytest.raises(InvalidTimer, match="exactly one"):
        changed(before, {"schedule": {"at": AT}})
    after = changed(before, {"schedule": {"at": AT, "every": None, "phase": None}})
    assert after.schedule == Once(moment=NINE)


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        (5, ""),
        ([], ""),
        ({"schedule": None}, "/schedule"),
        ({"schedule": {"every": 30, "phase": 40}}, "/schedule/phase"),
        ({"data_": 1}, "/data_"),
        ({"timerCallbackData": 1}, "/data"),
    ],
)
def test_a_change_that_cannot_be_is_refused_at_its_place(patch: object, pointer: str):
    with pytest.raises(InvalidTimer) as refused:
        changed(read({**HOURLY, "data": 2}), patch)
    assert pointer in {fault.pointer for fault in refused.value.faults}


def test_an_older_timer_can_be_changed_in_both_ways():
    before = read({"timerCallbackData": {"a": 1}, "minuteOfHour": 7})

    assert changed(before, {"minuteOfHour": 8}).schedule == Every(period=3_600, phase=480)
    assert changed(before, {"timerCallbackData": {"a": 2}}).data == '{"a":2}'
    assert changed(before, {"data": {"a": 2}}) == changed(before, {"timerCallbackData": {"a": 2}})
    assert changed(before, {"state": "PAUSED"}).plain


# --- any body -------------------------------------------------------------------------------------

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
jsons = anything.filter(
    lambda value: "NaN" not in json.dumps(value) and "Infinity" not in json.dumps(value)
)
moments = st.integers(0, LAST_MOMENT).map(text_of)
maybe = st.sampled_from([None, "skip", "ACTIVE", "ENDED", "2026-12-01T09:00:00Z", 0, 1, 59, 60, -1])


def wild(*known: str) -> st.SearchStrategy[Any]:
    names = st.sampled_from(known) | st.text(max_size=3)
    return st.dictionaries(names, maybe | jsons | moments, max_size=6)


bodies = wild("schedule", "start", "end", "jitter", "misfire", "owner", "state", "data", "id",
              "timerCallbackData", "minuteOfHour") | st.fixed_dictionaries(
    {"schedule": wild("every", "phase", "cron", "timezone", "at")},
    optional={"jitter": wild("seconds", "mode"), "misfire": wild("policy", "grace")},
)  # fmt: skip


def outcome(body: Any) -> Definition | InvalidTimer:
    try:
        return read(body)
    except InvalidTimer as refused:
        return refused


@settings(max_examples=200, deadline=None)
@given(bodies | jsons)
def test_any_body_is_a_timer_or_refused_at_places_of_it(body: Any):
    match outcome(body):
        case InvalidTimer(faults=found):
            assert found
            assert [fault for fault in found if not _is_place(fault.pointer, body)] == []
        case definition:
            assert read(answers.members(definition)).schedule == definition.schedule


def _is_place(pointer: str | None, body: Any) -> bool:
    """Tell whether a pointer leads somewhere, or to a member that is missing."""
    here = body
    for part in (pointer or "").split("/")[1:-1]:
        here = here[part.replace("~1", "/").replace("~0", "~")]
    return pointer == "" or isinstance(here, dict)


schedules = st.one_of(
    st.builds(lambda p, n: {"every": p, "phase": n % p}, st.integers(1, LONGEST_PERIOD),
              st.integers(0, 10**9)),
    st.builds(lambda m, z: {"cron": f"{m} */2 * * mon-fri", "timezone": z}, st.integers(0, 59),
              st.sampled_from(["UTC", "Europe/Berlin", "Africa/Cairo"])),
    st.builds(lambda at: {"at": at}, moments),
)  # fmt: skip
timers = st.fixed_dictionaries(
    {"schedule": schedules},
    optional={
        "jitter": st.fixed_dictionaries(
            {"seconds": st.integers(1, 40)}, optional={"mode": st.sampled_from(["stable", "each"])}
        ),
        "misfire": st.fixed_dictionaries(
            {}, optional={"policy": st.sampled_from(Policy), "grace": st.integers(0, 99)}
        ),
        "owner": st.text("abcü /", min_size=1, max_size=9),
        "state": st.sampled_from(["ACTIVE", "PAUSED"]),
        "data": jsons,
        "start": st.integers(0, 10**9).map(text_of),
    },
)


@settings(max_examples=200, deadline=None)
@given(timers)
def test_what_is_told_of_a_timer_is_the_body_of_the_same_timer(body: dict[str, Any]):
    definition = outcome(body)
    if isinstance(definition, InvalidTimer):
        reject()  # of two members that were drawn apart, one may not fit the other

    told = json.loads(json.dumps(answers.members(definition)))

    assert read(told) == definition
    assert changed(definition, {}) == definition


@given(st.integers(0, LAST_MOMENT))
def test_moments_read_as_they_were_written(seconds: int):
    assert moment(text_of(seconds)) == seconds
