"""What the role of a processor may do: what its rules say that they do, and what runs them does."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.constructs.stacks import (
    actions,
    bare_processor,
    full_processor_template,
    new_stack,
    resources,
    template_of,
    the,
)
from tests.constructs.test_permissions import CONSUME, LOGS, ROLE, TRACES, granted, service_entries


@cache
def of_stream_template() -> dict[str, Any]:
    stack = new_stack()
    bare_processor(stack)
    return template_of(stack)


TEMPLATES = {"Listener": of_stream_template, "Everything": full_processor_template}
CLAIMS = {"s3:GetObject", "s3:ListBucket", "s3:PutObject"}
GOLDEN = {
    "Listener": {
        *CLAIMS,
        *("kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords"),
        *("kinesis:GetShardIterator", "kinesis:ListShards"),
        *("dynamodb:UpdateItem", "events:PutEvents", "sqs:SendMessage"),
    },
    "Everything": {
        *CONSUME,
        *CLAIMS,
        *(f"dynamodb:{action}Item" for action in ("BatchGet", "BatchWrite", "ConditionCheck")),
        *(f"dynamodb:{action}Item" for action in ("Delete", "Get", "Put", "Update")),
        *("dynamodb:Query", "dynamodb:Scan", "events:PutEvents", "kinesis:PutRecords"),
        *("sqs:SendMessage", "sns:Publish", "s3:DeleteObject", "lambda:InvokeFunction"),
        *("scheduler:CreateSchedule", "scheduler:DeleteSchedule", "scheduler:UpdateSchedule"),
        *("iam:PassRole", "states:StartExecution", "secretsmanager:GetSecretValue"),
    },
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_role_may_do_what_its_rules_do(name: str):
    role = the(TEMPLATES[name](), ROLE, f"{name}Processor")
    assert actions(role) == GOLDEN[name] | LOGS | TRACES


def test_whoever_reports_progress_may_post_to_the_sockets_connections():
    (policy,) = resources(full_processor_template(), "AWS::IAM::Policy").values()
    found = {str(statement["Action"]) for statement in policy["PolicyDocument"]["Statement"]}
    assert found == {"['dynamodb:PutItem', 'dynamodb:UpdateItem']", "execute-api:ManageConnections"}


@pytest.mark.parametrize("name", GOLDEN)
def test_every_action_exists_and_none_is_a_wildcard(name: str):
    found = granted(TEMPLATES[name]())
    assert {action for action, _ in found if "*" in action or not service_entries(action)} == set()


@pytest.mark.parametrize("name", GOLDEN)
def test_a_resource_is_named_wherever_it_can_be(name: str):
    nameless = {action for action, resource in granted(TEMPLATES[name]()) if resource == '"*"'}
    assert nameless == TRACES


@pytest.mark.parametrize("name", GOLDEN)
def test_events_and_records_that_are_too_large_are_written_and_events_alone_read(name: str):
    bucket = f'"{name}Claims'
    objects = {
        (action, json.loads(resource)["Fn::Join"][1][-1])
        for action, resource in granted(TEMPLATES[name]())
        if bucket in resource and action in {"s3:GetObject", "s3:PutObject"}
    }
    assert objects == {
        ("s3:GetObject", "/claims/*"),
        ("s3:PutObject", "/claims/*"),
        ("s3:PutObject", "/records/*"),
    }


def test_queries_alone_reach_indexes():
    indexed = {
        action for action, resource in granted(full_processor_template()) if "/index/*" in resource
    }
    assert indexed == {"dynamodb:Query", "dynamodb:Scan"}
