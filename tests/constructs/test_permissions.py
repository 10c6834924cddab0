"""What each role may do: exactly what its function does, on exactly what it does it to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import Duration, aws_kms as kms, aws_secretsmanager as secretsmanager
from policy_sentry.querying.actions import get_action_data

from cdk_streamer import Webhooks
from tests.constructs.stacks import (
    HANDLERS,
    actions,
    as_list,
    new_api,
    new_auth,
    new_socket,
    new_stack,
    new_timer,
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
REQUESTS = {"dynamodb:GetItem", "dynamodb:UpdateItem", "execute-api:ManageConnections"}
ACCEPT = {
    *REQUESTS,
    "dynamodb:BatchGetItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "s3:GetObject",
    "s3:PutObject",
}
ATTEMPT = {
    *REQUESTS,
    "dynamodb:BatchWriteItem",
    "s3:GetObject",
    "s3:PutObject",
    "sqs:SendMessage",
}
END_EXECUTIONS = {"lambda:SendDurableExecutionCallbackSuccess", "lambda:StopDurableExecution"}
GOLDEN = {
    "ApiSocketAuthorizerRole": {"dynamodb:DeleteItem"},
    "ApiSocketConnectionRole": {"dynamodb:DeleteItem", "dynamodb:PutItem"},
    "ApiSocketMessageRole": ACCEPT,
    "ApiHttpHandlerRole": ACCEPT,
    "ApiDispatcherRole": {*STREAM, "sqs:SendMessage"},
    "ApiRedispatcherRole": {*STREAM, *CONSUME, "sqs:SendMessage"},
    "ApiWatcherRole": {*REQUESTS, *CONSUME, "sqs:ChangeMessageVisibility", "sqs:SendMessage"},
    "ApiWorkerRole": {*ATTEMPT, *CONSUME},
    "FullSocketMessageRole": {*ACCEPT, *END_EXECUTIONS, "sqs:SendMessage"},
    "FullHttpHandlerRole": {*ACCEPT, *END_EXECUTIONS, "sqs:SendMessage"},
    "FullDispatcherRole": {*STREAM, "lambda:InvokeFunction", "sqs:SendMessage"},
    "FullRedispatcherRole": {*STREAM, *CONSUME, "lambda:InvokeFunction", "sqs:SendMessage"},
    "FullWatcherRole": {
        *REQUESTS,
        *CONSUME,
        *END_EXECUTIONS,
        "lambda:GetDurableExecution",
        "lambda:InvokeFunction",
        "lambda:ListDurableExecutionsByFunction",
        "sqs:ChangeMessageVisibility",
        "sqs:SendMessage",
    },
    "FullWorkerRole": {*ATTEMPT, *CONSUME},
    "FullDurableRole": ATTEMPT,
    "FullWebhookRole": {
        *CONSUME,
        "dynamodb:GetItem",
        "dynamodb:UpdateItem",
        "s3:GetObject",
        "secretsmanager:GetSecretValue",
        "sqs:ChangeMessageVisibility",
    },
    "TimerApiHandlerRole": {
        *(f"dynamodb:{action}Item" for action in ("BatchGet", "ConditionCheck", "Delete")),
        *(f"dynamodb:{action}Item" for action in ("Get", "Put", "Update")),
        "dynamodb:Query",
        "sqs:SendMessage",
    },
    "TimerTickerRole": {"dynamodb:BatchGetItem", "sqs:SendMessage"},
    "TimerDispatcherRole": {
        *CONSUME,
        *(f"dynamodb:{action}Item" for action in ("BatchGet", "Delete", "Get", "Put", "Update")),
        "dynamodb:Query",
        "sqs:SendMessage",
    },
    "TimerCallbackRole": CONSUME,
    "StrictCallbackRole": {
        *CONSUME,
        *(f"dynamodb:{action}Item" for action in ("Delete", "Get", "Update")),
        *("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
        *("kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
    },
    "StrictAuthorizerRole": set[str](),
}
# Which items a role may do what to: as many statements as there are pairs, none beside them.
TIMER_ITEMS = {
    "TimerApiHandlerRole": {
        "BatchGetItem": "t",
        "ConditionCheckItem": "s",
        "DeleteItem": "dw",
        "GetItem": "cst",
        "PutItem": "cdstw",
        "UpdateItem": "c",
    },
    "TimerTickerRole": {"BatchGetItem": "s"},
    "TimerDispatcherRole": {
        "BatchGetItem": "t",
        "DeleteItem": "d",
        "GetItem": "ds",
        "PutItem": "ds",
        "Query": "cdw",
        "UpdateItem": "st",
    },
    "TimerCallbackRole": {},
    "StrictCallbackRole": {"DeleteItem": "f", "GetItem": "t", "UpdateItem": "f"},
}


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:123456789012:key/one")
    new_api(stack)
    new_api(stack, "Encrypted", encryption_key=key)
    secret = secretsmanager.Secret(stack, "Secret")
    new_api(stack, "Full", durable=Duration.days(30), webhooks=Webhooks(secret=secret))
    new_socket(stack, handlers=HANDLERS)
    new_timer(stack)
    new_timer(stack, "Strict", auth=new_auth(), strict=True, dedupe=True, encryption_key=key)
    return template_of(stack)


def granted(template: dict[str, Any]) -> list[tuple[str, str]]:
    """Give every action with the resource that it is allowed on."""
    policies = resources(template, "AWS::IAM::Policy").values()
    return [
        (action, json.dumps(resource))
        for statement in (
            *(one for role in resources(template, ROLE).values() for one in statements(role)),
            *(one for policy in policies for one in policy["PolicyDocument"]["Statement"]),
        )
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
    of_schedules = [name for name in resources(template, ROLE) if "ScheduleRole" in name]
    assert len({json.dumps(function["Role"]) for function in functions}) == len(functions)
    assert len(functions) == len(resources(template, ROLE)) - len(of_schedules)
    assert len(of_schedules) == len(resources(template, "AWS::Scheduler::Schedule")) == 2


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
        ("ApiSocketMessageRole", "GET"),
        ("ApiSocketMessageRole", "DELETE"),
        ("ApiHttpHandlerRole", "POST"),
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


@pytest.mark.parametrize("name", ["ApiWatcherRole", "ApiWorkerRole", "ApiHttpHandlerRole"])
def test_only_the_message_function_ends_connections(template: dict[str, Any], name: str):
    assert "/DELETE/@connections" not in json.dumps(the(template, ROLE, name)["Policies"])


def test_nothing_is_scanned_and_one_index_is_queried(template: dict[str, Any]):
    queried = {resource for action, resource in granted(template) if action == "dynamodb:Query"}
    indexes = {resource for resource in queried if "/index/" in resource}
    assert indexes
    assert all(resource.endswith('"/index/by_owner"]]}') for resource in indexes)
    assert "dynamodb:Scan" not in {action for action, _ in granted(template)}


def test_an_object_is_reached_below_its_prefix_alone(template: dict[str, Any]):
    objects = {resource for action, resource in granted(template) if action.startswith("s3:")}
    assert all(resource.endswith(('"/requests/*"]]}', '"/uploads/*"]]}')) for resource in objects)


@pytest.mark.parametrize(
    ("name", "prefix", "allowed"),
    [
        ("ApiSocketMessageRole", "requests", {"s3:GetObject"}),
        ("ApiSocketMessageRole", "uploads", {"s3:GetObject", "s3:PutObject"}),
        ("ApiHttpHandlerRole", "requests", {"s3:GetObject"}),
        ("ApiHttpHandlerRole", "uploads", {"s3:GetObject", "s3:PutObject"}),
        ("ApiWorkerRole", "requests", {"s3:GetObject", "s3:PutObject"}),
        ("ApiWorkerRole", "uploads", {"s3:GetObject"}),
        ("FullDurableRole", "requests", {"s3:GetObject", "s3:PutObject"}),
        ("FullDurableRole", "uploads", {"s3:GetObject"}),
        ("FullWebhookRole", "requests", {"s3:GetObject"}),
        ("FullWebhookRole", "uploads", set[str]()),
    ],
)
def test_a_role_does_with_objects_what_its_function_does(
    template: dict[str, Any], name: str, prefix: str, allowed: set[str]
):
    assert {
        action
        for statement in statements(the(template, ROLE, name))
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
        if f'"/{prefix}/*"' in json.dumps(resource) and action.startswith("s3:")
    } == allowed


def test_the_authorizer_touches_tickets_alone(template: dict[str, Any]):
    (statement,) = (
        statement
        for statement in statements(the(template, ROLE, "ApiSocketAuthorizerRole"))
        if statement["Action"] == "dynamodb:DeleteItem"
    )
    condition = statement["Condition"]["ForAllValues:StringLike"]
    assert condition == {"dynamodb:LeadingKeys": ["ticket#*"]}


def test_the_durable_function_checkpoints_its_own_executions(template: dict[str, Any]):
    policy = the(template, "AWS::IAM::Policy", "FullDurableCheckpoints")
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == [
        "lambda:CheckpointDurableExecution",
        "lambda:GetDurableExecutionState",
    ]
    assert '"FullDurableFunction' in json.dumps(statement["Resource"])


def test_executions_are_started_by_the_alias_alone(template: dict[str, Any]):
    invoked = {r for action, r in granted(template) if action == "lambda:InvokeFunction"}
    (alias,) = {resource for resource in invoked if "Ticker" not in resource}
    assert '"FullDurableLive' in alias


@pytest.mark.parametrize("name", TIMER_ITEMS)
def test_a_role_reaches_the_items_that_its_function_does(template: dict[str, Any], name: str):
    reached = {
        action.removeprefix("dynamodb:"): "".join(
            pattern.removesuffix("#*")
            for pattern in statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        )
        for statement in statements(the(template, ROLE, name))
        for action in as_list(statement["Action"])
        if action.startswith("dynamodb:") and "/index/" not in json.dumps(statement["Resource"])
    }
    assert reached == TIMER_ITEMS[name]


@pytest.mark.parametrize(
    ("name", "queues"),
    [
        ("TimerApiHandlerRole", {"TimerFanOutQueue"}),
        ("TimerTickerRole", {"TimerDispatchQueue"}),
        ("TimerDispatcherRole", {"TimerFanOutQueue", "TimerFanOutDeadLetters"}),
        ("TimerCallbackRole", set[str]()),
    ],
)
def test_a_function_of_timers_sends_where_it_should(
    template: dict[str, Any], name: str, queues: set[str]
):
    sent = {
        resource["Fn::GetAtt"][0][:-8]
        for statement in statements(the(template, ROLE, name))
        if "sqs:SendMessage" in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }
    assert sent == queues


KEY_USERS = {
    "EncryptedSocketConnectionRole": {"kms:Decrypt", "kms:Encrypt"},
    "EncryptedSocketMessageRole": {"kms:Decrypt", "kms:Encrypt"},
    "EncryptedDispatcherRole": {"kms:Decrypt", "kms:GenerateDataKey"},
    "EncryptedRedispatcherRole": {"kms:Decrypt", "kms:GenerateDataKey"},
    "EncryptedWatcherRole": {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"},
    "EncryptedHttpHandlerRole": {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"},
    "EncryptedWorkerRole": {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"},
    "StrictApiHandlerRole": {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"},
    "StrictDispatcherRole": {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"},
    "StrictTickerRole": {"kms:Decrypt", "kms:GenerateDataKey"},
}


@pytest.mark.parametrize("name", KEY_USERS)
def test_who_reads_or_writes_may_use_the_customers_key(template: dict[str, Any], name: str):
    assert actions(the(template, ROLE, name)) >= KEY_USERS[name]


def test_a_key_is_used_by_those_who_were_given_one(template: dict[str, Any]):
    assert not any(
        action.startswith("kms:") for action in actions(the(template, ROLE, "ApiWorkerRole"))
    )
