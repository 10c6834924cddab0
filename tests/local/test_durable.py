"""Durable functions as the command runs them: AWS's SDK in the function, AWS's runner behind."""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from uv import find_uv_bin

from cdk_streamer_local import LocalStack
from cdk_streamer_local.engine.installation import DURABLE_LOCK, durable_python
from tests.local.apps import copied

PATIENCE = 60.0
SDK = "aws-durable-execution-sdk-python"


@pytest.fixture(scope="module")
def durable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    folder = copied("durable", tmp_path_factory.mktemp("apps"))
    version = next(
        line.split()[0]
        for line in DURABLE_LOCK.read_text().splitlines()
        if line.startswith(f"{SDK}==")
    )
    subprocess.run(
        [find_uv_bin(), "pip", "install", "--quiet", "--no-deps", version,
         "--python", str(durable_python()), "--target", str(folder / "functions")],
        check=True,
    )  # fmt: skip
    with LocalStack(folder / "app.py") as stack:
        yield stack


@pytest.fixture
def stranger(durable):
    """Give Lambda as the function sees it that may nothing."""
    role = durable.client("lambda").get_function_configuration(
        FunctionName=durable.outputs["StrangerName"]
    )["Role"]
    own = durable.client("sts").assume_role(RoleArn=role, RoleSessionName="stranger")["Credentials"]
    return boto3.client(
        "lambda",
        endpoint_url=durable.endpoint,
        verify=durable.ca_bundle,
        region_name="us-east-1",
        aws_access_key_id=own["AccessKeyId"],
        aws_secret_access_key=own["SecretAccessKey"],
        aws_session_token=own["SessionToken"],
    )


@pytest.fixture
def name():
    return f"run-{uuid.uuid4().hex[:8]}"


def start(durable, name, payload, *, starter="StarterName"):
    answer = durable.client("lambda").invoke(
        FunctionName=durable.outputs[starter],
        Payload=json.dumps({"name": name, "payload": payload}),
    )
    return json.loads(answer["Payload"].read())


def ended(durable, arn):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        execution = durable.client("lambda").get_durable_execution(DurableExecutionArn=arn)
        if execution["Status"] != "RUNNING":
            return execution
        time.sleep(0.05)
    raise TimeoutError(f"{arn} did not end")


def asked(durable, arn):
    """Give the callback's id, once there is one."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        history = durable.client("lambda").get_durable_execution_history(DurableExecutionArn=arn)
        for event in history["Events"]:
            if event["EventType"] == "CallbackStarted":
                return event["CallbackStartedDetails"]["CallbackId"]
        time.sleep(0.05)
    raise TimeoutError(f"{arn} asked nobody")


def test_an_execution_started_in_the_background_sleeps_and_ends(durable, name):
    started = start(durable, name, {})

    execution = ended(durable, started["arn"])

    assert started["status"] == 202
    assert execution["Status"] == "SUCCEEDED"
    assert json.loads(execution["Result"]) == {"numbers": [1, 4, 9]}


def test_an_execution_is_known_by_the_address_that_aws_would_give_it(durable, name):
    arn = start(durable, name, {})["arn"]

    execution = durable.client("lambda").get_durable_execution(DurableExecutionArn=arn)

    assert arn.startswith(f"{durable.outputs['JobArn']}/durable-execution/{name}/")
    assert (execution["DurableExecutionArn"], execution["DurableExecutionName"]) == (arn, name)


def test_the_same_name_and_payload_are_the_same_execution(durable, name):
    first = start(durable, name, {})

    assert start(durable, name, {}) == first


def test_a_name_that_was_used_for_something_else_is_refused(durable, name):
    start(durable, name, {})

    again = start(durable, name, {"ask": True})

    assert again == {"refused": "DurableExecutionAlreadyStartedException"}


def test_an_execution_is_found_by_its_name(durable, name):
    arn = start(durable, name, {})["arn"]

    found = durable.client("lambda").list_durable_executions_by_function(
        FunctionName=durable.outputs["JobArn"], DurableExecutionName=name
    )

    assert [each["DurableExecutionArn"] for each in found["DurableExecutions"]] == [arn]


def test_an_answer_goes_to_the_execution_that_asked(durable, name):
    arn = start(durable, name, {"ask": True})["arn"]

    durable.client("lambda").send_durable_execution_callback_success(
        CallbackId=asked(durable, arn), Result=b'"yes"'
    )

    assert json.loads(ended(durable, arn)["Result"]) == {"numbers": [1, 4, 9], "answer": '"yes"'}


def test_a_second_answer_is_refused_as_lambda_refuses_it(durable, name):
    client = durable.client("lambda")
    arn = start(durable, name, {"ask": True})["arn"]
    callback = asked(durable, arn)
    client.send_durable_execution_callback_success(CallbackId=callback, Result=b'"yes"')

    with pytest.raises(client.exceptions.CallbackTimeoutException):
        client.send_durable_execution_callback_success(CallbackId=callback, Result=b'"yes"')


def test_an_execution_that_is_not_there_is_not_found(durable):
    client = durable.client("lambda")
    unknown = f"{durable.outputs['JobArn']}/durable-execution/nothing/{uuid.uuid4().hex}"

    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_durable_execution(DurableExecutionArn=unknown)


def test_an_execution_can_be_stopped(durable, name):
    arn = start(durable, name, {"ask": True})["arn"]
    asked(durable, arn)

    durable.client("lambda").stop_durable_execution(DurableExecutionArn=arn)

    assert ended(durable, arn)["Status"] == "STOPPED"


def test_a_worker_that_was_killed_is_followed_by_another(durable, name, tmp_path):
    mark = tmp_path / "died"

    execution = ended(durable, start(durable, name, {"die_once": str(mark)})["arn"])

    assert mark.exists()
    assert json.loads(execution["Result"]) == {"numbers": [1, 4, 9]}


def test_a_durable_function_is_invoked_by_version_or_alias_alone(durable):
    client = durable.client("lambda")

    with pytest.raises(client.exceptions.InvalidParameterValueException, match="unqualified"):
        client.invoke(FunctionName=durable.outputs["JobArn"].removesuffix(":live"))


def test_a_role_without_the_permission_starts_nothing(durable, name):
    refused = start(durable, name, {}, starter="StrangerName")

    assert refused == {"refused": "AccessDeniedException"}


@pytest.mark.parametrize(
    "call", ["get_durable_execution", "get_durable_execution_history", "stop_durable_execution"]
)
def test_who_may_not_look_at_executions_is_refused(durable, name, stranger, call):
    arn = start(durable, name, {"ask": True})["arn"]

    with pytest.raises(ClientError, match="AccessDeniedException"):
        getattr(stranger, call)(DurableExecutionArn=arn)


def test_who_may_not_answer_is_refused(durable, name, stranger):
    callback = asked(durable, start(durable, name, {"ask": True})["arn"])

    with pytest.raises(ClientError, match="AccessDeniedException"):
        stranger.send_durable_execution_callback_success(CallbackId=callback, Result=b'"yes"')


# --- several functions, and what they ask of others


def mapped(durable, nesting, region=None, *, arn="MapperArn", **event):
    answer = durable.client("lambda", region=region).invoke(
        FunctionName=durable.outputs[arn],
        Payload=json.dumps({"numbers": [1, 2, 3, 9], "nesting": nesting, **event}),
    )
    assert "FunctionError" not in answer
    return json.loads(answer["Payload"].read()), answer["DurableExecutionArn"]


def test_items_are_mapped_tried_again_and_given_to_another_function(durable):
    result, _ = mapped(durable, "FLAT")

    assert (result["doubled"], result["failed"]) == ([2, 8, 18], 1)


def test_nested_branches_do_the_same(durable):
    result, _ = mapped(durable, "NESTED")

    assert (result["doubled"], result["failed"]) == ([2, 8, 18], 1)


def test_a_function_that_the_role_may_not_invoke_is_refused_to_the_execution(durable):
    result, arn = mapped(durable, "FLAT", forbidden=True)

    assert result["refused"].startswith("AccessDeniedException: ")
    assert (
        f"lambda:InvokeFunction on resource: {arn.partition(':function:')[0]}"
        in (result["refused"])
    )


def test_a_durable_function_waits_for_another(durable):
    result, _ = mapped(durable, "FLAT", sleep=True)

    assert result["slept"] == {"numbers": [1, 4, 9]}


def test_executions_of_another_region_are_kept_there(durable):
    result, arn = mapped(durable, "FLAT", "eu-west-1", arn="FarMapperArn")

    assert result["doubled"] == [2, 8, 18]
    assert arn.startswith("arn:aws:lambda:eu-west-1:")
    here = durable.client("lambda", region="eu-west-1")
    assert here.get_durable_execution(DurableExecutionArn=arn)["Status"] == "SUCCEEDED"
