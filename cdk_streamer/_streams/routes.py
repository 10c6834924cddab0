"""Rules of a bus: what brings events to a queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from aws_cdk import (
    Annotations,
    Duration,
    Stack,
    aws_events as events,
    aws_iam as iam,
    aws_kms as kms,
    aws_sqs as sqs,
)
from constructs import Construct

_EVENTS = "events.amazonaws.com"
# As long as EventBridge tries by itself.
_OLDEST = Duration.hours(24)
_ATTEMPTS = 185


def new_route(
    scope: Construct,
    id: str,
    *,
    bus: events.IEventBus,
    pattern: Mapping[str, Any],
    description: str,
    queue: sqs.IQueue,
    dead_letters: sqs.IQueue,
) -> events.CfnRule:
    """Create in `scope` a rule that sends what fits the pattern to a queue.

    By hand: CDK's own target writes policies that depend on flags and on accounts.
    """
    rule = events.CfnRule(
        scope,
        id,
        description=description,
        event_bus_name=bus.event_bus_name,
        event_pattern=pattern,
        state="ENABLED",
        targets=[
            events.CfnRule.TargetProperty(
                id="Queue",
                arn=queue.queue_arn,
                dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                    arn=dead_letters.queue_arn
                ),
                retry_policy=events.CfnRule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=_OLDEST.to_seconds(),
                    maximum_retry_attempts=_ATTEMPTS,
                ),
            )
        ],
    )
    arn = {"ArnEquals": {"aws:SourceArn": rule.attr_arn}}
    for target in (queue, dead_letters):
        sending = _allow(["sqs:SendMessage"], on=target.queue_arn, only=arn)
        if not target.add_to_resource_policy(sending).statement_added:
            _warn_of_queue(scope, target)
    keys = (queue.encryption_master_key, dead_letters.encryption_master_key)
    for key in {key.node.path: key for key in keys if key}.values():
        _let_use(scope, key)
    return rule


def _let_use(scope: Construct, key: kms.IKey) -> None:
    """Let EventBridge encrypt, or say that the key's owner must."""
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html#compatibility-with-aws-services
    # Not by the rule, which depends on the queue, which depends on the key.
    account = {"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}}
    statement = _allow(["kms:Decrypt", "kms:GenerateDataKey"], on="*", only=account)
    if not key.add_to_resource_policy(statement, True).statement_added:  # noqa: FBT003 - as jsii has it
        Annotations.of(scope).add_warning_v2(
            "cdk-streamer:keyPolicy",
            f"the policy of {key.node.path!r} cannot be changed from here; let it allow "
            f"{_EVENTS} kms:Decrypt and kms:GenerateDataKey, or no event of a bus reaches a queue",
        )


def _warn_of_queue(scope: Construct, queue: sqs.IQueue) -> None:
    Annotations.of(scope).add_warning_v2(
        "cdk-streamer:queuePolicy",
        f"the policy of {queue.node.path!r} cannot be changed from here; let it allow {_EVENTS} "
        "sqs:SendMessage, or no event of a bus reaches it",
    )


def _allow(
    actions: list[str], *, on: str, only: Mapping[str, Mapping[str, str]]
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=actions,
        principals=[cast("iam.IPrincipal", iam.ServicePrincipal(_EVENTS))],
        resources=[on],
        conditions=only,
    )
