"""How batches are started: by an id, so that what is started twice runs once."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.batches import starting
from cdk_streamer_runtime.batches.starting import ScheduledStarter, Starter, scheduled_at
from cdk_streamer_runtime.contract import STEP_BYTES
from cdk_streamer_runtime.contract.batches import (
    BATCH_ID_PATTERN,
    BatchSettings,
    BatchStarterEnvironment,
)
from cdk_streamer_runtime.errors import AccessDenied, Conflict
from cdk_streamer_runtime.testing import MemoryAws

FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:batch:live"
SETTINGS = BatchSettings(name="Reminders/Daily", function=FUNCTION)
SCHEDULED = "2026-11-22T06:00:00Z"


@pytest.fixture
def aws() -> MemoryAws:
    return MemoryAws()


@pytest.fixture
def starter(aws: MemoryAws) -> Starter:
    return Starter(aws, SETTINGS)


@pytest.fixture
def scheduled(aws: MemoryAws) -> ScheduledStarter:
    environment = BatchStarterEnvironment(batch=SETTINGS.to_text(), id_prefix="Reminders-Daily")
    return ScheduledStarter(aws, environment)


def starts(aws: MemoryAws) -> list[tuple[str, Any]]:
    """Give the executions that were started, by name, with what they were started with."""
    found: list[tuple[str, Any]] = []
    while event := aws.executions.take():
        (first, *_) = event["InitialExecutionState"]["Operations"]
        name = event["DurableExecutionArn"].split("/")[-2]
        told = json.loads(first["ExecutionDetails"]["InputPayload"])
        assert told.pop("batch") == FUNCTION
        found.append((name, told))
    return found


# --- by an id -------------------------------------------------------------------------------------


def test_a_batch_is_an_execution_of_its_id(aws: MemoryAws, starter: Starter):
    assert starter.start({"day": 1}, batch_id="day-1") == "day-1"

    assert starts(aws) == [("day-1", {"payload": {"day": 1}})]


def test_the_same_id_again_is_the_same_run(aws: MemoryAws, starter: Starter):
    first = starter.start({"day": 1}, batch_id="day-1")
    again = starter.start({"day": 1}, batch_id="day-1")

    assert first == again
    assert len(starts(aws)) == 1


def test_the_same_id_with_another_payload_is_a_conflict(aws: MemoryAws, starter: Starter):
    starter.start({"day": 1}, batch_id="day-1")

    with pytest.raises(Conflict, match="'day-1' was started with another payload"):
        starter.start({"day": 2}, batch_id="day-1")
    assert starts(aws) == [("day-1", {"payload": {"day": 1}})]


def test_the_same_id_of_another_construct_is_a_conflict_as_names_are_the_accounts(aws: MemoryAws):
    Starter(aws, SETTINGS).start(None, batch_id="day-1")
    other = replace(SETTINGS, name="Invoices/Daily", function=FUNCTION.replace(":live", ":other"))

    with pytest.raises(Conflict, match="or by another construct; use another id"):
        Starter(aws, other).start(None, batch_id="day-1")


def test_another_id_is_another_run(aws: MemoryAws, starter: Starter):
    starter.start(batch_id="day-1", payload=None)
    starter.start(batch_id="day-2", payload=None)

    assert [name for name, _ in starts(aws)] == ["day-1", "day-2"]


def test_progress_is_of_somebody_if_that_was_said(aws: MemoryAws, starter: Starter):
    starter.start(None, batch_id="day-1", tenant="acme")

    assert starts(aws) == [("day-1", {"payload": None, "tenant": "acme"})]


@pytest.mark.parametrize("batch_id", ["", "a" * 65, "day 1", "day/1", "tag.1", "day-1\n", "ü"])
def test_an_id_that_cannot_be_is_refused(aws: MemoryAws, starter: Starter, batch_id: str):
    with pytest.raises(ValueError, match="batch_id must be 1 to 64 letters"):
        starter.start(None, batch_id=batch_id)
    assert starts(aws) == []


@given(batch_id=st.from_regex(BATCH_ID_PATTERN, fullmatch=True))
def test_every_id_that_may_be_is_a_name_of_an_execution(batch_id: str):
    aws = MemoryAws()
    Starter(aws, SETTINGS).start(None, batch_id=batch_id)

    assert starts(aws) == [(batch_id, {"payload": None})]


def test_a_payload_that_no_step_could_hold_is_refused(aws: MemoryAws, starter: Starter):
    with pytest.raises(ValueError, match="store it elsewhere and pass its address"):
        starter.start("x" * STEP_BYTES, batch_id="day-1")
    assert starts(aws) == []


def test_a_payload_that_is_no_json_is_refused(starter: Starter):
    with pytest.raises(TypeError, match="not JSON serializable"):
        starter.start({"day", "night"}, batch_id="day-1")


def test_what_aws_refuses_is_told(monkeypatch: pytest.MonkeyPatch, aws: MemoryAws):
    def refuse(*_: object, **__: object) -> bytes:
        raise AccessDenied("AccessDeniedException", "not authorized", 403, "Invoke")

    monkeypatch.setattr(aws, "rest", refuse)
    with pytest.raises(AccessDenied):
        Starter(aws, SETTINGS).start(None, batch_id="day-1")


# --- from a function of the user's ----------------------------------------------------------------


def test_a_function_starts_the_batches_that_it_was_granted(
    monkeypatch: pytest.MonkeyPatch, aws: MemoryAws
):
    monkeypatch.setenv(BatchSettings.variable("Daily"), SETTINGS.to_text())

    assert starting.start_batch("Daily", [1], batch_id="day-1", aws=aws) == "day-1"
    assert starts(aws) == [("day-1", {"payload": [1]})]


def test_a_batch_that_nobody_granted_is_unknown(aws: MemoryAws):
    with pytest.raises(ValueError, match=r"there is no batch 'Nightly' .* grant_start\(\)"):
        starting.start_batch("Nightly", batch_id="day-1", aws=aws)


def test_a_batch_without_a_function_runs_in_requests_alone(aws: MemoryAws):
    with pytest.raises(ValueError, match="runs in requests alone; give its DurableBatch handlers"):
        Starter(aws, BatchSettings(name="Receipts"))


# --- by a schedule --------------------------------------------------------------------------------


def test_an_occurrence_of_a_schedule_is_a_batch_of_its_minute(
    aws: MemoryAws, scheduled: ScheduledStarter
):
    batch_id = scheduled.start({"scheduled_at": SCHEDULED, "payload": {"to": "all"}})

    assert batch_id == "Reminders-Daily-20261122T0600Z"
    assert starts(aws) == [(batch_id, {"payload": {"to": "all"}})]


def test_an_occurrence_that_is_told_again_is_the_same_batch(
    aws: MemoryAws, scheduled: ScheduledStarter
):
    for _ in range(3):
        scheduled.start({"scheduled_at": SCHEDULED})

    assert len(starts(aws)) == 1


def test_the_next_occurrence_is_another_batch(aws: MemoryAws, scheduled: ScheduledStarter):
    scheduled.start({"scheduled_at": SCHEDULED})
    scheduled.start({"scheduled_at": "2026-11-23T06:00:00Z"})

    assert [name for name, _ in starts(aws)] == [
        "Reminders-Daily-20261122T0600Z",
        "Reminders-Daily-20261123T0600Z",
    ]


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"scheduled_at": None},
        {"scheduled_at": 1_763_798_400},
        {"scheduled_at": "<aws.scheduler.scheduled-time>"},
        {"scheduled_at": "2026-11-22T06:00:00"},
    ],
)
def test_an_event_that_tells_no_time_starts_nothing(
    aws: MemoryAws, scheduled: ScheduledStarter, event: dict[str, Any]
):
    with pytest.raises(ValueError, match="scheduled_at must be a time like"):
        scheduled.start(event)
    assert starts(aws) == []


@given(seconds=st.integers(0, 4_000_000_000), offset=st.integers(-14 * 60, 14 * 60))
def test_a_time_is_the_same_in_every_zone(seconds: int, offset: int):
    moment = datetime.fromtimestamp(seconds, UTC)
    elsewhere = moment.astimezone(timezone(timedelta(minutes=offset)))

    assert scheduled_at(elsewhere.isoformat()) == moment


def test_the_entry_point_starts_what_a_schedule_tells(
    monkeypatch: pytest.MonkeyPatch, aws: MemoryAws
):
    environment = BatchStarterEnvironment(batch=SETTINGS.to_text(), id_prefix="Daily")
    for variable, value in environment.to_variables().items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(starting, "_lambdas", lambda: aws)
    module = "cdk_streamer_runtime.handlers.batch_starter"
    monkeypatch.delitem(sys.modules, module, raising=False)
    entry_point = importlib.import_module(module)
    monkeypatch.delitem(sys.modules, module)

    answer = entry_point.handler({"scheduled_at": SCHEDULED, "payload": None}, None)

    assert answer == {"batch_id": "Daily-20261122T0600Z"}
    assert starts(aws) == [("Daily-20261122T0600Z", {"payload": None})]
