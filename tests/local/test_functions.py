"""Functions run here as in Lambda: their logs, their packages, their environment, their end."""

from __future__ import annotations

import json
import os
import uuid

import pytest

from cdk_streamer_local.errors import BadArgument
from cdk_streamer_local.events import Explained, Spoke
from cdk_streamer_local.functions.reports import ReportKind
from tests.local import processes


def invoke(echo, **event):
    answer = echo.client("lambda").invoke(
        FunctionName=echo.function_name("Probe"), Payload=json.dumps(event)
    )
    return json.loads(answer["Payload"].read()), answer.get("FunctionError")


def explanations(stack):
    return [event.text for event in stack.events if isinstance(event, Explained)]


# --- what they see


def test_a_handler_runs_on_the_main_thread_where_signals_work(echo):
    facts, _ = invoke(echo, do="facts")

    assert facts["main_thread"]
    assert invoke(echo, do="alarm") == ("rang", None)


def test_a_worker_is_kept_for_the_next_invocation(echo):
    first, _ = invoke(echo, do="facts")
    second, _ = invoke(echo, do="facts")

    assert first["pid"] == second["pid"]


@pytest.mark.parametrize("module", ["ministack", "yaml", "uvicorn", "click"])
def test_what_the_engine_brings_for_itself_is_missing_in_functions(echo, module):
    answer, error = invoke(echo, do="import", module=module)

    assert error == "Unhandled"
    assert answer["errorMessage"] == f"No module named {module!r}"


@pytest.mark.parametrize("module", ["boto3", "botocore", "greeting"])
def test_what_lambda_and_layers_bring_is_there(echo, module):
    assert invoke(echo, do="import", module=module) == (module, None)


@pytest.mark.parametrize("name", ["LOG_LEVEL", "AUTH", "GATEWAY_PORT", "PYTHONPATH"])
def test_the_engines_own_variables_are_none_of_the_functions(echo, name):
    facts, _ = invoke(echo, do="facts")

    assert name not in facts["environment"]


def test_the_shells_variables_do_not_reach_functions(echo, monkeypatch):
    facts, _ = invoke(echo, do="facts")

    assert "PYTEST_CURRENT_TEST" not in facts["environment"]


def test_a_call_of_aws_itself_fails_at_once_and_says_why(echo):
    answer, error = invoke(echo, do="resolve", host="sqs.us-east-1.amazonaws.com")

    assert error == "Unhandled"
    assert answer["errorMessage"].startswith("sqs.us-east-1.amazonaws.com is AWS itself")


# --- what they say


def test_a_printed_line_is_told_as_it_is(echo):
    text = uuid.uuid4().hex

    invoke(echo, do="log", text=text)

    assert text in echo.logs("Probe")


def test_a_record_is_told_as_lambda_writes_it_with_its_extras(echo):
    invoke(echo, do="log", text="")

    record = json.loads(echo.wait_for_log("Probe", '"a record"'))
    assert (record["level"], record["message"], record["logger"], record["size"]) == (
        "INFO",
        "a record",
        "probe",
        3,
    )


def test_a_traceback_begins_with_the_function_and_has_the_paths_of_lambda(echo):
    text = uuid.uuid4().hex

    invoke(echo, do="raise", text=text)

    lines = echo.logs("Probe")
    end = lines.index(f"RuntimeError: {text}")
    assert lines[end - 3 : end] == [
        "Traceback (most recent call last):",
        '  File "/var/task/probe.py", line 31, in handler',
        '    raise RuntimeError(event["text"])',
    ]


def test_a_line_is_told_while_its_invocation_still_runs(echo):
    job = f"job-slow-{uuid.uuid4().hex[:8]}"
    echo.client("dynamodb").put_item(TableName=echo.outputs["TableName"], Item={"pk": {"S": job}})

    echo.wait_for_log("Worker", f"working on {job}")

    spoken = [event.report for event in echo.events if isinstance(event, Spoke)]
    begun = next(report.request for report in spoken if report.text == f"working on {job}")
    ended = [r for r in spoken if r.kind is ReportKind.END and r.request == begun]
    killed = echo.kill_worker("Worker")  # it would sleep on

    assert ended == []
    assert killed


# --- how they end


def test_a_killed_worker_is_explained_and_replaced(echo):
    invoke(echo, do="facts")

    (killed,) = echo.kill_worker("Probe")
    facts, failed = invoke(echo, do="facts")
    while failed:  # the engine may give a call to a worker before it has seen its death
        facts, failed = invoke(echo, do="facts")

    assert facts["pid"] != killed
    assert echo.workers("Probe") == {facts["pid"]}


def test_a_paused_worker_stands_still_until_it_is_resumed(echo):
    facts, _ = invoke(echo, do="facts")

    paused = echo.pause_worker("Probe")
    processes.wait_until_stopped(facts["pid"])
    echo.resume_worker("Probe")

    assert paused == {facts["pid"]}
    assert invoke(echo, do="facts")[0]["pid"] == facts["pid"]


def test_a_worker_is_a_process_of_its_own(echo):
    facts, _ = invoke(echo, do="facts")

    assert facts["pid"] != os.getpid()


# --- what they may


def test_a_function_may_do_what_its_role_allows(echo):
    assert invoke(echo, do="put", table="TABLE", pk="x") == ("put", None)


def test_a_function_may_not_do_what_its_role_does_not_allow(echo):
    answer, error = invoke(echo, do="put", table="SECRETS", pk="x")

    assert error == "Unhandled"
    assert "AccessDeniedException" in answer["errorMessage"]


def test_a_missing_grant_is_explained_by_action_and_role(echo):
    invoke(echo, do="put", table="SECRETS", pk="x")

    assert (
        explanations(echo).count(
            "Probe may not do dynamodb:PutItem: its role Echo/Probe/ServiceRole has no statement "
            "that allows it; grant it in the app, as AWS would refuse it too"
        )
        == 1
    )


# --- how they are named


@pytest.mark.parametrize("name", ["Probe", "Echo/Probe"])
def test_a_function_is_found_by_the_end_of_its_path(echo, name):
    assert echo.function_name(name).startswith("Echo-Probe")


def test_a_function_that_does_not_exist_is_answered_by_those_that_do(echo):
    with pytest.raises(
        BadArgument, match=r"'Nobody' is none of them; name one of: Dispatcher, Drain, F"
    ):
        echo.function_name("Nobody")
