"""What callers say of timers, and what they are told: nothing that could not be is sent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_client import (
    KEEP,
    At,
    BatchFailed,
    Cron,
    DeleteTimer,
    Every,
    InvalidTimer,
    Jitter,
    Misfire,
    NotApplied,
    PatchTimer,
    Policy,
    ProtocolError,
    PutTimer,
    Retries,
    Schedule,
    ServiceBusy,
    TimerClient,
    TimerState,
)
from cdk_streamer_client.timers.schedules import read_schedule
from cdk_streamer_client.timers.timer import read_timer
from cdk_streamer_client.timers.transport import Answer

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Recorder:
    """A transport that keeps what it is asked, and answers with what it was given."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.bodies: list[Any] = []

    def __call__(self, *request: Any) -> Answer:
        body = request[-1]
        self.bodies.append(json.loads(body) if body else None)
        return self.answers.pop(0)

    def client(self) -> TimerClient:
        return TimerClient(transport=self, retries=Retries(attempts=1))


def answer(document: object, status: int = 200) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(document).encode())


# --- schedules ------------------------------------------------------------------------------------


@given(
    seconds=st.integers(1, 1000),
    minutes=st.integers(0, 1000),
    hours=st.integers(0, 100),
    days=st.integers(0, 100),
)
def test_a_period_is_the_sum_of_its_parts(seconds: int, minutes: int, hours: int, days: int):
    every = Every(seconds=seconds, minutes=minutes, hours=hours, days=days)

    parts = timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
    assert every == Every(seconds=int(parts.total_seconds()))


SCHEDULES = st.one_of(
    st.integers(1, 10**6).flatmap(
        lambda period: st.integers(0, period - 1).map(
            lambda phase: Every(seconds=period, phase=phase)
        )
    ),
    st.builds(
        lambda minute, hour, zone: Cron(f"{minute} {hour} * * *", zone),
        st.integers(0, 59),
        st.integers(0, 23),
        st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe"]),
    ),
    st.datetimes(datetime(2026, 1, 1), datetime(2090, 1, 1)).map(  # noqa: DTZ001 - UTC comes next
        lambda moment: At(moment.replace(microsecond=0, tzinfo=UTC))
    ),
)


@given(SCHEDULES)
def test_a_schedule_is_read_as_it_is_written(schedule: Schedule):
    assert read_schedule(json.loads(json.dumps(schedule.document()))) == schedule


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Every, "every must be at least 1 second, got 0"),
        (lambda: Every(minutes=1.5), "whole seconds"),  # pyright: ignore[reportArgumentType]
        (lambda: Every(seconds=10, phase=10), "phase must be 0 to 9"),
        (lambda: Cron("0 9 * *"), "five fields"),
        (lambda: Cron("0 9 30 2 *"), "names a day that no month has"),
        (lambda: Cron("0 9 * * *", "Mars/Base"), "IANA database"),
        (lambda: At(datetime(2026, 12, 1)), "at must have a time zone"),  # noqa: DTZ001
        (lambda: At(NOON.replace(microsecond=1)), "at must be a whole second"),
        (lambda: At(NOON.replace(year=1969)), "years 1970 to 9998"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_where_it_is_made(make: Any, message: str):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_moment_in_any_zone_is_told_in_utc():
    assert At(datetime(2026, 12, 1, 9, tzinfo=BERLIN)).document() == {"at": "2026-12-01T08:00:00Z"}


# --- what is sent ---------------------------------------------------------------------------------


def test_only_what_is_given_is_sent():
    entry = PutTimer(id="a", schedule=Every(minutes=5))

    assert entry.document() == {"schedule": {"every": 300}, "data": None}


def test_everything_that_is_given_is_sent():
    entry = PutTimer(
        id="a",
        schedule=Cron("0 9 * * 1-5", "Europe/Berlin"),
        data={"n": 1},
        start=NOON,
        end=NOON + timedelta(days=1),
        jitter=Jitter(seconds=30, each=True),
        misfire=Misfire(policy=Policy.SKIP, grace=5),
        owner="acme",
        paused=True,
        create_only=True,
    )

    assert entry.entry() == {
        "id": "a",
        "if_none_match": "*",
        "put": {
            "schedule": {"cron": "0 9 * * 1-5", "timezone": "Europe/Berlin"},
            "data": {"n": 1},
            "start": "2026-11-21T12:00:00Z",
            "end": "2026-11-22T12:00:00Z",
            "jitter": {"seconds": 30, "mode": "each"},
            "misfire": {"policy": "skip", "grace": 5},
            "owner": "acme",
            "state": "PAUSED",
        },
    }


def test_a_patch_sends_what_is_given_and_null_for_what_is_taken_away():
    patch = PatchTimer(id="a", start=None, jitter=Jitter(seconds=3), paused=False, if_match='"7"')

    assert patch.entry() == {
        "id": "a",
        "if_match": '"7"',
        "patch": {
            "start": None,
            "jitter": {"seconds": 3, "mode": "stable"},
            "state": "ACTIVE",
        },
    }


def test_a_patch_may_set_data_to_nothing():
    assert PatchTimer(id="a", data=None).document() == {"data": None}
    assert PatchTimer(id="a", data=KEEP).document() == {}


def test_a_new_schedule_takes_away_what_the_old_one_had():
    schedule = PatchTimer(id="a", schedule=Every(minutes=5)).document()["schedule"]

    assert schedule == {"every": 300, "phase": None, "cron": None, "timezone": None, "at": None}


@pytest.mark.parametrize(
    ("given", "pointers"),
    [
        ({"end": NOON, "start": NOON}, ["/end"]),
        ({"owner": "x" * 129}, ["/owner"]),
        ({"data": "x" * 65_537}, ["/data"]),
        ({"data": {1, 2}}, ["/data"]),
        ({"data": float("nan")}, ["/data"]),
        ({"jitter": Jitter(seconds=300), "owner": ""}, ["/owner", "/jitter/seconds"]),
    ],
)
def test_a_timer_that_cannot_be_is_refused_before_it_is_sent(given: Any, pointers: list[str]):
    service = Recorder()

    with pytest.raises(InvalidTimer) as refused:
        service.client().put("a", Every(minutes=5), **given)

    assert {fault.pointer for fault in refused.value.faults} == set(pointers)
    assert service.bodies == []


@pytest.mark.parametrize("id", ["", "a/b", "a b", "ä", "x" * 129, ".", "..", "a%2Fb", "a\n"])
def test_an_id_that_no_path_can_have_is_refused_before_it_is_sent(id: str):
    service = Recorder()

    with pytest.raises(InvalidTimer, match="id: must be"):
        service.client().get(id)

    assert service.bodies == []


def test_a_moment_without_a_zone_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="start must have a time zone"):
        Recorder().client().put("a", Every(minutes=5), start=datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: At(cast("Any", "2030-01-01")), "at must be a datetime .*, got '2030-01-01'"),
        (lambda: PutTimer(id="a", schedule=cast("Any", "* * * * *")), "schedule must be such as"),
        (lambda: PatchTimer(id="a", schedule=cast("Any", None)), "schedule must be .*, got None"),
    ],
)
def test_what_is_no_schedule_is_told_what_one_is(make: Callable[[], object], message: str):
    with pytest.raises(TypeError, match=message):
        make()


def test_authorities_in_the_environment_must_be_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_CA_BUNDLE", "no file")

    with pytest.raises(ValueError, match="AWS_CA_BUNDLE 'no file' cannot be used"):
        TimerClient("https://a.example.com", token="t")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give one of url and transport"),
        (
            {"url": "https://a.example.com", "transport": Recorder()},
            "give one of url and transport",
        ),
        ({"url": "https://a.example.com", "token": "t", "session": object()}, "token or session"),
        ({"url": "http://a.example.com", "token": "t"}, "url must be the https:// address"),
        ({"url": "https://a.example.com", "token": "t", "ca_bundle": "no file"}, "ca_bundle"),
    ],
)
def test_a_client_that_could_not_work_is_not_made(options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        TimerClient(**options)


# --- batches --------------------------------------------------------------------------------------


def results(*ids: str, status: int = 204) -> dict[str, Any]:
    return {"results": [{"id": id, "status": status} for id in ids]}


def test_a_batch_travels_twenty_five_at_a_time():
    ids = [f"t{number}" for number in range(60)]
    service = Recorder(
        answer(results(*ids[:25])), answer(results(*ids[25:50])), answer(results(*ids[50:]))
    )

    assert service.client().batch(DeleteTimer(id=id) for id in ids) == (None,) * 60
    assert [len(body["entries"]) for body in service.bodies] == [25, 25, 10]
    assert [each["id"] for body in service.bodies for each in body["entries"]] == ids


def test_an_entry_that_cannot_be_done_leaves_those_of_other_requests_alone():
    ids = [f"t{number}" for number in range(30)]
    failed = {
        "results": [
            {"id": "t0", "status": 422, "problem": {"title": "no", "detail": "because"}},
            *({"id": id, "status": 424} for id in ids[1:25]),
        ]
    }
    service = Recorder(answer(failed, 422), answer(results(*ids[25:])))

    with pytest.raises(BatchFailed, match="25 of 30 entries were not done: 't0': no: because") as e:
        service.client().batch(DeleteTimer(id=id) for id in ids)

    errors = [type(outcome.error) for outcome in e.value.outcomes]
    assert errors == [InvalidTimer, *[NotApplied] * 24, *[type(None)] * 5]


def test_a_request_that_fails_as_a_whole_ends_a_batch():
    ids = [f"t{number}" for number in range(60)]
    service = Recorder(answer(results(*ids[:25])), answer({"title": "busy"}, 503))

    with pytest.raises(BatchFailed) as failed:
        service.client().batch(DeleteTimer(id=id) for id in ids)

    errors = [type(outcome.error) for outcome in failed.value.outcomes]
    assert errors == [*[type(None)] * 25, *[ServiceBusy] * 35]
    assert len(service.bodies) == 2


@pytest.mark.parametrize("reply", [{}, results("b"), results("a", "b"), {"results": ["a"]}])
def test_results_that_do_not_fit_are_an_error(reply: dict[str, Any]):
    with pytest.raises(BatchFailed) as failed:
        Recorder(answer(reply)).client().batch([DeleteTimer(id="a")])

    assert isinstance(failed.value.outcomes[0].error, ProtocolError)


def test_an_entry_that_cannot_be_keeps_the_whole_batch_back():
    service = Recorder()
    good = [PutTimer(id=f"t{number}", schedule=Every(minutes=5)) for number in range(30)]
    bad = PutTimer(id="bad", schedule=Every(minutes=5), owner="")

    with pytest.raises(InvalidTimer) as refused:
        service.client().batch([*good, bad, DeleteTimer(id="a/b")])

    assert [fault.pointer for fault in refused.value.faults] == [
        "/entries/30/put/owner",
        "/entries/31/id",
    ]
    assert service.bodies == []


def test_a_batch_names_a_timer_once():
    with pytest.raises(ValueError, match="ids that differ"):
        Recorder().client().batch([DeleteTimer(id="a"), DeleteTimer(id="a")])


# --- what is told ---------------------------------------------------------------------------------

DOCUMENT = {
    "id": "a",
    "state": "ACTIVE",
    "schedule": {"every": 300, "phase": 7},
    "start": "2026-11-21T12:00:00Z",
    "jitter": {"seconds": 30, "mode": "each"},
    "misfire": {"policy": "skip", "grace": 5},
    "data": [1],
    "next_fire_at": "2026-11-21T12:00:07Z",
    "last_due_at": None,
    "created_at": "2026-11-21T11:00:00.123Z",
    "updated_at": "2026-11-21T11:00:00.123Z",
}


def test_a_timer_is_read_with_moments_as_datetimes():
    timer = read_timer(DOCUMENT, '"7"')

    assert (timer.id, timer.state, timer.etag) == ("a", TimerState.ACTIVE, '"7"')
    assert timer.schedule == Every(minutes=5, phase=7)
    assert timer.jitter == Jitter(seconds=30, each=True)
    assert timer.misfire == Misfire(policy=Policy.SKIP, grace=5)
    assert timer.next_fire_at == NOON + timedelta(seconds=7)
    assert timer.last_due_at is None
    assert timer.updated_at == NOON - timedelta(hours=1) + timedelta(milliseconds=123)


def test_a_timer_computes_its_next_firings():
    timer = read_timer(DOCUMENT | {"jitter": None}, '"7"')

    seven = NOON + timedelta(seconds=7)
    assert timer.next(2, after=NOON - timedelta(days=9)) == [seven, seven + timedelta(minutes=5)]


def test_a_timer_computes_from_now_on_by_default():
    timer = read_timer(DOCUMENT | {"start": None, "jitter": None}, '"7"')

    (first,) = timer.next()

    assert timedelta(seconds=-1) <= first - datetime.now(UTC) <= timedelta(minutes=5)


def test_a_paused_timer_has_no_next_firings():
    assert read_timer(DOCUMENT | {"state": "PAUSED"}, '"7"').next(3) == []


def test_timers_load_no_websocket():
    source = """
import sys
from cdk_streamer_client import Cron, TimerClient, TimerError
print(*{"rich", "websockets", "botocore", "urllib3"} & sys.modules.keys())
"""
    paths = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True, env=paths
    )

    assert done.stdout.split() == []
