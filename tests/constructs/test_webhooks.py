"""What an AsyncRequestApi deploys to tell callers' own servers how requests ended."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import aws_kms as kms, aws_secretsmanager as secretsmanager

from cdk_streamer import Webhooks
from cdk_streamer_runtime import contract
from tests.constructs.stacks import (
    SECRET_ARN,
    full_api,
    full_template,
    new_api,
    new_stack,
    statements,
    template_of,
    the,
)

FUNCTION, QUEUE, ROLE = "AWS::Lambda::Function", "AWS::SQS::Queue", "AWS::IAM::Role"


def variables(name: str) -> dict[str, Any]:
    return the(full_template(), FUNCTION, f"{name}Function")["Environment"]["Variables"]


def secret_resource(secret: Any, stack: Any) -> Any:
    """Give what the webhook function may read of secrets."""
    new_api(stack, webhooks=Webhooks(secret=secret))
    (statement,) = (
        statement
        for statement in statements(the(template_of(stack), ROLE, "ApiWebhookRole"))
        if statement["Action"] == "secretsmanager:GetSecretValue"
    )
    return statement["Resource"]


def test_without_a_wish_nobody_is_told():
    stack = new_stack()
    api = new_api(stack)
    template = template_of(stack)
    assert [name for name in template["Resources"] if "Webhook" in name] == []
    assert len(api.dead_letter_queues) == 3


def test_a_delivery_may_be_tried_for_days():
    queue = the(full_template(), QUEUE, "ApiWebhooksQueue")
    assert queue["MessageRetentionPeriod"] == contract.MESSAGE_RETENTION_SECONDS
    assert queue["RedrivePolicy"]["maxReceiveCount"] == contract.WEBHOOK_RECEIVES
    assert queue["VisibilityTimeout"] > contract.WEBHOOK_TIMEOUT_SECONDS


def test_a_delivery_that_was_given_up_can_be_watched():
    dead_letters = full_api().dead_letter_queues[-1]
    assert dead_letters.node.path == "Reports/Api/Webhooks/DeadLetters"


def test_one_end_is_told_by_one_invocation():
    source = the(full_template(), "AWS::Lambda::EventSourceMapping", "ApiWebhook")
    assert source["EventSourceArn"]["Fn::GetAtt"][0].startswith("ApiWebhooksQueue")
    assert source["BatchSize"] == 1
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": 10}


def test_the_function_carries_nothing_of_the_users_and_reads_its_settings():
    function = the(full_template(), FUNCTION, "ApiWebhookFunction")
    deployed = {
        name: json.dumps(value) if isinstance(value, dict) else value
        for name, value in variables("ApiWebhook").items()
    }
    settings = contract.WebhookEnvironment.from_variables(deployed)
    assert settings.secret_arn == SECRET_ARN
    assert settings.hosts == "hooks.example.com,*.example.org"
    assert function["Handler"] == contract.EntryPoint.WEBHOOK
    assert function["Timeout"] == contract.WEBHOOK_TIMEOUT_SECONDS
    assert "Layers" not in function
    assert "BUCKET" not in variables("ApiWebhook")


@pytest.mark.parametrize(
    "name", ["ApiSocketMessage", "ApiHttpHandler", "ApiWorker", "ApiWatcher", "ApiDurable"]
)
def test_who_ends_requests_tells_the_queue(name: str):
    url = variables(name)["CDK_STREAMER_WEBHOOK_QUEUE_URL"]
    assert url["Ref"].startswith("ApiWebhooksQueue")
    sent = json.dumps(
        [
            statement["Resource"]
            for statement in statements(the(full_template(), ROLE, f"{name}Role"))
            if statement["Action"] == "sqs:SendMessage"
        ]
    )
    assert '"ApiWebhooksQueue' in sent


@pytest.mark.parametrize("name", ["ApiSocketMessage", "ApiHttpHandler"])
def test_who_accepts_requests_knows_the_hosts(name: str):
    assert variables(name)["CDK_STREAMER_WEBHOOK_HOSTS"] == "hooks.example.com,*.example.org"


def test_the_function_stays_out_of_networks_and_reads_one_secret():
    assert "VpcConfig" not in the(full_template(), FUNCTION, "ApiWebhookFunction")
    stack = new_stack()
    imported = secretsmanager.Secret.from_secret_complete_arn(stack, "Secret", SECRET_ARN)
    assert secret_resource(imported, stack) == SECRET_ARN


def test_a_secret_that_is_known_by_its_name_alone_can_be_read():
    stack = new_stack()
    named = secretsmanager.Secret.from_secret_name_v2(stack, "Secret", "webhooks")
    assert json.dumps(secret_resource(named, stack)).endswith('":secret:webhooks-??????"]]}')


def test_a_secret_with_a_customers_key_can_be_read():
    stack = new_stack()
    secret: Any = secretsmanager.Secret(stack, "Secret", encryption_key=kms.Key(stack, "Key"))  # pyright: ignore[reportArgumentType] - jsii's stubs
    resource = secret_resource(secret, stack)
    allowed = statements(the(template_of(stack), ROLE, "ApiWebhookRole"))
    assert resource["Ref"].startswith("Secret")
    assert "kms:Decrypt" in [statement["Action"] for statement in allowed]


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"hosts": []}, "must be a list with a name"),
        ({"hosts": "hooks.example.com"}, "must be a list with a name"),
        ({"hosts": ["https://hooks.example.com"]}, "without scheme and port"),
        ({"hosts": ["hooks.example.com:443"]}, "without scheme and port"),
        ({"hosts": ["*"]}, "like 'hooks.example.com'"),
        ({"hosts": ["a.*.example.com"]}, "like 'hooks.example.com'"),
        ({"hosts": ["10.0.0.1"]}, "like 'hooks.example.com'"),
        ({"hosts": ["localhost"]}, "like 'hooks.example.com'"),
        ({"hosts": [f"hooks-{n}.example.com" for n in range(200)]}, "stand for several"),
        ({"max_concurrency": 1}, "must be 2 to 1000, got 1"),
    ],
)
def test_bad_settings_are_refused_with_the_remedy(settings: dict[str, Any], remedy: str):
    secret = secretsmanager.Secret.from_secret_complete_arn(new_stack(), "Secret", SECRET_ARN)
    with pytest.raises(ValueError, match=remedy):
        Webhooks(secret=secret, **settings)
