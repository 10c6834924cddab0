"""What the roles of a batch may do, and those of functions that start or run it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from aws_cdk import Duration, Stack, aws_kms as kms, aws_lambda as lambda_, aws_sqs as sqs

from cdk_streamer import BatchTarget
from tests.constructs.stacks import (
    ENVIRONMENT,
    REMOTE_QUEUE,
    actions,
    as_list,
    bare_batch,
    new_api,
    new_full_batch,
    new_function,
    new_sink,
    new_stack,
    resources,
    statements,
    template_of,
    the,
)
from tests.constructs.test_permissions import LOGS, ROLE, TRACES, granted, service_entries

POLICY = "AWS::IAM::Policy"
KEY = {"kms:Decrypt", "kms:GenerateDataKey"}
CHECKPOINTS = {"lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"}
CHANNEL = {"dynamodb:PutItem", "dynamodb:UpdateItem", "execute-api:ManageConnections"}
SEND, INVOKE = {"sqs:SendMessage"}, {"lambda:InvokeFunction"}


@cache
def template() -> dict[str, Any]:
    stack = new_stack(env=ENVIRONMENT)
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:123456789012:key/one")
    new_full_batch(stack)
    bare_batch(stack, "Encrypted", encryption_key=key)
    bare_batch(stack, "Own", target=None)
    bare_batch(
        stack, "Fanned", target=BatchTarget.function(new_function(stack, "Reader"))
    ).grant_start(new_function(stack, "Office"))
    return template_of(stack)


GOLDEN = {
    "DailyDurableRole": {*SEND, *CHANNEL},
    "DailyStarterRole": {*SEND, *INVOKE},
    "EncryptedDurableRole": {*SEND, *KEY},
    "OwnDurableRole": SEND,
    "FannedDurableRole": {*SEND, *INVOKE},
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_role_may_do_what_its_function_does(name: str):
    assert actions(the(template(), ROLE, name)) == GOLDEN[name] | LOGS | TRACES


def test_every_action_exists_and_none_is_a_wildcard():
    done = {action for action, _ in granted(template())}
    assert {action for action in done if not service_entries(action) or "*" in action} == set()


def test_a_resource_is_named_wherever_it_can_be():
    nameless = {action for action, resource in granted(template()) if resource == '"*"'}
    assert nameless == TRACES


def policy(name: str) -> list[dict[str, Any]]:
    return the(template(), POLICY, name)["PolicyDocument"]["Statement"]


def test_a_batch_checkpoints_its_own_executions():
    # What AWS's managed policy for durable functions has, but for its wildcard.
    (statement,) = policy("DailyDurableCheckpoints")
    assert set(statement["Action"]) == CHECKPOINTS
    assert '"DailyDurableFunction' in json.dumps(statement["Resource"])


def test_no_resource_waits_for_itself():
    # CloudFormation would refuse a role that names its function, which needs the role.
    role = json.dumps(the(template(), ROLE, "DailyDurableRole")["Policies"])
    assert "DailyDurableFunction" not in role
    assert "DailyDurableLive" not in role


def reached(name: str, action: str) -> list[str]:
    """Give the resources that a role may do something with."""
    return [
        json.dumps(resource)
        for statement in statements(the(template(), ROLE, name))
        if action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]


def test_messages_go_to_the_queue_in_its_region_and_to_the_dead_letters():
    remote, dead = sorted(reached("DailyDurableRole", "sqs:SendMessage"), key=len)
    assert REMOTE_QUEUE in remote or REMOTE_QUEUE in dead
    assert '"DailyDeadLetters' in remote + dead


def test_only_the_alias_is_invoked_to_start_executions():
    (alias,) = reached("DailyStarterRole", "lambda:InvokeFunction")
    assert '"DailyDurableLive' in alias
    (office,) = policy("OfficeServiceRoleDefaultPolicy")
    assert office["Action"] == "lambda:InvokeFunction"
    assert '"FannedDurableLive' in json.dumps(office["Resource"])


def test_only_the_function_that_is_the_target_is_invoked():
    (target,) = reached("FannedDurableRole", "lambda:InvokeFunction")
    assert target == json.dumps({"Fn::GetAtt": [json.loads(target)["Fn::GetAtt"][0], "Arn"]})
    assert '"Reader' in target


def test_a_schedule_invokes_the_starter_and_keeps_what_it_could_not():
    role = the(template(), ROLE, "DailyStarterScheduleRole")
    invoke, send = statements(role)
    assert (invoke["Action"], send["Action"]) == ("lambda:InvokeFunction", "sqs:SendMessage")
    assert '"DailyStarterFunction' in json.dumps(invoke["Resource"])
    assert '"DailyStartFailures' in json.dumps(send["Resource"])
    condition = role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringEquals"]
    assert condition["aws:SourceAccount"] == "123456789012"


def single(build: Callable[[Stack], None]) -> dict[str, Any]:
    stack = new_stack(env=ENVIRONMENT)
    build(stack)
    return template_of(stack)


def test_a_remote_queues_own_key_is_used():
    key = "arn:aws:kms:us-east-1:123456789012:key/theirs"

    def remote(stack: Stack) -> None:
        queue = sqs.Queue.from_queue_attributes(stack, "Queue", queue_arn=REMOTE_QUEUE, key_arn=key)
        bare_batch(stack, target=BatchTarget.queue(queue))

    (statement,) = (
        statement
        for statement in statements(the(single(remote), ROLE, "DailyDurableRole"))
        if "kms:Decrypt" in statement["Action"]
    )
    assert statement["Resource"] == key
    assert set(statement["Action"]) == KEY


def test_a_schedule_may_use_the_key_of_what_it_keeps():
    def encrypted(stack: Stack) -> None:
        key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:123456789012:key/one")
        new_full_batch(stack, encryption_key=key)

    found = single(encrypted)
    for name in ("DailyStarterScheduleRole", "DailyStarterRole", "DailyDurableRole"):
        assert actions(the(found, ROLE, name)) >= KEY


def test_a_sink_is_sent_to_and_nothing_else():
    def sunk(stack: Stack) -> None:
        bare_batch(stack, target=BatchTarget.sink(new_sink(stack)))

    found = single(sunk)
    assert actions(the(found, ROLE, "DailyDurableRole")) == SEND | LOGS | TRACES


def test_an_api_that_runs_a_batch_may_do_what_it_does():
    def served(stack: Stack) -> None:
        api = new_api(stack, durable=Duration.days(1), alarms=False, dashboard=False)
        bare_batch(stack, handlers=None).grant_run(api)

    found = single(served)
    for name in ("ApiWorkerRoleDefaultPolicy", "ApiDurableRoleDefaultPolicy"):
        document = the(found, POLICY, name)["PolicyDocument"]["Statement"]
        assert {action for each in document for action in as_list(each["Action"])} == SEND
        assert REMOTE_QUEUE in json.dumps(document)
        assert '"DailyDeadLetters' in json.dumps(document)


def test_a_target_of_an_alias_is_invoked_by_it():
    def aliased(stack: Stack) -> None:
        version: Any = new_function(stack, "Reader").current_version
        alias: Any = lambda_.Alias(stack, "ReaderLive", alias_name="live", version=version)
        bare_batch(stack, target=BatchTarget.function(alias))

    found = single(aliased)
    aliases = resources(found, "AWS::Lambda::Alias")
    (resource,) = (
        statement["Resource"]["Ref"]
        for statement in statements(the(found, ROLE, "DailyDurableRole"))
        if statement["Action"] == "lambda:InvokeFunction"
    )
    assert resource in aliases
    assert resource.startswith("ReaderLive")
