"""What a StreamProcessor keeps: a table, large events, and faults until somebody mends them."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import (
    Duration,
    RemovalPolicy,
    aws_dynamodb as dynamodb,
    aws_events as events,
    aws_kms as kms,
    aws_s3 as s3,
    aws_sqs as sqs,
)
from constructs import Construct

from cdk_streamer._resources import tables
from cdk_streamer._resources.bucket import new_private_bucket
from cdk_streamer._resources.findings import acknowledge
from cdk_streamer._resources.queue import DEAD_LETTER_RETENTION, new_dead_letters
from cdk_streamer._streams.routes import new_route
from cdk_streamer_runtime.contract.streams import FAULT_TYPE

# Longer than any queue keeps the event or the fault that names them.
_CLAIMS = Duration.days(30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Where faults wait for somebody, and what EventBridge could not bring there."""

    queue: sqs.IQueue
    undelivered: sqs.IQueue
    rule: events.CfnRule


def new_table(
    scope: Construct, key: kms.IKey | None, removal_policy: RemovalPolicy
) -> dynamodb.Table:
    """Create the table; its stream tells rules what has become of items."""
    return tables.new_table(
        scope, removal_policy, key, index=None, stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES
    )


def new_claims_bucket(
    scope: Construct, key: kms.IKey | None, removal_policy: RemovalPolicy
) -> s3.Bucket:
    """Create the bucket of what is too large for a message."""
    rule = s3.LifecycleRule(
        id="Claims",
        expiration=_CLAIMS,
        abort_incomplete_multipart_upload_after=Duration.days(1),
    )
    return new_private_bucket(scope, "Claims", key=key, rules=[rule], removal_policy=removal_policy)


def new_faults(
    scope: Construct,
    *,
    name: str,
    bus: events.IEventBus,
    queue: sqs.IQueue | None,
    key: kms.IKey | None,
) -> Faults:
    """Create in `scope` what keeps the faults of the processor with this name."""
    inside = Construct(scope, "Faults")
    undelivered = new_dead_letters(inside, "DeadLetters", key)
    queue = queue or _new_fault_queue(inside, key)
    rule = new_route(
        inside,
        "Rule",
        bus=bus,
        pattern={"source": [name], "detail-type": [FAULT_TYPE]},
        description=f"Keeps the faults of {name}",
        queue=queue,
        dead_letters=undelivered,
    )
    return Faults(queue=queue, undelivered=undelivered, rule=rule)


def _new_fault_queue(scope: Construct, key: kms.IKey | None) -> sqs.Queue:
    # Without dead letters of its own: whoever looks at faults receives them.
    queue = sqs.Queue(
        scope,
        "Queue",
        encryption=sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED,
        encryption_master_key=key,
        enforce_ssl=True,
        retention_period=DEAD_LETTER_RETENTION,
        visibility_timeout=Duration.minutes(5),
    )
    acknowledge(
        queue,
        "faults stay until somebody sends them back, however often they are looked at",
        "AwsSolutions-SQS3",
        "Serverless-SQSRedrivePolicy",
    )
    return queue
