"""Says in a role's policies what AWS understands without being told, and the engine does not.

The engine asks for a permission by the operation's name, but AWS knows no action for a batch: it
needs what a single message needs. And of a call to a table's stream the engine does not see which
stream it is about, so it looks for a permission on all of them.
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
_STREAMS = frozenset({"dynamodb:GetRecords", "dynamodb:GetShardIterator"})


def translate_policies(deployed: DeployedStack) -> None:
    """Let the roles of a deployed stack do here what they may do on AWS."""
    client = deployed.services.client("iam")
    for resource in deployed.template.of_type("AWS::IAM::Role"):
        role = deployed.physical.get(resource.logical_id)
        if role is None:
            continue
        for name in client.list_role_policies(RoleName=role)["PolicyNames"]:
            policy = client.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            wanted = translated(policy)
            if wanted != policy:
                client.put_role_policy(
                    RoleName=role, PolicyName=name, PolicyDocument=json.dumps(wanted)
                )


def translated(policy: Mapping[str, Any]) -> dict[str, Any]:
    """Give the policy in the engine's words."""
    return {**policy, "Statement": [_statement(each) for each in _list(policy["Statement"])]}


def _statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    if "Action" not in statement:
        return dict(statement)
    actions = [str(action) for action in _list(statement["Action"])]
    batches = [batch for single, batch in _BATCHES.items() if single in actions]
    reads_streams = statement["Effect"] == "Allow" and not _STREAMS.isdisjoint(actions)
    return {
        **statement,
        "Action": list(dict.fromkeys([*actions, *batches])),
        **({"Resource": "*"} if reads_streams else {}),
    }


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]
