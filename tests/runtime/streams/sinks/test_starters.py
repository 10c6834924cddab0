"""Sinks that start something: Lambda, Step Functions, EventBridge Scheduler."""

from __future__ import annotations

import json

import pytest

from cdk_streamer_runtime.errors import AwsError, FunctionFailed
from cdk_streamer_runtime.streams.claims.packing import TooLarge
from cdk_streamer_runtime.streams.sinks.executions import start_execution
from cdk_streamer_runtime.streams.sinks.functions import invoke
from cdk_streamer_runtime.streams.sinks.limits import ASYNC_INVOCATION_BYTES
from cdk_streamer_runtime.streams.sinks.schedules import create_schedule, delete_schedule
from tests.runtime.streams.sinks.sending import unit

# --- Lambda -------------------------------------------------------------------------------------


def test_a_function_is_invoked_and_its_answer_kept(surroundings):
    request = {"Payload": 21}
    (passed,) = surroundings.send(invoke(function="double"), unit(invoke_request=request))
    assert passed.invoke_response == {"Payload": 42}


def test_an_error_of_a_function_is_a_failure_without_its_text(surroundings):
    request = {"Payload": "secret"}
    with pytest.raises(FunctionFailed) as failure:
        surroundings.send(invoke(function="broken"), unit(invoke_request=request))
    assert "secret" not in str(failure.value)


def test_a_function_that_nobody_waits_for_is_queued(surroundings):
    step = invoke(function="double", wait=False)
    (passed,) = surroundings.send(step, unit(invoke_request={"Payload": 1}))
    assert surroundings.aws.functions.queued == [("double", 1)]
    assert passed.invoke_response == {"Payload": None}


def test_a_payload_over_the_limit_is_refused(surroundings):
    request = {"Payload": "x" * ASYNC_INVOCATION_BYTES}
    with pytest.raises(TooLarge):
        surroundings.send(invoke(function="double", wait=False), unit(invoke_request=request))


# --- Step Functions -----------------------------------------------------------------------------

start = start_execution(machine="packing")


def inputs(surroundings):
    return surroundings.aws.machines.inputs("packing")


def test_the_same_event_starts_an_execution_once(surroundings):
    units = [unit("order-1", start_execution_request={"input": {"order": 1}})] * 2
    first, second = surroundings.send(start, *units)
    (name,) = inputs(surroundings)
    assert first.start_execution_response["name"] == name
    assert second.start_execution_response["name"] == name
    assert name.startswith("order-1-")


def test_an_event_that_comes_after_the_end_of_its_execution_starts_no_other(surroundings):
    request = unit("order-1", start_execution_request={"input": "x"})
    (first,) = surroundings.send(start, request)
    surroundings.aws.machines.end("packing", first.start_execution_response["name"])
    (second,) = surroundings.send(start, request)
    assert second.start_execution_response["name"] == first.start_execution_response["name"]
    assert len(inputs(surroundings)) == 1


def test_another_input_is_another_execution(surroundings):
    requests = [{"input": 1}, {"input": 2, "name": "own"}]
    surroundings.send(start, *[unit("o", start_execution_request=each) for each in requests])
    assert list(inputs(surroundings).values()) == ["1", "2"]


@pytest.mark.parametrize("id", ["ü" * 100, "a/b:c", "x" * 200])
def test_any_event_id_gives_a_name_that_the_service_takes(surroundings, id):
    surroundings.send(start, unit(id, start_execution_request={"input": "x"}))
    assert len(inputs(surroundings)) == 1


def test_a_machine_that_is_not_there_is_a_failure(surroundings):
    step = start_execution(machine="double")
    with pytest.raises(AwsError):
        surroundings.send(step, unit(start_execution_request={"input": "x"}))


# --- EventBridge Scheduler ----------------------------------------------------------------------

SCHEDULE = {
    "Name": "order-1",
    "ScheduleExpression": "at(2026-11-21T12:00:00)",
    "Target": {"Arn": "arn", "RoleArn": "role", "Input": {"order": 1}},
}
create = create_schedule(group="reminders")
remove = delete_schedule(group="reminders")


def schedules(surroundings):
    return surroundings.aws.schedules.all("reminders")


def test_a_schedule_is_made_with_defaults_that_leave_nothing_behind(surroundings):
    surroundings.send(create, unit(create_schedule_request=SCHEDULE))
    made = schedules(surroundings)["order-1"]
    assert json.loads(made["Target"]["Input"]) == {"order": 1}
    assert made["ActionAfterCompletion"] == "DELETE"
    assert made["FlexibleTimeWindow"] == {"Mode": "OFF"}


def test_a_schedule_of_the_same_name_is_changed(surroundings):
    later = {**SCHEDULE, "ScheduleExpression": "at(2026-11-22T12:00:00)"}
    for request in (SCHEDULE, SCHEDULE, later):
        surroundings.send(create, unit(create_schedule_request=request))
    assert schedules(surroundings)["order-1"]["ScheduleExpression"] == later["ScheduleExpression"]


def test_a_schedule_without_a_name_is_made_once_for_its_event(surroundings):
    request = {name: value for name, value in SCHEDULE.items() if name != "Name"}
    other = {**request, "Target": {"Arn": "other", "RoleArn": "role"}}
    for each in (request, request, other):
        surroundings.send(create, unit("event-1", create_schedule_request=each))
    assert len(schedules(surroundings)) == 2
    assert all(name.startswith("event-1-") for name in schedules(surroundings))


def test_a_schedule_is_removed_whether_it_is_there_or_not(surroundings):
    surroundings.send(create, unit(create_schedule_request=SCHEDULE))
    removal = unit(delete_schedule_request={"Name": "order-1"})
    surroundings.send(remove, removal, removal)
    assert schedules(surroundings) == {}


def test_a_schedule_is_in_the_group_of_its_step(surroundings):
    request = {**SCHEDULE, "GroupName": "none"}
    surroundings.send(create, unit(create_schedule_request=request))
    assert list(schedules(surroundings)) == ["order-1"]


def test_a_schedule_needs_a_time_and_a_target(surroundings):
    with pytest.raises(ValueError, match="the request has no 'Target'"):
        surroundings.send(create, unit(create_schedule_request={"ScheduleExpression": "x"}))
