"""The client and the fake service end to end: the service's own code on a clock of the test."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_client import (
    At,
    BatchFailed,
    ConnectionLost,
    Cron,
    DeleteTimer,
    Every,
    Fault,
    InvalidTimer,
    Jitter,
    Misfire,
    NotApplied,
    PatchTimer,
    Policy,
    PreconditionFailed,
    PutTimer,
    Retries,
    TimerClient,
    TimerNotFound,
    TimerState,
    Transport,
)
from cdk_streamer_client.timers.command import add_arguments, run
from cdk_streamer_runtime import TimerFiring, timer_handler
from cdk_streamer_runtime.contract.timers import TimerMetric
from cdk_streamer_runtime.testing import FakeTimerService

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def service() -> FakeTimerService:
    return FakeTimerService()


@pytest.fixture
def client(service: FakeTimerService) -> TimerClient:
    return TimerClient(transport=service.transport)


def fired(firings: list[TimerFiring]) -> list[tuple[str, timedelta]]:
    return [(firing.id, firing.fire_at - BEGIN) for firing in firings]


# --- firing ---------------------------------------------------------------------------------------


def test_a_timer_fires_on_each_of_its_moments(service: FakeTimerService, client: TimerClient):
    timer = client.put("poll", Every(minutes=5, phase=7), data={"n": 1})

    firings = service.advance(12 * MINUTE)

    assert [firing.fire_at for firing in firings] == timer.next(3, after=BEGIN)
    assert [(firing.id, firing.data) for firing in firings] == [("poll", {"n": 1})] * 3
    assert service.firings == firings


def test_a_timer_that_is_due_within_the_minute_fires_too(
    service: FakeTimerService, client: TimerClient
):
    client.put("soon", At(BEGIN + timedelta(seconds=3)))

    assert service.advance(2.9) == []
    assert fired(service.advance(0.1)) == [("soon", timedelta(seconds=3))]
    service.advance(1)
    assert client.get("soon").state is TimerState.ENDED


def test_a_moment_that_has_just_passed_fires_at_once(
    service: FakeTimerService, client: TimerClient
):
    client.put("late", At(BEGIN - timedelta(seconds=30)))

    assert fired(service.advance(0)) == [("late", timedelta(seconds=-30))]


def test_a_calendar_fires_in_its_zone():
    service = FakeTimerService(begin=BEGIN + 7.5 * HOUR)
    client = TimerClient(transport=service.transport)
    client.put("standup", Cron("0 9 * * 1-5", "Europe/Berlin"))

    # The first of January 2026 is a Thursday.
    assert fired(service.advance(HOUR)) == [("standup", 8 * HOUR)]
    following = [moment - BEGIN for moment in client.occurrences("standup", n=2)]
    assert following == [DAY + 8 * HOUR, 4 * DAY + 8 * HOUR]


def test_a_function_is_told_of_each_firing():
    told: list[tuple[datetime, TimerFiring]] = []
    service = FakeTimerService(lambda firing: told.append((service.now, firing)))
    TimerClient(transport=service.transport).put("a", Every(seconds=50, phase=1))

    firings = service.advance(2 * MINUTE)

    assert told == [(firing.fire_at, firing) for firing in firings], "each on its second"
    assert len(told) >= 2


def test_a_function_may_change_its_own_timer():
    def stop(firing: TimerFiring) -> None:
        client.delete(firing.id)

    service = FakeTimerService(stop)
    client = TimerClient(transport=service.transport)
    client.put("once", Every(minutes=10, phase=0))

    # The next one was not sent ahead yet.
    assert len(service.advance(HOUR)) == 1


def test_what_the_function_raises_is_raised_and_the_firing_comes_again():
    def fail(firing: TimerFiring) -> None:
        raise LookupError(firing.id)

    service = FakeTimerService(fail)
    TimerClient(transport=service.transport).put("a", At(BEGIN + MINUTE))

    for _ in range(5):
        with pytest.raises(LookupError, match="a"):
            service.advance(HOUR)
    service.advance(HOUR)

    assert service.firings == []
    assert [letter["id"] for letter in service.dead_letters] == ["a"]


def test_one_failure_keeps_no_other_firing_back():
    def fail(firing: TimerFiring) -> None:
        if firing.id == "bad" and service.now == BEGIN:
            raise LookupError(firing.id)

    service = FakeTimerService(fail)
    client = TimerClient(transport=service.transport)
    for id in ("a", "bad", "c"):
        client.put(id, At(BEGIN))

    with pytest.raises(LookupError):
        service.advance(0)

    assert [each.id for each in service.firings] == ["a", "c"]
    assert service.advance(59) == []
    assert [(each.id, each.attempt) for each in service.advance(1)] == [("bad", 2)]


def test_a_handler_runs_on_the_clock_of_the_fake_and_with_its_table():
    ran: list[TimerFiring] = []

    @timer_handler(dedupe=True)
    def poll(firing: TimerFiring) -> None:
        ran.append(firing)

    service = FakeTimerService(poll, dedupe=True, begin=datetime(2090, 1, 1, tzinfo=UTC))
    client = TimerClient(transport=service.transport)
    service.advance(0)
    client.put("a", At(service.now + MINUTE / 2))
    (body,) = service.aws.messages("firings")
    service.aws.call(
        "sqs",
        "SendMessage",
        {"QueueUrl": service.aws.queue_url("firings"), "MessageBody": body, "DelaySeconds": 60},
    )

    service.advance(2 * MINUTE)

    assert ran == service.firings
    assert [firing.fire_at for firing in ran] == [service.now - 1.5 * MINUTE]
    assert service.metrics.counts[TimerMetric.FIRINGS_REPEATED] == 1


def test_a_handler_that_may_not_remember_is_refused():
    @timer_handler(dedupe=True)
    def poll(firing: TimerFiring) -> None:
        raise AssertionError(firing)

    with pytest.raises(ValueError, match="set dedupe=True"):
        FakeTimerService(poll)


def test_a_strict_service_drops_what_an_edit_has_replaced():
    service = FakeTimerService(strict=True)
    client = TimerClient(transport=service.transport)
    client.put("a", Every(minutes=1, phase=30), data="old")
    service.advance(1)

    client.patch("a", data="new")

    assert {firing.data for firing in service.advance(5 * MINUTE)} == {"new"}
    assert service.metrics.counts[TimerMetric.FIRINGS_DROPPED] > 0


def test_ticks_measure_how_far_the_dispatcher_has_come(service: FakeTimerService):
    service.advance(5 * MINUTE)

    assert max(service.metrics.values[TimerMetric.WATERMARK_LAG][1:]) <= 60


def test_an_outage_makes_firings_late(service: FakeTimerService, client: TimerClient):
    for policy in Policy:
        client.put(policy.value, Every(minutes=10, phase=60), misfire=Misfire(policy=policy))
    service.advance(2 * MINUTE)

    with service.outage():
        assert service.advance(HOUR) == []
    firings = [firing.id for firing in service.advance(MINUTE)]

    assert {policy.value: firings.count(policy.value) for policy in Policy} == {
        "fire_all": 6,
        "fire_latest": 1,
        "skip": 0,
    }
    assert service.metrics.counts[TimerMetric.FIRINGS_SKIPPED] == 5 + 6


def test_time_does_not_go_back(service: FakeTimerService):
    with pytest.raises(ValueError, match="must not go back"):
        service.advance(-1)


def test_a_hundred_timers_fire_each_once(service: FakeTimerService, client: TimerClient):
    client.batch(
        PutTimer(id=f"t{number}", schedule=Cron(f"{number % 60} {number // 60} * * *"))
        for number in range(100)
    )

    firings = service.advance(2 * HOUR)

    assert sorted(firing.id for firing in firings) == sorted(f"t{number}" for number in range(100))


# --- changing -------------------------------------------------------------------------------------


def test_a_paused_timer_fires_again_when_it_is_resumed(
    service: FakeTimerService, client: TimerClient
):
    client.put("a", Every(minutes=10, phase=0))
    paused = client.pause("a")
    silence = service.advance(HOUR + timedelta(seconds=1))
    resumed = client.resume("a")

    assert (paused.state, paused.next_fire_at) == (TimerState.PAUSED, None)
    assert [each.fire_at for each in silence] in ([], [BEGIN]), "one was sent ahead at most"
    assert resumed.next_fire_at == BEGIN + HOUR + 10 * MINUTE
    assert fired(service.advance(10 * MINUTE)) == [("a", HOUR + 10 * MINUTE)]


def test_a_deleted_timer_fires_no_more(service: FakeTimerService, client: TimerClient):
    client.put("a", Every(minutes=10, phase=60))
    client.delete("a")
    client.delete("a")

    assert service.advance(HOUR) == []
    with pytest.raises(TimerNotFound):
        client.get("a")


def test_the_same_again_changes_nothing(client: TimerClient):
    first = client.put("a", Every(minutes=5), data={"b": 1, "a": [1.5, None]})
    again = client.put("a", Every(seconds=300), data={"a": [1.5, None], "b": 1})

    assert again == first


def test_a_change_to_another_revision_is_refused(client: TimerClient):
    seen = client.put("a", Every(minutes=5))
    client.patch("a", data=1)

    with pytest.raises(PreconditionFailed):
        client.patch("a", data=2, if_match=seen.etag)
    with pytest.raises(PreconditionFailed):
        client.delete("a", if_match=seen.etag)
    assert client.patch("a", data=2, if_match=client.get("a").etag).data == 2


def test_a_timer_is_created_once(client: TimerClient):
    client.put("a", Every(minutes=5), create_only=True)

    with pytest.raises(PreconditionFailed):
        client.put("a", Every(minutes=6), create_only=True)


def test_a_patch_changes_what_is_given(client: TimerClient):
    before = client.put(
        "a",
        Every(minutes=5),
        data={"a": 1, "b": 2},
        end=BEGIN + DAY,
        jitter=Jitter(seconds=30),
        misfire=Misfire(policy=Policy.SKIP),
        owner="acme",
    )

    after = client.patch("a", schedule=Cron("0 9 * * *"), data={"b": None}, end=None, jitter=None)

    assert after.schedule == Cron("0 9 * * *", "UTC")
    assert (after.data, after.end, after.jitter) == ({"a": 1}, None, None)
    assert (after.misfire, after.owner) == (before.misfire, "acme")


@pytest.mark.parametrize(
    ("jitter", "pointer"),
    [(Jitter(seconds=700), "/jitter/seconds"), (Jitter(seconds=0), "/jitter/seconds")],
)
def test_faults_that_the_service_finds_are_told_by_pointer(
    client: TimerClient, jitter: Jitter, pointer: str
):
    client.put("a", Cron("0 9 * * *"))

    with pytest.raises(InvalidTimer) as refused:
        client.patch("a", jitter=jitter)

    assert [fault.pointer for fault in refused.value.faults] == [pointer]
    assert refused.value.status == 422


def test_a_moment_long_past_is_refused(client: TimerClient):
    with pytest.raises(InvalidTimer, match="/schedule/at: must not be past"):
        client.put("a", At(BEGIN - HOUR))


# --- reading --------------------------------------------------------------------------------------


def test_a_list_goes_over_its_pages(client: TimerClient):
    ids = [f"t{number:02d}" for number in range(30)]
    client.batch(PutTimer(id=id, schedule=Every(minutes=5), owner="acme") for id in ids)
    client.put("other", Every(minutes=5))

    assert sorted(timer.id for timer in client.list(owner="acme", page_size=7)) == ids
    assert [timer.id for timer in client.list()] == ["other"]


def test_a_list_has_what_is_in_a_state(client: TimerClient):
    client.put("a", Every(minutes=5))
    client.put("b", Every(minutes=5), paused=True)

    (paused,) = client.list(state=TimerState.PAUSED)

    assert (paused.id, paused.state, paused.schedule) == (
        "b",
        TimerState.PAUSED,
        client.get("b").schedule,
    )


def test_more_occurrences_than_a_page_has_are_asked_for(client: TimerClient):
    timer = client.put("a", Every(minutes=5))

    assert list(client.occurrences("a", n=250)) == timer.next(250, after=BEGIN)


def test_occurrences_end_with_the_timer(client: TimerClient):
    client.put("a", Every(minutes=5, phase=0), end=BEGIN + 11 * MINUTE)

    assert client.occurrences("a", start=BEGIN + MINUTE) == (
        BEGIN + 5 * MINUTE,
        BEGIN + 10 * MINUTE,
    )


JITTERS = st.none() | st.builds(Jitter, seconds=st.integers(1, 50), each=st.booleans())
ENTRIES = st.builds(
    PutTimer,
    id=st.from_regex(r"[A-Za-z0-9._~:-]{1,20}", fullmatch=True).filter(
        lambda id: id not in {".", ".."}
    ),
    schedule=st.one_of(
        st.builds(lambda minutes: Every(minutes=minutes), st.integers(1, 10_000)),
        st.builds(
            lambda minute, days, zone: Cron(f"{minute} 2 {days} * *", zone),
            st.integers(0, 59),
            st.sampled_from(["*", "1", "*/7"]),
            st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
        ),
        st.builds(lambda hours: At(BEGIN + hours * HOUR), st.integers(1, 10_000)),
    ),
    data=st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
        max_leaves=5,
    ),
    jitter=JITTERS,
    misfire=st.none() | st.builds(Misfire, policy=st.sampled_from(Policy), grace=st.integers(0, 9)),
    owner=st.none() | st.just("acme"),
    paused=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(entry=ENTRIES)
def test_a_timer_is_told_as_it_was_put_and_fires_as_the_client_computes(entry: PutTimer):
    client = TimerClient(transport=FakeTimerService().transport)

    (timer,) = client.batch([entry])

    assert timer is not None
    assert timer == client.get(entry.id)
    assert (timer.id, timer.data, timer.jitter) == (entry.id, entry.data, entry.jitter)
    assert timer.misfire == (entry.misfire or Misfire())
    assert timer.state is (TimerState.PAUSED if entry.paused else TimerState.ACTIVE)
    resumed = client.resume(entry.id)
    assert list(client.occurrences(entry.id, n=5)) == resumed.next(5, after=BEGIN)
    assert resumed.next_fire_at == resumed.next(after=BEGIN)[0]
    assert client.put_entry(replace(entry, paused=False)) == resumed


# --- batches --------------------------------------------------------------------------------------


def test_a_batch_does_several_things(client: TimerClient):
    client.batch(PutTimer(id=id, schedule=Every(minutes=5)) for id in "abc")

    created, patched, deleted = client.batch(
        [
            PutTimer(id="d", schedule=Every(minutes=5)),
            PatchTimer(id="a", data=1),
            DeleteTimer(id="b"),
        ]
    )

    assert (created, patched) == (client.get("d"), client.get("a"))
    assert deleted is None
    assert sorted(timer.id for timer in client.list()) == ["a", "c", "d"]


def test_a_batch_is_done_whole_or_not_at_all(client: TimerClient):
    with pytest.raises(BatchFailed) as failed:
        client.batch(
            [
                PutTimer(id="a", schedule=Every(minutes=5)),
                PatchTimer(id="b", data=1),
                PutTimer(id="c", schedule=At(BEGIN - HOUR)),
            ]
        )

    errors = [outcome.error for outcome in failed.value.outcomes]
    assert [type(error) for error in errors] == [NotApplied, TimerNotFound, InvalidTimer]
    assert list(client.list()) == []


def test_a_fault_in_a_batch_is_told_by_its_place_in_the_entry(client: TimerClient):
    client.put("a", Cron("0 9 * * *"))

    with pytest.raises(BatchFailed) as failed:
        client.batch([PatchTimer(id="a", jitter=Jitter(seconds=700))])

    error = failed.value.outcomes[0].error
    assert isinstance(error, InvalidTimer)
    (fault,) = error.faults
    assert isinstance(fault, Fault)
    assert str(fault.pointer).endswith("/jitter/seconds")


# --- answers that are lost ------------------------------------------------------------------------


def losing(transport: Transport, lost: int) -> Transport:
    """Lose the first answers: what was asked is done all the same."""
    left = [lost]

    def ask(method: str, path: str, headers: Mapping[str, str], body: bytes, /) -> Any:
        answer = transport(method, path, headers, body)
        if left[0]:
            left[0] -= 1
            raise ConnectionLost("the answer was lost", may_have_run=True)
        return answer

    return ask


RETRIES = Retries(backoff_least=0, backoff_most=0)


def test_a_write_whose_answer_was_lost_is_done_once(service: FakeTimerService, client: TimerClient):
    timer = client.put("a", Every(minutes=5, phase=0))
    lossy = TimerClient(transport=losing(service.transport, 2), retries=RETRIES)

    changed = lossy.put("a", Every(minutes=5, phase=0), data=1, if_match=timer.etag)

    assert changed == client.get("a")
    assert changed.etag != timer.etag


@pytest.mark.parametrize("lost", [1, 4])
def test_writes_of_all_kinds_may_lose_their_answers(service: FakeTimerService, lost: int):
    def lossy() -> TimerClient:
        return TimerClient(transport=losing(service.transport, lost), retries=RETRIES)

    created = lossy().put("a", Every(minutes=5, phase=0), create_only=True)
    patched = lossy().patch("a", data=1, if_match=created.etag)
    (batched,) = lossy().batch([PatchTimer(id="a", data=2, if_match=patched.etag)])
    assert batched is not None
    lossy().delete("a", if_match=batched.etag)

    with pytest.raises(TimerNotFound):
        lossy().get("a")


# --- the command line -----------------------------------------------------------------------------


def operate(service: FakeTimerService, *words: str) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    arguments = parser.parse_args([*words, "--url", "https://timers.example.com"])
    return run(arguments, service.transport)


def test_a_timer_is_looked_after_from_the_command_line(
    service: FakeTimerService, capsys: pytest.CaptureFixture[str]
):
    words = ("--cron", "0 9 * * *", "--timezone", "Europe/Berlin", "--data", '{"n": 1}')
    more = ("--jitter", "30", "--misfire", "skip", "--grace", "5", "--start", "2026-02-01T00:00")

    codes = [
        operate(service, "put", "a", *words, *more, "--json"),
        operate(service, "list"),
        operate(service, "pause", "a", "--json"),
        operate(service, "resume", "a", "--json"),
        operate(service, "occurrences", "a", "-n", "2"),
        operate(service, "delete", "a"),
        operate(service, "get", "a"),
    ]

    output = capsys.readouterr()
    put, listed, paused, resumed, first, second = output.out.splitlines()
    assert codes == [0, 0, 0, 0, 0, 0, 1]
    assert json.loads(put) == json.loads(resumed) | {"etag": json.loads(put)["etag"]}
    assert json.loads(put) | {"etag": ""} == {
        "id": "a",
        "state": "ACTIVE",
        "schedule": {"cron": "0 9 * * *", "timezone": "Europe/Berlin"},
        "start": "2026-01-31T23:00:00Z",
        "jitter": {"seconds": 30, "mode": "stable"},
        "misfire": {"policy": "skip", "grace": 5},
        "data": {"n": 1},
        "next_fire_at": first,
        "etag": "",
    }
    assert listed.startswith(
        'a  ACTIVE  schedule={"cron": "0 9 * * *", "timezone": "Europe/Berlin"}'
    )
    assert json.loads(paused)["state"] == "PAUSED"
    assert first < second
    assert output.err.startswith("error: ")


def test_a_revision_that_is_gone_is_an_error(
    service: FakeTimerService, capsys: pytest.CaptureFixture[str]
):
    assert operate(service, "put", "a", "--every", "5m", "--if-match", '"1"') == 1
    assert "If-Match" in capsys.readouterr().err


def test_data_that_are_no_json_are_refused(
    service: FakeTimerService, capsys: pytest.CaptureFixture[str]
):
    assert operate(service, "put", "a", "--every", "5m", "--data", "{") == 2
    assert "--data is not JSON" in capsys.readouterr().err
