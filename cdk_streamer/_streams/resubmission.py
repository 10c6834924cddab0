"""Who may look at faults and send their records back."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_streamer._resources.findings import acknowledge_wildcard
from cdk_streamer._streams.processor import Processor
from cdk_streamer_runtime.contract.streams import CLAIM_PREFIX, RECORD_PREFIX

_QUEUE = (
    *("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    "sqs:ReceiveMessage",
)
_OBJECTS = "the keys of objects are made when records become faults"


def grant_resubmit(processor: Processor, grantee: iam.IGrantable) -> iam.Grant:
    """Let a principal read faults with their records, delete them, and invoke the function."""
    storage, function = processor.storage, processor.function.function
    queue, bucket = storage.faults.queue, storage.claims
    objects = [bucket.arn_for_objects(f"{prefix}*") for prefix in (CLAIM_PREFIX, RECORD_PREFIX)]
    principal = grantee.grant_principal
    if isinstance(principal, Construct):
        for arn in objects:
            acknowledge_wildcard(principal, _OBJECTS, arn)
    wanted = [
        (_QUEUE, [queue.queue_arn]),
        (("s3:GetObject",), objects),
        # By name alone: of no version or alias.
        (("lambda:InvokeFunction",), [function.function_arn]),
    ]
    keys = {
        key.key_arn
        for key in (queue.encryption_master_key, bucket.encryption_key)
        if key is not None
    }
    if keys:
        wanted.append((("kms:Decrypt",), sorted(keys)))
    granted = [
        iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=arns)
        for actions, arns in wanted
    ]
    first, *others = granted
    for other in others:
        first = first.combine(other)
    return first
