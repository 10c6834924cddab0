"""Where a batch's items go: a queue, also of another region, or a function."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, cast

from aws_cdk import Stack, Token, aws_lambda as lambda_, aws_sqs as sqs
from constructs import Construct

from cdk_streamer._batches.queues import is_same_region
from cdk_streamer._batches.rights import Right, of_queue
from cdk_streamer_runtime.contract.batches import TargetKind
from cdk_streamer_runtime.contract.sinks import SinkAddress

_IMPORT = "sqs.Queue.from_queue_arn(self, 'Queue', 'arn:aws:sqs:<region>:<account>:<name>')"


class Sink(Protocol):
    """What a ThrottledSink tells of itself."""

    @property
    def queue(self) -> sqs.IQueue:
        """What is to be delivered."""
        ...

    @property
    def address(self) -> SinkAddress:
        """How it is reached."""
        ...


class Place(Protocol):
    """What the runtime is told of a target, and what it must be allowed to do there."""

    @property
    def kind(self) -> TargetKind:
        """What it is."""
        ...

    @property
    def address(self) -> str:
        """The URL of a queue, the ARN of a function."""
        ...

    @property
    def fifo(self) -> bool:
        """Whether it keeps an order, and so delays nothing by itself."""
        ...

    @property
    def ordered_by(self) -> str | None:
        """The member of an item that names its group."""
        ...

    def region(self, scope: Construct) -> str | None:
        """Give where it is, unless that is where `scope` is; raises ValueError if it cannot be."""
        ...

    def rights(self) -> Iterator[Right]:
        """Give what a function must be allowed that publishes there."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePlace:
    """A queue; the group of a FIFO queue's message is what the member `ordered_by` says."""

    queue: sqs.IQueue
    fifo: bool
    ordered_by: str | None

    @classmethod
    def read(cls, queue: sqs.IQueue, ordered_by: str | None) -> QueuePlace:
        """Check what the user gave; raises ValueError with the remedy."""
        if not hasattr(queue, "queue_arn"):
            raise ValueError(f"a target must be a queue, got {queue!r}; pass a sqs.Queue")
        # Of an ARN that has tokens in it, CDK does not look at the end.
        fifo = queue.fifo or queue.queue_arn.endswith(".fifo")
        if ordered_by is not None and not fifo:
            raise ValueError(
                f"ordered_by={ordered_by!r} given for a standard queue, which keeps no order; "
                "leave it out, or use a FIFO queue"
            )
        return cls(queue=queue, fifo=fifo, ordered_by=ordered_by)

    @property
    def kind(self) -> TargetKind:
        """A queue."""
        return TargetKind.QUEUE

    @property
    def address(self) -> str:
        """The URL."""
        return self.queue.queue_url

    def region(self, scope: Construct) -> str | None:
        """Give the queue's, which its ARN tells, unless it is the same."""
        region = self.queue.env.region
        if is_same_region(scope, region):
            return None
        if self.queue.node.default_child is not None:
            raise ValueError(
                f"{self.queue.node.path!r} is of a stack in {region!r}, whose template this one "
                f"cannot refer to; name the queue, and pass {_IMPORT}"
            )
        return region

    def rights(self) -> Iterator[Right]:
        """Give the right to send."""
        return of_queue(self.queue)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionPlace:
    """A function that is invoked once a chunk."""

    function: lambda_.IFunction
    fifo: bool = False
    ordered_by: str | None = None

    @classmethod
    def read(cls, function: lambda_.IFunction | lambda_.Function) -> FunctionPlace:
        """Check what the user gave; raises ValueError with the remedy."""
        if not hasattr(function, "function_arn"):
            raise ValueError(
                f"a target must be a function, got {function!r}; pass a lambda_.Function"
            )
        return cls(function=cast("lambda_.IFunction", function))

    @property
    def kind(self) -> TargetKind:
        """A function."""
        return TargetKind.FUNCTION

    @property
    def address(self) -> str:
        """The ARN."""
        return self.function.function_arn

    def region(self, scope: Construct) -> str | None:
        """Refuse another region, since executions invoke functions of their own alone."""
        region = self.function.env.region
        ours = Stack.of(scope).region
        if Token.is_unresolved(region) or Token.is_unresolved(ours) or region == ours:
            return None
        raise ValueError(
            f"the function {self.function.node.path!r} is in {region!r} and the batch in "
            f"{ours!r}; use a function of that region, or a queue in between"
        )

    def rights(self) -> Iterator[Right]:
        """Give the right to invoke it."""
        yield Right(actions=("lambda:InvokeFunction",), on=self.function.function_arn)


def sink_place(sink: Sink) -> QueuePlace:
    """Give the queue of a sink; raises ValueError for what is none."""
    address = getattr(sink, "address", None)
    if not isinstance(address, SinkAddress):
        raise ValueError(  # noqa: TRY004 - as all bad arguments
            f"a target must be a sink, got {sink!r}; pass a ThrottledSink"
        )
    return QueuePlace(queue=sink.queue, fifo=address.fifo, ordered_by=address.ordered_by)
