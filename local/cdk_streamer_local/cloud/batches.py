"""Lets a role that may send one message send ten at once, as it may on AWS.

The engine asks for the permission by the operation's name, but AWS knows no such action: a batch
needs what a single message needs.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from cdk_streamer_local.cloud.deployment import DeployedStack

_BATCHES = {
    "sqs:SendMessage": "sqs:SendMessageBatch",
    "sqs:DeleteMessage": "sqs:DeleteMessageBatch",
    "sqs:ChangeMessageVisibility": "sqs:ChangeMessageVisibilityBatch",
}


def allow_batches(deployed: DeployedStack) -> None:
    """Say in the roles of a deployed stack what AWS understands without being told."""
    client = deployed.services.client("iam")
    for resource in deployed.template.of_type("AWS::IAM::Role"):
        role = deployed.physical.get(resource.logical_id)
        if role is None:
            continue
        for name in client.list_role_policies(RoleName=role)["PolicyNames"]:
            policy = client.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            wanted = with_batches(policy)
            if wanted != policy:
                client.put_role_policy(
                    RoleName=role, PolicyName=name, PolicyDocument=json.dumps(wanted)
                )


def with_batches(policy: Mapping[str, Any]) -> dict[str, Any]:
    """Give the policy whose statements name the batch beside each single operation."""
    return {**policy, "Statement": [_statement(each) for each in _list(policy["Statement"])]}


def _statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    if "Action" not in statement:
        return dict(statement)
    actions = [str(action) for action in _list(statement["Action"])]
    batches = [batch for single, batch in _BATCHES.items() if single in actions]
    return {**statement, "Action": list(dict.fromkeys([*actions, *batches]))}


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]
