"""The durable function of an AsyncRequestApi."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Duration, NestedStack, Stack, aws_kms as kms

from cdk_streamer._code.assets import runtime_asset
from cdk_streamer._code.requirements import Platform, Requirements
from cdk_streamer_runtime import contract
from tests.constructs.stacks import (
    ENVIRONMENT,
    WITHOUT_ASSETS,
    actions,
    full_api,
    full_template,
    new_api,
    new_stack,
    resources,
    statements,
    template_of,
    the,
)
from tests.constructs.test_synthesis import recommended_flags

FUNCTION, VERSION, ALIAS = "AWS::Lambda::Function", "AWS::Lambda::Version", "AWS::Lambda::Alias"
DAY = 24 * 60 * 60


def variables(name: str) -> dict[str, Any]:
    return the(full_template(), FUNCTION, f"{name}Function")["Environment"]["Variables"]


def durable_template(context: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    stack = new_stack(context=WITHOUT_ASSETS | (context or {}))
    new_api(stack, **{"durable": Duration.days(1), **settings})
    return template_of(stack)


def version_of(template: dict[str, Any]) -> str:
    (name,) = resources(template, VERSION)
    return name


# --- the function ---------------------------------------------------------------------------------


def test_without_a_wish_nothing_is_durable():
    stack = new_stack()
    api = new_api(stack)
    assert api.durable is None
    assert resources(template_of(stack), VERSION) == {}


def test_an_execution_may_take_as_long_as_was_said():
    function = the(full_template(), FUNCTION, "ApiDurableFunction")
    assert function["DurableConfig"]["ExecutionTimeout"] == 30 * DAY
    assert variables("ApiDurable")["CDK_STREAMER_EXECUTION_TIMEOUT_SECONDS"] == str(30 * DAY)
    assert function["Timeout"] == contract.WORKER_TIMEOUT_SECONDS


def test_the_name_of_an_execution_is_free_again_before_its_request_is_forgotten():
    function = the(full_template(), FUNCTION, "ApiDurableFunction")
    assert function["DurableConfig"]["RetentionPeriodInDays"] == 1
    assert int(variables("ApiDurable")["CDK_STREAMER_RETENTION_SECONDS"]) >= DAY


def test_it_starts_at_its_entry_point_and_reads_its_settings():
    function = the(full_template(), FUNCTION, "ApiDurableFunction")
    deployed = {
        name: json.dumps(value) if isinstance(value, dict) else value
        for name, value in variables("ApiDurable").items()
    }
    assert function["Handler"] == contract.EntryPoint.DURABLE
    assert contract.DurableEnvironment.from_variables(deployed).entry_point
    assert function["Runtime"] == "python3.13"  # durable functions need it


def test_it_runs_the_users_handlers_beside_the_sdk():
    function = the(full_template(), FUNCTION, "ApiDurableFunction")
    worker = the(full_template(), FUNCTION, "ApiWorkerFunction")
    assert function["Code"] == worker["Code"]
    assert function["Layers"][0]["Ref"].startswith("ApiDurableRuntime")
    assert variables("ApiDurable")["BUCKET"] == "files"
    assert full_api().durable in full_api().handler_functions


def test_it_is_not_taken_for_a_loop():
    assert the(full_template(), FUNCTION, "ApiDurableFunction")["RecursiveLoop"] == "Allow"


def test_a_customers_key_encrypts_executions():
    stack = new_stack()
    new_api(stack, durable=Duration.days(1), encryption_key=kms.Key(stack, "Key"))
    template = template_of(stack)
    config = the(template, FUNCTION, "ApiDurableFunction")["DurableConfig"]
    assert config["KMSKeyArn"]["Fn::GetAtt"][0].startswith("Key")
    for name in ("ApiDurableRole", "ApiDispatcherRole", "ApiSocketMessageRole"):
        allowed = actions(the(template, "AWS::IAM::Role", name))
        assert {"kms:Decrypt", "kms:GenerateDataKey"} <= allowed


# --- versions -------------------------------------------------------------------------------------


def test_executions_are_started_by_an_alias_whose_versions_stay():
    alias = the(full_template(), ALIAS, "ApiDurableLive")
    version = full_template()["Resources"][alias["FunctionVersion"]["Fn::GetAtt"][0]]
    assert alias["Name"] == "live"
    assert (version["DeletionPolicy"], version["UpdateReplacePolicy"]) == ("Retain", "Retain")


@pytest.mark.parametrize("name", ["ApiDispatcher", "ApiRedispatcher", "ApiWatcher"])
def test_who_starts_executions_knows_the_alias(name: str):
    assert variables(name)["CDK_STREAMER_DURABLE_FUNCTION"]["Ref"].startswith("ApiDurableLive")


@pytest.mark.parametrize("name", ["ApiSocketMessage", "ApiHttpHandler"])
def test_who_accepts_requests_knows_what_may_be_durable(name: str):
    assert variables(name)["CDK_STREAMER_DURABLE"] == "1"
    assert variables(name)["CDK_STREAMER_DURABLE_TIMEOUT_SECONDS"] == str(30 * DAY)


def test_another_setting_is_another_version():
    assert version_of(durable_template()) != version_of(durable_template(memory_size=1024))


def test_another_layer_is_another_version(monkeypatch: pytest.MonkeyPatch):
    # The SDK and the runtime are in the layer: an alias on the old version would never run them.
    before = version_of(durable_template())
    monkeypatch.setattr(Requirements, "key", "another lock")
    assert version_of(durable_template()) != before


def test_the_users_flags_do_not_change_the_version():
    assert version_of(durable_template(recommended_flags())) == version_of(durable_template())


# --- permissions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("ApiSocketMessageRole", "lambda:StopDurableExecution"),
        ("ApiHttpHandlerRole", "lambda:SendDurableExecutionCallbackSuccess"),
        ("ApiWatcherRole", "lambda:GetDurableExecution"),
    ],
)
def test_executions_of_this_function_alone_are_reached(name: str, action: str):
    (resource,) = (
        json.dumps(statement["Resource"])
        for statement in statements(the(full_template(), "AWS::IAM::Role", name))
        if action in statement["Action"]
    )
    assert '"ApiDurableFunction' in resource
    assert '":*"' in resource


def test_no_resource_waits_for_itself():
    # CloudFormation would refuse a role that names its function, which needs the role.
    role = the(full_template(), "AWS::IAM::Role", "ApiDurableRole")
    assert "ApiDurableFunction" not in json.dumps(role["Policies"])
    checkpoints = the(full_template(), "AWS::IAM::Policy", "ApiDurableCheckpoints")
    assert checkpoints["Roles"][0]["Ref"].startswith("ApiDurableRole")


# --- the SDK --------------------------------------------------------------------------------------


def test_the_sdk_is_locked():
    lock = runtime_asset().source / "durable" / "requirements.txt"
    names = {
        line.partition("==")[0] for line in lock.read_text().splitlines() if line[:1].isalpha()
    }
    assert {"aws-durable-execution-sdk-python", "boto3"} <= names
    assert Requirements(file=lock, platform=Platform.host()).unpinned == ()


def test_the_sdk_is_in_the_layer_beside_the_runtime(tmp_path: Path):
    stack = new_stack(outdir=tmp_path, context={})
    new_api(stack, durable=Duration.days(1))
    layer = the(template_of(stack), "AWS::Lambda::LayerVersion", "ApiDurableRuntime")
    python = tmp_path / f"asset.{layer['Content']['S3Key'].removesuffix('.zip')}" / "python"
    assert (python / "cdk_streamer_runtime" / "handlers" / "worker.py").is_file()
    assert (python / "boto3" / "__init__.py").is_file()
    assert list(python.glob("aws_durable_execution_sdk_python*")) != []


def test_a_nested_stack_in_a_region_of_its_own_will_do():
    nested = NestedStack(new_stack(env=ENVIRONMENT), "Nested")
    api = new_api(nested, durable=Duration.days(1))
    assert Stack.of(api).region == "eu-west-1"
    assert resources(template_of(nested), ALIAS)
