"""Messages of a queue: of the user's, or of one that is made here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aws_cdk import (
    Annotations,
    Duration,
    Token,
    aws_events as events,
    aws_lambda as lambda_,
    aws_sqs as sqs,
)
from constructs import Construct

from cdk_streamer._arguments.counts import count
from cdk_streamer._arguments.durations import whole_seconds
from cdk_streamer._operations.alarm import MINUTE
from cdk_streamer._resources.findings import acknowledge
from cdk_streamer._resources.queue import RedrivenQueue, allow_consume
from cdk_streamer._streams import filters
from cdk_streamer._streams.manifest import Types
from cdk_streamer._streams.way import Plan, Source, patterns
from cdk_streamer_runtime.contract import MAX_VISIBILITY_SECONDS
from cdk_streamer_runtime.contract.streams import StreamSourceKind

BATCH_SIZE = 10
# What is handed back because time is up, or a service does not answer, counts as well: five hours
# with a function of a minute.
RECEIVES = 50

# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
_LARGEST_BATCH, _LARGEST_FIFO_BATCH, _LARGEST_WITHOUT_WINDOW = 10_000, 10, 10
_LONGEST_WINDOW = 300
_FEWEST, _MOST_AT_ONCE = 2, 1_000
_VISIBILITY_FACTOR = 6
_SQS_OWN_VISIBILITY = 30
_FEW_RECEIVES, _MOST_RECEIVES = 5, 1_000
_WAIT_SECONDS = 300
_BODY = "body"


@dataclass(frozen=True, slots=True, kw_only=True)
class PollerOptions:
    """How a queue is read."""

    batch_size: int
    window_seconds: int
    max_concurrency: int | None
    fifo: bool

    @classmethod
    def read(
        cls,
        *,
        batch_size: int,
        batching_window: Duration | None,
        max_concurrency: int | None,
        fifo: bool,
    ) -> PollerOptions:
        """Check what the user gave; raises ValueError with the remedy."""
        window = whole_seconds(
            "batching_window", batching_window, default=0, least=0, most=_LONGEST_WINDOW
        )
        if fifo and window:
            raise ValueError("batching_window is not for FIFO queues; leave it out")
        most = _LARGEST_FIFO_BATCH if fifo else _LARGEST_BATCH
        remedy = f"leave it out for {BATCH_SIZE}"
        count("batch_size", batch_size, least=1, most=most, remedy=remedy)
        if batch_size > _LARGEST_WITHOUT_WINDOW and not window:
            raise ValueError(
                f"batch_size above {_LARGEST_WITHOUT_WINDOW} needs time to fill, got "
                f"{batch_size!r}; pass batching_window=Duration.seconds(1) or more"
            )
        if max_concurrency is not None:
            count(
                "max_concurrency",
                max_concurrency,
                least=_FEWEST,
                most=_MOST_AT_ONCE,
                remedy="leave it out for no limit of its own",
            )
        return cls(
            batch_size=batch_size,
            window_seconds=window,
            max_concurrency=max_concurrency,
            fifo=fifo,
        )

    def visibility_seconds(self, seconds: int) -> int:
        """How long messages that were received are hidden from other invocations."""
        return min(_VISIBILITY_FACTOR * seconds + self.window_seconds, MAX_VISIBILITY_SECONDS)

    def new_queue(
        self, scope: Construct, id: str, plan: Plan, max_receive_count: int
    ) -> RedrivenQueue:
        """Create a queue for a function with this timeout."""
        return RedrivenQueue(
            scope,
            id,
            visibility_timeout=Duration.seconds(self.visibility_seconds(plan.seconds)),
            max_receive_count=max_receive_count,
            encryption_key=plan.key,
            fifo=self.fifo,
        )

    def new_source(
        self, queue: sqs.IQueue, plan: Plan, found: Iterable[Mapping[str, Any]] = ()
    ) -> lambda_.EventSourceMapping:
        """Let a queue's messages run the function."""
        function = plan.function
        allow_consume(function, queue)
        mapping = lambda_.EventSourceMapping(
            function,
            "Source",
            target=function.function,
            event_source_arn=queue.queue_arn,
            batch_size=self.batch_size,
            max_batching_window=Duration.seconds(self.window_seconds)
            if self.window_seconds
            else None,
            max_concurrency=self.max_concurrency,
            report_batch_item_failures=True,
            filters=patterns(tuple(found)),
        )
        acknowledge(
            mapping,
            "the queue moves what failed to its dead letters",
            "Serverless-LambdaEventSourceMappingDestination",
        )
        return mapping

    def describe(
        self,
        mapping: lambda_.EventSourceMapping,
        queue: sqs.IQueue,
        plan: Plan,
        *,
        dead_letters: sqs.IQueue | None,
        rule: events.CfnRule | None = None,
    ) -> Source:
        """Tell what operators look at."""
        age = queue.metric_approximate_age_of_oldest_message(period=MINUTE, statistic="Maximum")
        return Source(
            mapping=mapping,
            age=age,
            limit=_WAIT_SECONDS + self.window_seconds + plan.seconds,
            queue=queue,
            dead_letters=dead_letters,
            rule=rule,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesWay:
    """A queue; without one, it is made."""

    queue: sqs.IQueue | None
    options: PollerOptions
    receives: int

    @property
    def kind(self) -> StreamSourceKind:
        """What the runtime reads records as."""
        return StreamSourceKind.SQS

    @property
    def bus(self) -> events.IEventBus | None:
        """There is none."""
        return None

    def check(self, seconds: int, types: Types | None) -> None:
        """Refuse a queue that hides messages for less than the function takes."""
        if types is not None:
            filters.of_json(types, member=_BODY)
        visible = _visibility_of(self.queue)
        if visible is not None and visible < seconds:
            raise ValueError(
                f"messages of {_path(self.queue)!r} are hidden for {visible} seconds, and the "
                f"function may take {seconds}; give the queue a visibility_timeout of "
                f"{self.options.visibility_seconds(seconds)} seconds"
            )

    def bind(self, scope: Construct, plan: Plan) -> Source:
        """Let messages run the function."""
        found = filters.of_json(plan.types, member=_BODY) if plan.types else ()
        if self.queue is None:
            made = self.options.new_queue(scope, "Messages", plan, self.receives)
            mapping = self.options.new_source(made.queue, plan, found)
            return self.options.describe(mapping, made.queue, plan, dead_letters=made.dead_letters)
        self._warn(scope, self.queue, plan.seconds)
        mapping = self.options.new_source(self.queue, plan, found)
        return self.options.describe(
            mapping, self.queue, plan, dead_letters=_dead_letters_of(self.queue)
        )

    def _warn(self, scope: Construct, queue: sqs.IQueue, seconds: int) -> None:
        visible, wanted = _visibility_of(queue), self.options.visibility_seconds(seconds)
        if visible is not None and visible < wanted:
            Annotations.of(scope).add_warning_v2(
                "cdk-streamer:shortVisibility",
                f"messages of {queue.node.path!r} are hidden for {visible} seconds, so that a "
                f"batch that waits for an invocation is received twice; make it {wanted}",
            )
        if isinstance(queue, sqs.Queue) and queue.dead_letter_queue is None:
            Annotations.of(scope).add_warning_v2(
                "cdk-streamer:noDeadLetters",
                f"{queue.node.path!r} has no dead-letter queue, so that a message that nobody can "
                f"handle comes again until it expires; give it one, after {RECEIVES} receives",
            )
        elif isinstance(queue, sqs.Queue) and queue.dead_letter_queue is not None:
            receives = queue.dead_letter_queue.max_receive_count
            if not Token.is_unresolved(receives) and receives < _FEW_RECEIVES:
                Annotations.of(scope).add_warning_v2(
                    "cdk-streamer:fewReceives",
                    f"{queue.node.path!r} gives messages up after {receives:g} receives, and "
                    "what is handed back in an outage counts as well; make it "
                    f"{RECEIVES}, or at least {_FEW_RECEIVES}",
                )


def read_receives(max_receive_count: int, queue: sqs.IQueue | None) -> int:
    """Check what the user gave; raises ValueError with the remedy."""
    if queue is not None and max_receive_count != RECEIVES:
        raise ValueError("max_receive_count is the queue's own, and a queue is given; set it there")
    remedy = f"leave it out for {RECEIVES}"
    return count(
        "max_receive_count", max_receive_count, least=1, most=_MOST_RECEIVES, remedy=remedy
    )


def _visibility_of(queue: sqs.IQueue | None) -> int | None:
    resource = None if queue is None else queue.node.default_child
    if not isinstance(resource, sqs.CfnQueue):
        return None
    seconds = resource.visibility_timeout
    if seconds is None:
        return _SQS_OWN_VISIBILITY
    return None if Token.is_unresolved(seconds) else int(seconds)


def _dead_letters_of(queue: sqs.IQueue) -> sqs.IQueue | None:
    if not isinstance(queue, sqs.Queue) or queue.dead_letter_queue is None:
        return None
    return queue.dead_letter_queue.queue


def _path(queue: sqs.IQueue | None) -> str:
    return "" if queue is None else queue.node.path
