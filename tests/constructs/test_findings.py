"""What cdk-nag and cfn-lint say: nothing, but for what docs/security-findings.md says they do."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cdk_nag
import cfnlint.api
import pytest
from aws_cdk import (
    App,
    Duration,
    Stack,
    Validations,
    aws_ec2 as ec2,
    aws_kms as kms,
    aws_secretsmanager as secretsmanager,
    aws_sqs as sqs,
)

from cdk_streamer import Idempotency, RateLimit, StreamSource, Webhooks
from tests.constructs.stacks import (
    ENVIRONMENT,
    HANDLERS,
    SECRET_ARN,
    WITHOUT_ASSETS,
    new_api,
    new_auth,
    new_batch,
    new_full_batch,
    new_full_processor,
    new_function,
    new_processor,
    new_sink,
    new_socket,
    new_stack,
    new_timer,
    template_of,
)

PAGE = Path(__file__).parents[2] / "docs" / "security-findings.md"
GATE = (cdk_nag.AwsSolutionsChecks, cdk_nag.ServerlessChecks)
COMPLIANCE = {
    "HIPAA.Security": cdk_nag.HIPAASecurityChecks,
    "NIST.800.53.R5": cdk_nag.NIST80053R5Checks,
    "PCI.DSS.321": cdk_nag.PCIDSS321Checks,
}


def default_api(stack: Stack) -> None:
    new_api(stack)


def default_socket(stack: Stack) -> None:
    new_socket(stack)


def default_timer(stack: Stack) -> None:
    new_timer(stack)


def default_processor(stack: Stack) -> None:
    new_processor(stack)


def default_sink(stack: Stack) -> None:
    new_sink(stack)


def every_sink(stack: Stack) -> None:
    """Use every prop of a sink that brings resources or statements of its own."""
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2, flow_logs={"All": ec2.FlowLogOptions()})
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    new_sink(
        stack,
        vpc=vpc,
        encryption_key=key,
        rate_limit=RateLimit.per_second(50),
        idempotency=Idempotency(),
        fifo=True,
        ordered_by="account",
    )


def every_processor(stack: Stack) -> None:
    """Use every kind of source, and every kind of step."""
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2, flow_logs={"All": ec2.FlowLogOptions()})
    key: Any = kms.Key(stack, "Key", enable_key_rotation=True)
    new_full_processor(stack, key=key, vpc=vpc)
    new_processor(stack, "Resizer", source=StreamSource.sqs(fifo=True), filter=True)


def every_timer(stack: Stack) -> None:
    """Use every prop of a timer that brings resources or statements of its own."""
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2, flow_logs={"All": ec2.FlowLogOptions()})
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    new_timer(
        stack,
        vpc=vpc,
        encryption_key=key,
        access_logs=False,
        auth=new_auth(),
        strict=True,
        dedupe=True,
    )


def everything(stack: Stack) -> None:
    """Use every prop that brings resources or statements of its own."""
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2, flow_logs={"All": ec2.FlowLogOptions()})
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    secret = secretsmanager.Secret.from_secret_complete_arn(stack, "Secret", SECRET_ARN)
    new_api(
        stack,
        vpc=vpc,
        encryption_key=key,
        access_logs=False,
        durable=Duration.days(30),
        webhooks=Webhooks(secret=secret),
        cors_origins=["https://app.example.com"],
    )


def publisher(stack: Stack) -> None:
    new_socket(stack, handlers=HANDLERS).grant_publish(new_function(stack))


def manager(stack: Stack) -> None:
    function = new_function(stack)
    new_timer(stack, callback=function).grant_manage(function)


def mender(stack: Stack) -> None:
    new_processor(stack).grant_resubmit(new_function(stack))


def operator(stack: Stack) -> None:
    function = new_function(stack)
    sink = new_sink(stack)
    sink.grant_operate(function)
    sink.grant_send(function)


def default_batch(stack: Stack) -> None:
    new_batch(stack)


def every_batch(stack: Stack) -> None:
    """Use every prop of a batch that brings resources or statements of its own."""
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2, flow_logs={"All": ec2.FlowLogOptions()})
    key: Any = kms.Key(stack, "Key", enable_key_rotation=True)
    new_full_batch(stack, vpc=vpc, encryption_key=key)


def office(stack: Stack) -> None:
    new_batch(stack).grant_start(new_function(stack))


def nag(outdir: Path, build: Callable[[Stack], None], *packs: Any, env: Any = None) -> Counter[str]:
    """Give how often each rule is broken without a reason."""
    app = App(context=WITHOUT_ASSETS, outdir=str(outdir))
    build(Stack(app, "Reports", env=env))
    Validations.of(app).add_plugins(*(pack(app) for pack in packs))
    with contextlib.suppress(RuntimeError):  # how findings are told; the report has them all
        app.synth()
    assert (outdir / "manifest.json").exists()
    report = outdir / "validation-report.json"
    plugins = json.loads(report.read_text())["pluginReports"] if report.exists() else []
    return Counter(
        violation["ruleName"]
        for plugin in plugins
        for violation in plugin["violations"]
        for _ in violation["violatingConstructs"]
    )


def lint(template: dict[str, Any]) -> list[str]:
    # W3005: CDK itself lets each function depend on its role, which the function names too.
    config = cfnlint.api.ManualArgs(ignore_checks=["W3005"])
    return [str(match) for match in cfnlint.api.lint(json.dumps(template), config=config)]


# --- the gate -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "env"),
    [
        *((build, env) for build in (default_api, everything) for env in (None, ENVIRONMENT)),
        *((default_socket, None), (default_timer, ENVIRONMENT), (every_timer, None)),
        *((default_processor, ENVIRONMENT), (every_processor, None)),
        *((default_sink, ENVIRONMENT), (every_sink, None)),
        *((default_batch, ENVIRONMENT), (every_batch, None)),
    ],
)
def test_nothing_is_found_that_has_no_reason(tmp_path: Path, build: Any, env: Any):
    assert nag(tmp_path, build, *GATE, env=env) == Counter()


@pytest.mark.parametrize("build", [publisher, manager, mender, operator, office])
def test_a_function_of_the_users_has_findings_of_its_own_alone(tmp_path: Path, build: Any):
    found = nag(tmp_path, build, *GATE)
    assert {rule for rule in found if "IAM5" in rule} == set()


def test_the_gate_is_shut(tmp_path: Path):
    found = nag(tmp_path, lambda stack: sqs.Queue(stack, "Open") and None, *GATE)
    assert {"AwsSolutions-SQS3", "AwsSolutions-SQS4", "Serverless-SQSRedrivePolicy"} <= found.keys()


@pytest.mark.parametrize(
    "build",
    [
        *(default_api, default_socket, everything, default_timer, every_timer),
        *(default_processor, every_processor, default_sink, every_sink),
        *(default_batch, every_batch),
    ],
)
def test_cfn_lint_finds_nothing(build: Callable[[Stack], None]):
    stack = new_stack(context=WITHOUT_ASSETS)
    build(stack)
    assert lint(template_of(stack)) == []


def test_cfn_lint_is_awake():
    bad = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Nonsense": 1}}}}
    assert lint(bad) != []


# --- the page -------------------------------------------------------------------------------------


def page_rows(first_heading: str) -> list[list[str]]:
    """Give the rows of the table whose first columns are headed so."""
    _, table = PAGE.read_text().split(f"| {first_heading} |", 1)
    rows = table.split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


@pytest.mark.parametrize(
    ("build", "heading"),
    [
        (default_api, "rule | HIPAA Security"),
        (default_timer, "rule of a timer | HIPAA Security"),
        (default_processor, "rule of a processor | HIPAA Security"),
        (default_sink, "rule of a sink | HIPAA Security"),
        (default_batch, "rule of a batch | HIPAA Security"),
    ],
)
def test_the_page_counts_what_the_compliance_packs_find(tmp_path: Path, build: Any, heading: str):
    found = nag(tmp_path, build, *COMPLIANCE.values())
    told = {
        f"{prefix}-{row[0]}": int(row[1 + column])
        for row in page_rows(heading)
        for column, prefix in enumerate(COMPLIANCE)
    }
    assert {rule: count for rule, count in told.items() if count} == found


def test_the_page_gives_every_reason_that_the_constructs_give():
    given = {
        (rule.partition("[")[0].rpartition("::")[2], reason)
        for build in (
            *(everything, every_timer, manager, every_processor, mender, every_sink),
            every_batch,
        )
        for construct in built(build).node.find_all()
        for entry in construct.node.metadata
        if entry.type == Validations.ACKNOWLEDGED_RULES_METADATA_KEY
        for rule, reason in dict(entry.data).items()
        if "::AwsSolutions-" in rule or "::Serverless-" in rule
    }
    told = {(rule, row[2]) for row in page_rows("rule | where") for rule in row[0].split(", ")}
    assert given == told


def built(build: Callable[[Stack], None]) -> Stack:
    stack = new_stack()
    build(stack)
    return stack
