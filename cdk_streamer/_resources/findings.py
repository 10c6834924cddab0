"""Acknowledges what checkers find and we mean, each time with the reason."""

from __future__ import annotations

from typing import Any, cast

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, reason: str, *rules: str) -> None:
    """Say why `rules` do not hold for a construct and what is in it."""
    Validations.of(construct).acknowledge(
        *(Acknowledgment(id=rule, reason=reason) for rule in rules)
    )


def acknowledge_wildcard(construct: IConstruct, reason: str, arn: str) -> None:
    """Say why a policy in `construct` names a resource with a wildcard."""
    acknowledge(construct, reason, f"AwsSolutions-IAM5[Resource::{_flat_arn(construct, arn)}]")


def acknowledge_policy(construct: IConstruct, reason: str, arn: str) -> None:
    """Say why a role has a policy that AWS manages."""
    acknowledge(construct, reason, f"AwsSolutions-IAM4[Policy::{_flat_arn(construct, arn)}]")


def _flat_arn(construct: IConstruct, arn: str) -> str:
    return _flat(Stack.of(construct).resolve(arn))


def _flat(value: Any) -> str:  # noqa: ANN401 - whatever CloudFormation can hold
    """Write a resolved value as cdk-nag does: each finding has an id of its own."""
    match value:
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(_flat(part) for part in cast("list[Any]", parts))
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
        case {"Ref": name}:
            return f"<{name}>"
        case _:
            return str(value)
