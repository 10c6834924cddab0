"""Where a DurableBatch's items go: named constructors, one for each kind of target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_lambda as lambda_, aws_sqs as sqs

from cdk_streamer._batches.target import FunctionPlace, QueuePlace, sink_place

if TYPE_CHECKING:
    from cdk_streamer._batches.target import Place, Sink


class BatchTarget:
    """Where items go, for `queue`, `function` or `sink`; `publish` of a batch takes its place."""

    def __init__(self, place: Place) -> None:
        self._place = place

    @staticmethod
    def queue(queue: sqs.IQueue, *, ordered_by: str | None = None) -> BatchTarget:
        """Send a message for each item, with the item's key.

        queue: of another region by `Queue.from_queue_arn`; of one with a key of its own by
            `Queue.from_queue_attributes`, which takes the key's ARN.
        ordered_by: for a FIFO queue: the member of an item's data that names its message group.
            Default: all items are one group.
        """
        return BatchTarget(QueuePlace.read(queue, ordered_by))

    @staticmethod
    def function(function: lambda_.IFunction | lambda_.Function) -> BatchTarget:
        """Invoke a function once a chunk, which answers with the ids that failed.

        The batch waits without costing anything, so that work that takes a processor fans out.
        """
        return BatchTarget(FunctionPlace.read(function))

    @staticmethod
    def sink(sink: Sink) -> BatchTarget:
        """Send a message for each item to a ThrottledSink, which delivers at its own pace."""
        return BatchTarget(sink_place(sink))

    @property
    def place(self) -> Place:
        """What it is and what it needs; the construct that is given a BatchTarget asks for it."""
        return self._place
