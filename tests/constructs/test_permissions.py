"""What each role may do: exactly what its function does, on exactly what it does it to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import aws_kms as kms
from policy_sentry.querying.actions import get_action_data

from tests.constructs.stacks import (
    HANDLERS,
    actions,
    as_list,
    new_api,
    new_socket,
    new_stack,
    resources,
    statements,
    template_of,
    the,
)

ROLE = "AWS::IAM::Role"

LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
TRACES = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
STREAM = {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}
CONSUME = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
REQUESTS = {
    "dynamodb:GetItem",
    "dynamodb:UpdateItem",
    "execute-api:ManageConnections",
    "sqs:SendMessage",
}
GOLDEN = {
    "ApiSocketAuthorizerRole": set[str](),
    "ApiSocketConnectionRole": {"dynamodb:DeleteItem", "dynamodb:PutItem"},
    "ApiSocketMessageRole": {
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
        "execute-api:ManageConnections",
    },
    "ApiDispatcherRole": {*STREAM, "sqs:SendMessage"},
    "ApiRedispatcherRole": {*STREAM, *CONSUME, "sqs:SendMessage"},
    "ApiWatcherRole": {*REQUESTS, *CONSUME, "sqs:ChangeMessageVisibility"},
    "ApiWorkerRole": {*REQUESTS, *CONSUME},
}


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:123456789012:key/one")
    new_api(stack)
    new_api(stack, "Encrypted", encryption_key=key)
    new_socket(stack, handlers=HANDLERS)
    return template_of(stack)


def granted(template: dict[str, Any]) -> list[tuple[str, str]]:
    """Give every action with the resource that it is allowed on."""
    return [
        (action, json.dumps(resource))
        for role in resources(template, ROLE).values()
        for statement in statements(role)
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]


def service_entries(action: str) -> list[dict[str, Any]]:
    """Give what AWS says of an action: one entry for each kind of resource."""
    service, _, name = action.partition(":")
    found = get_action_data(service, name)
    return found.get(service, []) if isinstance(found, dict) else []


def test_there_are_as_many_roles_as_functions(template: dict[str, Any]):
    functions = resources(template, "AWS::Lambda::Function").values()
    assert len({json.dumps(function["Role"]) for function in functions}) == len(functions)
    assert len(functions) == len(resources(template, ROLE))


@pytest.mark.parametrize("name", GOLDEN)
def test_a_role_may_do_what_its_function_does(template: dict[str, Any], name: str):
    assert actions(the(template, ROLE, name)) == GOLDEN[name] | LOGS | TRACES


def test_a_socket_alone_reads_no_requests(template: dict[str, Any]):
    assert actions(the(template, ROLE, "SocketMessageRole")) == {
        *LOGS,
        *TRACES,
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "execute-api:ManageConnections",
    }


def test_every_action_exists(template: dict[str, Any]):
    assert {action for action, _ in granted(template) if not service_entries(action)} == set()


def test_no_action_is_a_wildcard(template: dict[str, Any]):
    assert {action for action, _ in granted(template) if "*" in action} == set()


def test_a_resource_is_named_wherever_it_can_be(template: dict[str, Any]):
    nameless = {action for action, resource in granted(template) if resource == '"*"'}
    nameable = {
        action
        for action in nameless
        if any(entry["resource_arn_format"] != "*" for entry in service_entries(action))
    }
    assert nameless == TRACES
    assert nameable == set()


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("ApiSocketMessageRole", "POST"),
        ("ApiSocketMessageRole", "DELETE"),
        ("ApiWatcherRole", "POST"),
        ("ApiWorkerRole", "POST"),
    ],
)
def test_connections_are_managed_on_one_stage_by_one_method(
    template: dict[str, Any], name: str, method: str
):
    (statement,) = (
        statement
        for statement in statements(the(template, ROLE, name))
        if statement["Action"] == "execute-api:ManageConnections"
    )
    arns = [json.dumps(resource) for resource in as_list(statement["Resource"])]
    assert f"/live/{method}/@connections/*" in "".join(arns)
    assert all('"ApiSocketApi' in arn for arn in arns)


def test_the_watcher_sends_work_and_renews_its_watch(template: dict[str, Any]):
    sent = {
        json.dumps(resource)
        for statement in statements(the(template, ROLE, "ApiWatcherRole"))
        if "sqs:SendMessage" in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }
    assert [any(f'"Api{name}Queue' in arn for arn in sent) for name in ("Work", "Watch")] == [
        True,
        True,
    ]
    assert len(sent) == 2


@pytest.mark.parametrize("name", ["ApiWatcherRole", "ApiWorkerRole"])
def test_only_the_message_function_ends_connections(template: dict[str, Any], name: str):
    assert "DELETE" not in json.dumps(the(template, ROLE, name)["Policies"])


def test_the_index_is_all_that_is_queried(template: dict[str, Any]):
    queried = {resource for action, resource in granted(template) if action == "dynamodb:Query"}
    assert all(resource.endswith('"/index/by_owner"]]}') for resource in queried)


KEY_USERS = {
    "EncryptedSocketConnectionRole": {"kms:Decrypt", "kms:Encrypt"},
    "EncryptedSocketMessageRole": {"kms:Decrypt", "kms:Encrypt"},
    "EncryptedDispatcherRole": {"kms:Decrypt", "kms:GenerateDataKey"},
    "EncryptedRedispatcherRole": {"kms:Decrypt", "kms:GenerateDataKey"},
    "EncryptedWatcherRole": {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"},
    "EncryptedWorkerRole": {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"},
}


@pytest.mark.parametrize("name", KEY_USERS)
def test_who_reads_or_writes_may_use_the_customers_key(template: dict[str, Any], name: str):
    assert actions(the(template, ROLE, name)) >= KEY_USERS[name]


def test_the_authorizer_may_not_use_the_customers_key(template: dict[str, Any]):
    assert actions(the(template, ROLE, "EncryptedSocketAuthorizerRole")) == LOGS | TRACES


def test_a_key_is_used_by_those_who_were_given_one(template: dict[str, Any]):
    assert not any(
        action.startswith("kms:") for action in actions(the(template, ROLE, "ApiWorkerRole"))
    )
