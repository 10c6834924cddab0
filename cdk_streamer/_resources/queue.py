"""Queues of the constructs, each with another for what was given up."""

from __future__ import annotations

from collections.abc import Iterator

import jsii
from aws_cdk import Duration, aws_iam as iam, aws_kms as kms, aws_lambda as lambda_, aws_sqs as sqs
from constructs import Construct

from cdk_streamer._resources.findings import acknowledge
from cdk_streamer._resources.function import RuntimeFunction

# A message keeps its age when it moves, so the dead must be kept longer than the living.
RETENTION = Duration.days(7)
DEAD_LETTER_RETENTION = Duration.days(14)

_CONSUME = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


def new_dead_letters(
    scope: Construct,
    id: str,
    encryption_key: kms.IKey | None,
    *,
    fifo: bool = False,
    of_a_queue: bool = False,
) -> sqs.Queue:
    """Create a queue for what was given up: encrypted, reached by TLS alone, kept 14 days."""
    queue = sqs.Queue(
        scope,
        id,
        encryption=_encryption(encryption_key),
        encryption_master_key=encryption_key,
        enforce_ssl=True,
        retention_period=DEAD_LETTER_RETENTION,
        fifo=fifo or None,
    )
    # Of a queue that no other queue names, cdk-nag cannot see that it is one of dead letters.
    others = () if of_a_queue else ("AwsSolutions-SQS3",)
    acknowledge(queue, "what was given up ends here", "Serverless-SQSRedrivePolicy", *others)
    return queue


def allow_send(function: RuntimeFunction, queue: sqs.IQueue) -> None:
    """Let a function put messages into a queue, whoever made it."""
    function.allow("sqs:SendMessage", on=queue.queue_arn)
    if queue.encryption_master_key is not None:
        function.allow("kms:GenerateDataKey", "kms:Decrypt", on=queue.encryption_master_key.key_arn)


def allow_consume(function: RuntimeFunction, queue: sqs.IQueue) -> None:
    """Let a function's event source take messages from a queue, whoever made it."""
    function.allow(*_CONSUME, on=queue.queue_arn)
    if queue.encryption_master_key is not None:
        function.allow("kms:Decrypt", on=queue.encryption_master_key.key_arn)


def as_destination(queue: sqs.IQueue) -> lambda_.IEventSourceDlq:
    """Give a queue as the place for what an event source gave up."""
    return _Destination(queue.queue_arn)


def _encryption(key: kms.IKey | None) -> sqs.QueueEncryption:
    return sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED


class RedrivenQueue(Construct):
    """A queue, encrypted, reached by TLS alone, and its dead letters, kept 14 days."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        visibility_timeout: Duration,
        max_receive_count: int,
        encryption_key: kms.IKey | None,
        retention: Duration = RETENTION,
        fifo: bool = False,
    ) -> None:
        super().__init__(scope, id)
        self._key = encryption_key
        self.dead_letters = new_dead_letters(
            self, "DeadLetters", encryption_key, fifo=fifo, of_a_queue=True
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=_encryption(encryption_key),
            encryption_master_key=encryption_key,
            enforce_ssl=True,
            retention_period=retention,
            visibility_timeout=visibility_timeout,
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=max_receive_count
            ),
            fifo=fifo or None,
        )

    def allow_send(self, function: RuntimeFunction) -> None:
        """Let a function put messages into the queue."""
        function.allow("sqs:SendMessage", on=self.queue.queue_arn)
        self._allow_key(function, "kms:GenerateDataKey", "kms:Decrypt")

    def allow_reject(self, function: RuntimeFunction) -> None:
        """Let a function put messages into the dead letters."""
        function.allow("sqs:SendMessage", on=self.dead_letters.queue_arn)

    def allow_hide(self, function: RuntimeFunction) -> None:
        """Let a function decide when a message that it got is seen again."""
        function.allow("sqs:ChangeMessageVisibility", on=self.queue.queue_arn)

    def invoke(
        self, function: RuntimeFunction, *, batch_size: int, max_concurrency: int | None = None
    ) -> lambda_.EventSourceMapping:
        """Let the queue's messages run a function, which says for each whether it was handled."""
        function.allow(*_CONSUME, on=self.queue.queue_arn)
        self._allow_key(function, "kms:Decrypt")
        return self.new_source(
            function, function.function, batch_size=batch_size, max_concurrency=max_concurrency
        )

    def consumption(self) -> Iterator[iam.PolicyStatement]:
        """Give what a role of the user's must be allowed, for `new_source`."""
        yield iam.PolicyStatement(actions=list(_CONSUME), resources=[self.queue.queue_arn])
        if self._key is not None:
            yield iam.PolicyStatement(actions=["kms:Decrypt"], resources=[self._key.key_arn])

    def hide_for(self, seconds: int) -> None:
        """Hide messages that were received for so long; an event source asks for it."""
        resource = self.queue.node.default_child
        assert isinstance(resource, sqs.CfnQueue)  # noqa: S101 - tells the type
        resource.visibility_timeout = seconds

    def as_destination(self) -> lambda_.IEventSourceDlq:
        """Give the queue as the place for what an event source gave up."""
        return as_destination(self.queue)

    def new_source(
        self,
        scope: Construct,
        function: lambda_.IFunction,
        *,
        batch_size: int,
        max_concurrency: int | None,
    ) -> lambda_.EventSourceMapping:
        """Create in `scope` what runs a function, which must be allowed to consume messages."""
        source = lambda_.EventSourceMapping(
            scope,
            "Source",
            target=function,
            event_source_arn=self.queue.queue_arn,
            batch_size=batch_size,
            max_concurrency=max_concurrency,
            report_batch_item_failures=True,
        )
        acknowledge(
            source,
            "the queue moves what failed to its dead letters",
            "Serverless-LambdaEventSourceMappingDestination",
        )
        return source

    def _allow_key(self, function: RuntimeFunction, *actions: str) -> None:
        if self._key is not None:
            function.allow(*actions, on=self._key.key_arn)


@jsii.implements(lambda_.IEventSourceDlq)
class _Destination:
    """A destination that grants nothing: CDK's own would grant more than sending."""

    def __init__(self, arn: str) -> None:
        self._arn = arn

    def bind(
        self, target: lambda_.IEventSourceMapping, target_handler: lambda_.IFunction
    ) -> lambda_.DlqDestinationConfig:
        del target, target_handler
        return lambda_.DlqDestinationConfig(destination=self._arn)
