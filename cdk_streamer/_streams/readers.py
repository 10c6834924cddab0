"""Readers of streams: what Lambda's event sources for Kinesis and DynamoDB have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from aws_cdk import Duration, aws_cloudwatch as cloudwatch, aws_lambda as lambda_, aws_sqs as sqs
from constructs import Construct

from cdk_streamer._arguments.counts import count
from cdk_streamer._arguments.durations import whole_seconds
from cdk_streamer._operations.alarm import MINUTE
from cdk_streamer._operations.metrics import function_metric
from cdk_streamer._resources.queue import allow_send, as_destination, new_dead_letters
from cdk_streamer._streams.named import expect
from cdk_streamer._streams.way import Plan, Source, patterns
from cdk_streamer_runtime.contract.streams import MAX_RECORD_AGE_SECONDS, ResourceKind

BATCH_SIZE = 100

# https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
_LARGEST_BATCH = 10_000
_LONGEST_WINDOW = 300
_LEAST_AGE, _MOST_AGE = 60, 7 * 24 * 60 * 60
_MOST_ATTEMPTS = 10_000
_MOST_PARALLEL = 10
# What a record may wait before somebody should look.
_WAIT_SECONDS = 300

Position = lambda_.StartingPosition | datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderOptions:
    """How a stream is read; attempts of None are as many as the age allows."""

    batch_size: int
    window_seconds: int
    parallelization_factor: int
    position: Position
    age_seconds: int
    attempts: int | None
    bisect: bool
    on_failure: sqs.IQueue | None

    @classmethod
    def read(
        cls,
        *,
        batch_size: int,
        batching_window: Duration | None,
        parallelization_factor: int,
        starting_position: Position | None,
        max_record_age: Duration | None,
        retry_attempts: int | None,
        bisect: bool,
        on_failure: sqs.IQueue | None,
    ) -> ReaderOptions:
        """Check what the user gave; raises ValueError with the remedy."""
        _check_destination(on_failure)
        return cls(
            batch_size=count(
                "batch_size",
                batch_size,
                least=1,
                most=_LARGEST_BATCH,
                remedy=f"leave it out for {BATCH_SIZE}",
            ),
            window_seconds=whole_seconds(
                "batching_window", batching_window, default=0, least=0, most=_LONGEST_WINDOW
            ),
            parallelization_factor=count(
                "parallelization_factor",
                parallelization_factor,
                least=1,
                most=_MOST_PARALLEL,
                remedy="leave it out for 1",
            ),
            position=_position(starting_position),
            age_seconds=whole_seconds(
                "max_record_age",
                max_record_age,
                default=MAX_RECORD_AGE_SECONDS,
                least=_LEAST_AGE,
                most=_MOST_AGE,
            ),
            attempts=None
            if retry_attempts is None
            else count(
                "retry_attempts",
                retry_attempts,
                least=0,
                most=_MOST_ATTEMPTS,
                remedy="leave it out for as many as max_record_age allows",
            ),
            bisect=bisect,
            on_failure=on_failure,
        )

    def new_source(
        self,
        scope: Construct,
        arn: str,
        plan: Plan,
        filters: Iterable[Mapping[str, Any]] = (),
    ) -> Source:
        """Let a stream's records run the function, which must be allowed to read them."""
        function = plan.function
        failures = self.on_failure or new_dead_letters(scope, "OnFailure", plan.key)
        allow_send(function, failures)
        moment = self.position if isinstance(self.position, datetime) else None
        at = lambda_.StartingPosition.AT_TIMESTAMP if moment else self.position
        mapping = lambda_.EventSourceMapping(
            function,
            "Source",
            target=function.function,
            event_source_arn=arn,
            batch_size=self.batch_size,
            max_batching_window=Duration.seconds(self.window_seconds),
            parallelization_factor=self.parallelization_factor,
            starting_position=cast("lambda_.StartingPosition", at),
            starting_position_timestamp=None if moment is None else moment.timestamp(),
            max_record_age=Duration.seconds(self.age_seconds),
            retry_attempts=self.attempts,
            bisect_batch_on_error=self.bisect,
            report_batch_item_failures=True,
            on_failure=as_destination(failures),
            filters=patterns(tuple(filters)),
        )
        return Source(
            mapping=mapping,
            age=_age(function.function),
            limit=(_WAIT_SECONDS + self.window_seconds + plan.seconds) * 1_000,
            failures=failures,
        )


def _age(function: lambda_.IFunction) -> cloudwatch.IMetric:
    return function_metric(function, "IteratorAge", "Maximum", MINUTE)


def _position(position: Position | None) -> Position:
    if position is None:
        # From now on would leave out what comes while the event source is made.
        return lambda_.StartingPosition.TRIM_HORIZON
    if isinstance(position, datetime):
        if position.tzinfo is None:
            raise ValueError(
                f"starting_position must say in which time zone it is, got {position!r}; "
                "use datetime(..., tzinfo=UTC)"
            )
        return position
    if position is lambda_.StartingPosition.AT_TIMESTAMP:
        raise ValueError("starting_position AT_TIMESTAMP says no time; pass the datetime instead")
    return position


def _check_destination(queue: sqs.IQueue | None) -> None:
    expect("on_failure", queue, ResourceKind.QUEUE)
    if queue is not None and queue.fifo:
        raise ValueError(
            f"on_failure must be a standard queue, got the FIFO queue {queue.node.path!r}; "
            "leave it out to get one"
        )
