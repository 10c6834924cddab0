"""The queues and the table of a ThrottledSink."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import (
    Duration,
    RemovalPolicy,
    aws_dynamodb as dynamodb,
    aws_kms as kms,
    aws_sqs as sqs,
)
from constructs import Construct

from cdk_streamer._resources import tables
from cdk_streamer._resources.queue import RedrivenQueue, new_dead_letters
from cdk_streamer._sinks.settings import SinkSettings

# The controller tries again until the wind has changed; what it was told is stored all the same.
_COMMAND_RECEIVES = 20
_COMMAND_MARGIN = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """What waits, what was given up, what was rejected, and what all workers know.

    `commands` is what the controller is told through.
    """

    messages: RedrivenQueue
    rejected: sqs.Queue
    commands: RedrivenQueue
    table: dynamodb.Table
    key: kms.IKey | None

    @classmethod
    def create(
        cls,
        scope: Construct,
        settings: SinkSettings,
        key: kms.IKey | None,
        removal_policy: RemovalPolicy,
    ) -> Storage:
        """Create them in `scope`."""
        return cls(
            messages=RedrivenQueue(
                scope,
                "Messages",
                visibility_timeout=Duration.seconds(settings.visibility_seconds),
                max_receive_count=settings.queue_receives,
                encryption_key=key,
                fifo=settings.fifo,
            ),
            # Of the same kind, so that rejected messages keep their groups.
            rejected=new_dead_letters(scope, "Rejected", key, fifo=settings.fifo),
            commands=RedrivenQueue(
                scope,
                "Commands",
                visibility_timeout=Duration.seconds(settings.controller_seconds + _COMMAND_MARGIN),
                max_receive_count=_COMMAND_RECEIVES,
                encryption_key=key,
            ),
            table=tables.new_table(scope, removal_policy, key, index=None, stream=None),
            key=key,
        )
