"""What functions that run batches must be allowed, ours and those of requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce

from aws_cdk import aws_iam as iam, aws_kms as kms, aws_lambda as lambda_, aws_sqs as sqs

from cdk_streamer._resources.function import RuntimeFunction

_USE_KEY = ("kms:Decrypt", "kms:GenerateDataKey")


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """Some actions on the resource with the ARN `on`."""

    actions: tuple[str, ...]
    on: str


def of_queue(queue: sqs.IQueue) -> Iterator[Right]:
    """Give the right to send to a queue, as far as its key is known."""
    yield Right(actions=("sqs:SendMessage",), on=queue.queue_arn)
    yield from of_key(queue.encryption_master_key)


def of_key(key: kms.IKey | None) -> Iterator[Right]:
    """Give the right to write what a key encrypts."""
    if key is not None:
        yield Right(actions=_USE_KEY, on=key.key_arn)


def allow(function: RuntimeFunction, rights: Iterable[Right]) -> None:
    """Let a function of ours do something."""
    for right in rights:
        function.allow(*right.actions, on=right.on)


def grant(function: lambda_.Function, rights: Iterable[Right]) -> iam.Grant:
    """Let a function of the user's do something."""
    grants = [
        iam.Grant.add_to_principal(
            grantee=function, actions=list(right.actions), resource_arns=[right.on]
        )
        for right in rights
    ]
    return reduce(lambda granted, other: granted.combine(other), grants)
