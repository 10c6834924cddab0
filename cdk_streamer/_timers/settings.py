"""What a user says about a PeriodicTimer, checked."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Annotations, Duration
from constructs import Construct

from cdk_streamer._arguments.durations import whole_seconds
from cdk_streamer_runtime.contract import MAX_DELAY_SECONDS, MAX_VISIBILITY_SECONDS
from cdk_streamer_runtime.contract.timers import MAX_TIMER_SHARDS, TIMER_LOOK_AHEAD_SECONDS

BATCH_SIZE = 10

_MINUTE = 60
# A firing of a window that was just opened waits for so long in the queue, and SQS delays by no
# more than 15 minutes.
_LONGEST_LOOK_AHEAD = MAX_DELAY_SECONDS - _MINUTE
_SHORT_LOOK_AHEAD = 2 * _MINUTE
_MANY_SHARDS = 256
_CALLBACK_SECONDS = 60
_LONGEST_CALLBACK = 900
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
_VISIBILITY_FACTOR = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerSettings:
    """How many shards, how far ahead, how many firings at once, and what callers can rely on."""

    shards: int
    look_ahead_seconds: int
    batch_size: int
    max_concurrency: int | None
    callback_seconds: int | None
    strict: bool
    dedupe: bool
    isolate_owners: bool

    @classmethod
    def read(
        cls,
        *,
        shards: int,
        look_ahead: Duration | None,
        batch_size: int,
        max_concurrency: int | None,
        callback_timeout: Duration | None,
        strict: bool,
        dedupe: bool,
        isolate_owners: bool,
    ) -> TimerSettings:
        """Check what the user gave; raises ValueError with the remedy."""
        if not 1 <= shards <= MAX_TIMER_SHARDS or shards & (shards - 1):
            raise ValueError(
                f"shards must be a power of two, 1 to {MAX_TIMER_SHARDS}, got {shards!r}; "
                "leave it out for 16, since it cannot be changed later"
            )
        if not 1 <= batch_size <= BATCH_SIZE:
            raise ValueError(f"batch_size must be 1 to {BATCH_SIZE}, got {batch_size!r}")
        if max_concurrency is not None and not 2 <= max_concurrency <= 1_000:  # noqa: PLR2004
            raise ValueError(
                f"max_concurrency must be 2 to 1000, got {max_concurrency!r}; "
                "leave it out for no limit of its own"
            )
        return cls(
            shards=shards,
            look_ahead_seconds=whole_seconds(
                "look_ahead",
                look_ahead,
                default=TIMER_LOOK_AHEAD_SECONDS,
                least=_MINUTE,
                most=_LONGEST_LOOK_AHEAD,
            ),
            batch_size=batch_size,
            max_concurrency=max_concurrency,
            callback_seconds=None
            if callback_timeout is None
            else whole_seconds(
                "callback_timeout",
                callback_timeout,
                default=_CALLBACK_SECONDS,
                least=1,
                most=_LONGEST_CALLBACK,
            ),
            strict=strict,
            dedupe=dedupe,
            isolate_owners=isolate_owners,
        )

    @property
    def remembers(self) -> bool:
        """Whether a callback needs the table."""
        return self.strict or self.dedupe

    @property
    def own_callback_seconds(self) -> int:
        """How long a callback of ours may take: a batch, not a firing."""
        return self.callback_seconds or _CALLBACK_SECONDS

    def visibility_seconds(self, callback_seconds: int) -> int:
        """How long firings that were received are hidden from other invocations.

        Of a batch, some may wait for a free invocation, several times.
        """
        if self.batch_size == 1:
            return callback_seconds + _MINUTE
        return min(callback_seconds * _VISIBILITY_FACTOR, MAX_VISIBILITY_SECONDS)

    def warn(self, construct: Construct) -> None:
        """Say what is legal but unwise."""
        if self.shards > _MANY_SHARDS:
            Annotations.of(construct).add_warning_v2(
                "cdk-streamer:manyShards",
                f"each of the {self.shards} shards is woken twice a minute, which costs money, "
                "timers or none; 16 take 32,000 firings a second",
            )
        if self.look_ahead_seconds < _SHORT_LOOK_AHEAD:
            Annotations.of(construct).add_warning_v2(
                "cdk-streamer:shortLookAhead",
                f"look_ahead is {self.look_ahead_seconds} seconds, so one tick that is lost makes "
                "firings late; use Duration.minutes(3)",
            )
