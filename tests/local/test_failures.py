"""What goes wrong on a machine, and that each time the cause and the remedy are named."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator

import pytest

from cdk_streamer_local import LocalError, LocalStack
from cdk_streamer_local.engine import installation
from cdk_streamer_local.errors import (
    BadArgument,
    DeploymentFailed,
    EngineUnavailable,
    ResourceUnknown,
    SynthesisFailed,
)
from cdk_streamer_local.events import Explained, Warmed
from cdk_streamer_local.extra import require_extra
from tests.local import assemblies

WRITES = """
import boto3

def handler(event, context):
    boto3.client("dynamodb").put_item(TableName=event["table"], Item={"pk": {"S": "x"}})
    return "written"
"""
TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    },
}


def failure(app, **options) -> LocalError:
    with pytest.raises(LocalError) as failed:
        LocalStack(app, **options).__enter__()
    return failed.value


FAILED = {"Namespace": "AWS/Lambda", "MetricName": "Errors"}
ALARM = {
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 1,
    "Threshold": 0,
    "Metrics": [
        {"Id": "sum", "Expression": "FILL(failed, 0)"},
        {"Id": "failed", "MetricStat": {"Metric": FAILED, "Period": 300, "Stat": "p99"}},
    ],
}
BROKEN = "import a_missing_package\n\ndef handler(event, context): ...\n"
SLOW = "import time\n\ndef handler(event, context):\n    time.sleep(30)\n"
TROUBLED = {
    "Role": assemblies.ROLE,
    "Statistics": {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": "v2:..."}},
    "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": ALARM},
    "Broken": assemblies.function(BROKEN),
    "Slow": assemblies.function(SLOW, Timeout=1),
    "Table": TABLE,
    "Writer": assemblies.function(WRITES),
}


@pytest.fixture(scope="module")
def troubled(tmp_path_factory) -> Iterator[LocalStack]:
    """A stack in which much goes wrong, for the tests that only look."""
    folder = tmp_path_factory.mktemp("troubled") / "cdk.out"
    with LocalStack(assemblies.write(folder, TROUBLED)) as stack:
        yield stack


def explanations(stack, function):
    texts = [event.text for event in stack.events if isinstance(event, Explained)]
    return [text for text in texts if text.startswith(function)]


def write_as(stack):
    """Let the function without rights write, and give what is answered."""
    payload = json.dumps({"table": stack.physical_id("Table")})
    given = stack.client("lambda").invoke(
        FunctionName=stack.function_name("Writer"), Payload=payload
    )
    return given["Payload"].read().decode()


# --- synthesis


def test_an_app_that_raises_is_shown_with_its_own_traceback(tmp_path):
    (tmp_path / "app.py").write_text("raise RuntimeError('no stack today')\n")

    fault = failure(tmp_path / "app.py")

    assert isinstance(fault, SynthesisFailed)
    assert fault.cause.endswith(f"in {str(tmp_path)!r} ended with status 1")
    assert fault.remedy == "correct what it says"
    assert fault.detail.endswith("RuntimeError: no stack today")


def test_an_app_that_never_synthesizes_is_told_to(tmp_path):
    (tmp_path / "app.py").write_text("print('done')\n")

    fault = failure(tmp_path / "app.py")

    assert isinstance(fault, SynthesisFailed)
    assert fault.cause.endswith("wrote no cloud assembly")
    assert fault.remedy == "call app.synth() at its end"


def test_what_a_failed_start_made_is_removed(tmp_path):
    (tmp_path / "app.py").write_text(
        "import os, pathlib; pathlib.Path(os.environ['CDK_OUTDIR']).mkdir(parents=True)\n"
    )

    failure(tmp_path / "app.py")

    assert list((tmp_path / ".cdk-streamer" / "runs").iterdir()) == []


def test_lookups_that_nobody_did_yet_are_named(tmp_path):
    manifest = {"artifacts": {}, "missing": [{"key": "vpc-provider:account=1"}]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))

    fault = failure(tmp_path)

    assert isinstance(fault, SynthesisFailed)
    assert fault.cause.endswith("which nobody did yet: vpc-provider:account=1")
    assert fault.remedy.startswith("run `cdk synth` once with credentials")


@pytest.mark.parametrize("name", ["", "missing.py", "app.txt"])
def test_what_is_no_app_is_refused_before_anything_starts(tmp_path, name):
    (tmp_path / "app.txt").touch()

    with pytest.raises(BadArgument, match=r"is no app; name an app\.py, a cdk\.json or a cdk\.out"):
        LocalStack(tmp_path / name)


def test_a_cdk_json_without_an_app_says_what_to_add(tmp_path):
    (tmp_path / "cdk.json").write_text("{}")

    with pytest.raises(BadArgument, match=r'names no app; add "app": "python3 app\.py"'):
        LocalStack(tmp_path)


# --- the engine's installation


def test_without_the_extra_the_remedy_is_a_command(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "boto3" else 1)

    with pytest.raises(EngineUnavailable, match=r"boto3 is not installed; run: .* install 'cdk-s"):
        require_extra()


def test_without_uv_the_remedy_is_a_command(monkeypatch, tmp_path):
    monkeypatch.setenv("CDK_STREAMER_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "uv", None)  # as if it were not installed

    with pytest.raises(
        EngineUnavailable, match=r"uv, which installs the engine, is missing; run: "
    ):
        installation.installed()


def test_without_a_network_the_first_start_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("CDK_STREAMER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_OFFLINE", "1")

    with pytest.raises(EngineUnavailable) as failed:
        installation.installed()

    assert failed.value.remedy.startswith("the first run needs a package index")
    assert "ministack" in failed.value.detail or "botocore" in failed.value.detail


# --- deployment


def test_a_type_that_the_engine_lacks_is_named_with_its_construct(tmp_path):
    resources = {"Race": {"Type": "AWS::DeepRacer::Car"}}

    fault = failure(assemblies.write(tmp_path / "cdk.out", resources))

    assert isinstance(fault, ResourceUnknown)
    assert fault.cause == "the engine cannot make Hand/Race (AWS::DeepRacer::Car)"
    assert "test it on AWS" in fault.remedy


def test_a_resource_that_fails_is_named_with_its_construct_and_reason(tmp_path):
    secret = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "SecureString", "Value": "x"}}
    resources = {"Role": assemblies.ROLE, "Secret": secret}

    fault = failure(assemblies.write(tmp_path / "cdk.out", resources))

    assert isinstance(fault, DeploymentFailed)
    assert fault.cause.startswith("Hand/Secret (AWS::SSM::Parameter) failed: ")
    assert "SecureString" in fault.cause


def test_the_cdks_statistics_are_left_out(troubled):
    assert troubled.physical_id("Role").startswith("Hand-Role")


def test_an_alarm_on_an_expression_is_made_on_its_first_metric(troubled):
    (made,) = troubled.client("cloudwatch").describe_alarms()["MetricAlarms"]

    assert {name: made[name] for name in FAILED} == FAILED


# --- functions


def test_a_function_that_cannot_be_imported_is_told_before_its_first_event(troubled):
    (warmed,) = (event for event in troubled.events if isinstance(event, Warmed))

    assert warmed.unloadable == ["Broken"]
    assert "\n".join(explanations(troubled, "Broken")) == (
        "Broken cannot be imported: its code has no module 'a_missing_package'; name what brings "
        "it in the requirements.txt of its folder"
    )
    assert '  File "/var/task/index.py", line 1, in <module>' in troubled.logs("Broken")


def test_a_timeout_is_explained(troubled):
    troubled.client("lambda").invoke(FunctionName=troubled.function_name("Slow"))
    troubled.wait_for(lambda: explanations(troubled, "Slow"))

    assert explanations(troubled, "Slow") == [
        "Slow reached its timeout of 1 s; raise it, or do less in one invocation"
    ]


def test_roles_are_enforced(troubled):
    assert "AccessDeniedException" in write_as(troubled)


def test_roles_are_not_enforced_when_told_so(tmp_path):
    resources = {"Role": assemblies.ROLE, "Table": TABLE, "Writer": assemblies.function(WRITES)}

    with LocalStack(assemblies.write(tmp_path / "cdk.out", resources), iam=False) as stack:
        assert '"written"' in write_as(stack)
