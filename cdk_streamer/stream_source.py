"""What a StreamProcessor reads: named constructors, one for each kind of source."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, cast

from aws_cdk import (
    Duration,
    aws_dynamodb as dynamodb,
    aws_events as events,
    aws_kinesis as kinesis,
    aws_lambda as lambda_,
    aws_sqs as sqs,
)

from cdk_streamer._streams import messages, readers
from cdk_streamer._streams.changes import ChangesWay
from cdk_streamer._streams.kinesis import KinesisWay
from cdk_streamer._streams.messages import MessagesWay, PollerOptions, read_receives
from cdk_streamer._streams.named import expect
from cdk_streamer._streams.readers import ReaderOptions
from cdk_streamer._streams.subscription import SubscriptionWay, read_pattern
from cdk_streamer_runtime.contract.streams import ResourceKind

if TYPE_CHECKING:
    from cdk_streamer._streams.way import Way


class StreamSource:
    """Where records come from, for `kinesis`, `dynamodb`, `sqs` or `event_bus`.

    Each option has a default with which no record is given up for having come at a bad moment.
    """

    def __init__(self, way: Way) -> None:
        self._way = way

    @staticmethod
    def kinesis(
        stream: kinesis.IStream,
        *,
        consumer: kinesis.IStreamConsumer | None = None,
        batch_size: int = readers.BATCH_SIZE,
        batching_window: Duration | None = None,
        parallelization_factor: int = 1,
        starting_position: lambda_.StartingPosition | datetime | None = None,
        max_record_age: Duration | None = None,
        retry_attempts: int | None = None,
        bisect: bool = True,
        on_failure: sqs.IQueue | None = None,
    ) -> StreamSource:
        """Read a Kinesis stream: each partition key in order, shards in parallel.

        consumer: of that stream, which has two megabytes a second of each shard for itself.
            Default: the two are shared with all other readers.
        batch_size: records an invocation at most, up to 10,000. Default: 100.
        batching_window: how long a batch may wait to fill, up to 5 minutes. Default: not at all.
        parallelization_factor: batches of a shard at once, up to 10; of a key it is still one.
        starting_position: when there is no checkpoint yet. Default: the oldest record that there
            is. A datetime begins there.
        max_record_age: records that are older are given up, 1 minute to 7 days. Default: 23 hours.
        retry_attempts: for a batch, before it is given up. Default: as many as the age allows.
        bisect: splits a batch that fails as a whole, so that one record cannot hold up the others.
        on_failure: a standard queue that is told where what was given up stands. Default: one is
            created, which keeps that for 14 days.
        """
        expect("stream", stream, ResourceKind.STREAM)
        options = ReaderOptions.read(
            batch_size=batch_size, batching_window=batching_window,
            parallelization_factor=parallelization_factor, starting_position=starting_position,
            max_record_age=max_record_age, retry_attempts=retry_attempts, bisect=bisect,
            on_failure=on_failure,
        )  # fmt: skip
        return StreamSource(KinesisWay(stream=stream, consumer=consumer, options=options))

    @staticmethod
    def dynamodb(
        table: dynamodb.ITable,
        *,
        batch_size: int = readers.BATCH_SIZE,
        batching_window: Duration | None = None,
        parallelization_factor: int = 1,
        starting_position: lambda_.StartingPosition | None = None,
        max_record_age: Duration | None = None,
        retry_attempts: int | None = None,
        bisect: bool = True,
        on_failure: sqs.IQueue | None = None,
    ) -> StreamSource:
        """Read the changes of a table's items, which needs its stream, best with both images.

        The options are those of `kinesis`.
        """
        expect("table", table, ResourceKind.TABLE)
        options = ReaderOptions.read(
            batch_size=batch_size, batching_window=batching_window,
            parallelization_factor=parallelization_factor, starting_position=starting_position,
            max_record_age=max_record_age, retry_attempts=retry_attempts, bisect=bisect,
            on_failure=on_failure,
        )  # fmt: skip
        return StreamSource(ChangesWay.read(table, options))

    @staticmethod
    def sqs(
        queue: sqs.IQueue | None = None,
        *,
        batch_size: int = messages.BATCH_SIZE,
        batching_window: Duration | None = None,
        max_concurrency: int | None = None,
        max_receive_count: int = messages.RECEIVES,
        fifo: bool = False,
    ) -> StreamSource:
        """Read a queue: of events, or of what SNS, S3 and EventBridge put there.

        queue: of your own; its visibility timeout should be six times the function's timeout.
            Default: one is created, with dead letters that are kept for 14 days.
        batch_size: messages an invocation at most, up to 10,000; above 10 with a batching_window,
            and 10 for FIFO queues. Default: 10.
        batching_window: how long a batch may wait to fill, up to 5 minutes. Default: not at all.
        max_concurrency: how many invocations run at once, 2 to 1,000. Default: as many as Lambda
            lets.
        max_receive_count: after which a queue that is made here gives a message up; what is
            handed back counts too. Default: 50.
        fifo: makes a FIFO queue, if none is given.
        """
        expect("queue", queue, ResourceKind.QUEUE)
        if queue is not None and fifo:
            raise ValueError(
                "fifo is for a queue that is made here, and a queue is given; leave one of them out"
            )
        options = PollerOptions.read(
            batch_size=batch_size,
            batching_window=batching_window,
            max_concurrency=max_concurrency,
            fifo=fifo or bool(queue and queue.fifo),
        )
        receives = read_receives(max_receive_count, queue)
        return StreamSource(MessagesWay(queue=queue, options=options, receives=receives))

    @staticmethod
    def event_bus(
        bus: events.IEventBus,
        *,
        pattern: events.EventPattern | None = None,
        batch_size: int = messages.BATCH_SIZE,
        batching_window: Duration | None = None,
        max_concurrency: int | None = None,
        max_receive_count: int = messages.RECEIVES,
    ) -> StreamSource:
        """Read the events of a bus, by a rule and a queue that are made for it.

        pattern: of that rule. Default: all but faults and, unless a rule takes them, events that
            this processor has published; or the types of the rules, with `filter=True`.

        The other options are those of `sqs`. EventBridge keeps no order, so there is none.
        """
        expect("bus", bus, ResourceKind.EVENT_BUS)
        options = PollerOptions.read(
            batch_size=batch_size,
            batching_window=batching_window,
            max_concurrency=max_concurrency,
            fifo=False,
        )
        return StreamSource(
            SubscriptionWay(
                source=bus,
                pattern=read_pattern(pattern),
                options=options,
                receives=read_receives(max_receive_count, None),
            )
        )

    @property
    def way(self) -> Way:
        """How records are got; the construct that is given a StreamSource asks for it."""
        return self._way


def way_of(source: StreamSource) -> Way:
    """Give how records are got; raises ValueError for what is no StreamSource."""
    if not isinstance(cast("object", source), StreamSource):
        raise ValueError(  # noqa: TRY004 - as all bad arguments
            f"source must be a StreamSource, got {source!r}; write source=StreamSource.kinesis"
            "(stream), .dynamodb(table), .sqs(queue) or .event_bus(bus)"
        )
    return source.way
