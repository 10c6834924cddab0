"""The same app is the same template, whatever is around it; and an id that changes is noticed."""

from __future__ import annotations

import json
import re
import tarfile
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk
import pytest
from aws_cdk import Duration, aws_ec2 as ec2, aws_kms as kms, aws_scheduler as scheduler
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from cdk_streamer_runtime.contract.streams import RULES_METADATA
from tests.constructs.stacks import (
    ENVIRONMENT,
    HANDLERS,
    WITHOUT_ASSETS,
    new_api,
    new_auth,
    new_batch,
    new_bus_source,
    new_full_batch,
    new_full_processor,
    new_function,
    new_processor,
    new_sink,
    new_socket,
    new_stack,
    new_timer,
    resources,
    template_of,
)

# Stacks of their own version of CDK name the partition of ARNs; what is in them follows.
PARTITION_FLAG = "@aws-cdk/core:enablePartitionLiterals"

DAILY = scheduler.ScheduleExpression.rate(Duration.days(1))

Template = dict[str, Any]


@cache
def recommended_flags() -> dict[str, Any]:
    (archive,) = Path(aws_cdk.__file__).parent.glob("_jsii/*.tgz")
    with tarfile.open(archive) as package:
        file = package.extractfile("package/recommended-feature-flags.json")
        assert file is not None
        return json.load(file)


def template(
    *, context: dict[str, Any] | None = None, env: Any = None, **settings: Any
) -> Template:
    stack = new_stack(context=WITHOUT_ASSETS | (context or {}), env=env)
    new_api(stack, **settings)
    new_socket(stack)
    new_timer(stack)
    new_processor(stack)
    new_processor(stack, "Projector", source=new_bus_source(stack))
    new_sink(stack)
    new_batch(stack, schedule=DAILY)
    return template_of(stack)


def without_hashes(document: Template) -> Template:
    """Take out what changes with the code of the runtime."""
    return json.loads(without_deployments(re.sub(r"[0-9a-f]{64}", "<hash>", json.dumps(document))))


def without_deployments(text: str) -> str:
    """Take out what changes with the methods of a REST API, and with each version."""
    return re.sub(r"((?:ApiDeployment|CurrentVersion)[0-9A-F]{8})[0-9a-f]{32}", r"\1", text)


# --- the template is what was agreed on -----------------------------------------------------------


@pytest.fixture
def json_snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(JSONSnapshotExtension)


def test_an_api_is_as_agreed(json_snapshot: SnapshotAssertion):
    stack = new_stack()
    new_api(stack)
    assert without_hashes(template_of(stack)) == json_snapshot


def test_a_socket_is_as_agreed(json_snapshot: SnapshotAssertion):
    stack = new_stack()
    new_socket(stack)
    assert without_hashes(template_of(stack)) == json_snapshot


def test_a_timer_is_as_agreed(json_snapshot: SnapshotAssertion):
    stack = new_stack()
    new_timer(stack)
    assert without_hashes(template_of(stack)) == json_snapshot


def test_a_processor_is_as_agreed(json_snapshot: SnapshotAssertion):
    stack = new_stack()
    new_processor(stack)
    document = without_hashes(template_of(stack))
    for resource in document["Resources"].values():
        # What rules tell of themselves is theirs to change.
        resource.get("Metadata", {}).pop(RULES_METADATA, None)
    assert document == json_snapshot


def test_a_sink_is_as_agreed(json_snapshot: SnapshotAssertion):
    stack = new_stack()
    new_sink(stack)
    assert without_hashes(template_of(stack)) == json_snapshot


def test_a_batch_is_as_agreed(json_snapshot: SnapshotAssertion):
    stack = new_stack()
    new_batch(stack, schedule=DAILY)
    assert without_hashes(template_of(stack)) == json_snapshot


def test_logical_ids_are_frozen():
    ids = (Path(__file__).parent / "logical_ids.txt").read_text().split()
    # That of a deployment is made of what is deployed, so that a change is one.
    named = {without_deployments(name) for name in template()["Resources"]}
    assert sorted(named) == ids


def test_a_deployment_is_another_when_who_may_call_is():
    # Without one, a changed policy or method would not be in use.
    deployments = {
        name
        for settings in ({}, {"auth": new_auth()})
        for name in resources(timer_template(settings), "AWS::ApiGateway::Deployment")
    }
    assert len(deployments) == 2


def timer_template(settings: dict[str, Any]) -> Template:
    stack = new_stack()
    new_timer(stack, **settings)
    return template_of(stack)


# --- nothing around it matters --------------------------------------------------------------------


def test_the_users_flags_change_nothing():
    flags = recommended_flags()
    assert len(flags) > 80
    assert template(context=flags) == template()


def test_the_users_flags_change_nothing_in_a_stack_with_an_account():
    flags = recommended_flags() | {PARTITION_FLAG: False}
    assert template(context=flags, env=ENVIRONMENT) == template(env=ENVIRONMENT)


def test_the_users_flags_change_nothing_in_a_network_with_a_key():
    def networked(context: dict[str, Any]) -> Template:
        stack = new_stack(context=WITHOUT_ASSETS | context)
        vpc = ec2.Vpc.from_vpc_attributes(
            stack,
            "Vpc",
            vpc_id="vpc-1",
            availability_zones=["a", "b"],
            private_subnet_ids=["subnet-1", "subnet-2"],
        )
        key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:123456789012:key/one")
        new_api(stack, vpc=vpc, encryption_key=key)
        new_timer(stack, vpc=vpc, encryption_key=key, auth=new_auth(), strict=True, dedupe=True)
        new_full_processor(stack, key=key, vpc=vpc)
        new_sink(stack, vpc=vpc, encryption_key=key, fifo=True)
        new_full_batch(stack, vpc=vpc, encryption_key=key)
        return template_of(stack)

    assert networked(recommended_flags()) == networked({})


def test_the_users_flags_change_nothing_but_what_is_the_users():
    def called(context: dict[str, Any]) -> Template:
        stack = new_stack(context=WITHOUT_ASSETS | context)
        new_timer(stack, callback=new_function(stack))
        found = template_of(stack)["Resources"]
        return {name: found[name] for name in found if not name.startswith("Publisher")}

    assert called(recommended_flags()) == called({})


def test_a_laptops_template_differs_from_lambdas_in_hashes_alone(tmp_path: Path):
    folder = tmp_path / "handlers"
    folder.mkdir()
    for module in ("requests.py", "streams.py"):
        (folder / module).write_text((HANDLERS / module).read_text())
    (folder / "requirements.txt").write_text("markupsafe==3.0.2\n")
    lambdas = template(context={"aws:cdk:bundling-stacks": ["**"]}, handlers=folder)
    laptops = template(
        context={"aws:cdk:bundling-stacks": ["**"], "cdk-streamer:platform": "host"},
        handlers=folder,
    )
    assert lambdas != laptops
    assert without_hashes(lambdas) == without_hashes(laptops)
