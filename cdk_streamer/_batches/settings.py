"""What a user says about a DurableBatch, checked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from aws_cdk import Duration, Token
from constructs import Construct

from cdk_streamer._arguments.counts import count
from cdk_streamer._arguments.durations import whole_seconds
from cdk_streamer._batches.target import Place
from cdk_streamer.batch_target import BatchTarget
from cdk_streamer.rate_limit import RateLimit
from cdk_streamer_runtime.contract import (
    DURABLE_SECONDS,
    MAX_DELAY_SECONDS,
    WORKER_TIMEOUT_SECONDS,
)
from cdk_streamer_runtime.contract.batches import BatchSettings, Nesting, Pacing, TargetKind

Choice = TypeVar("Choice", bound=StrEnum)

CHUNK_SIZE, CONCURRENCY, ATTEMPTS = 25, 5, 3

_MOST_ITEMS, _MOST_AT_ONCE, _MOST_ATTEMPTS = 1_000, 100, 10
_RETRY_SECONDS, _LONGEST_RETRY = 5, 300
_HOUR, _DAY = 60 * 60, 24 * 60 * 60
_RETENTION, _LONGEST_RETENTION = 14 * _DAY, 90 * _DAY
# Chunks wait for their turn within an invocation, and need the rest of it for what they do.
_LONGEST_WAIT = WORKER_TIMEOUT_SECONDS // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How large the chunks are, how fast they go, and what may fail."""

    chunk_size: int
    max_concurrency: int
    rate: float | None
    pacing: Pacing
    max_attempts: int
    retry_seconds: int
    tolerated_percentage: float | None
    tolerated_count: int | None
    nesting: Nesting
    place: Place | None
    region: str | None

    @classmethod
    def read(
        cls,
        scope: Construct,
        *,
        target: BatchTarget | None,
        chunk_size: int,
        max_concurrency: int,
        rate_limit: RateLimit | None,
        pacing: Pacing,
        max_attempts: int,
        retry_delay: Duration | None,
        tolerated_failure_percentage: float | None,
        tolerated_failure_count: int | None,
        nesting: Nesting,
    ) -> Options:
        """Check what the user gave; raises ValueError with the remedy."""
        _check_kinds(target, rate_limit)
        place = None if target is None else target.place
        options = cls(
            chunk_size=_count("chunk_size", chunk_size, _MOST_ITEMS, CHUNK_SIZE),
            max_concurrency=_count("max_concurrency", max_concurrency, _MOST_AT_ONCE, CONCURRENCY),
            rate=None if rate_limit is None else rate_limit.rate,
            pacing=_choice("pacing", pacing, Pacing),
            max_attempts=_count("max_attempts", max_attempts, _MOST_ATTEMPTS, ATTEMPTS),
            retry_seconds=whole_seconds(
                "retry_delay", retry_delay, default=_RETRY_SECONDS, least=1, most=_LONGEST_RETRY
            ),
            tolerated_percentage=_percentage(tolerated_failure_percentage),
            tolerated_count=_tolerated(tolerated_failure_count),
            nesting=_choice("nesting", nesting, Nesting),
            place=place,
            region=place.region(scope) if place else None,
        )
        options._check_wait()
        options._check_delay()
        return options

    def settings(
        self, scope: Construct, *, dead_letter_queue_url: str, function: str | None = None
    ) -> BatchSettings:
        """Give what functions that run the batch read."""
        place = self.place
        return BatchSettings(
            name=scope.node.path,
            chunk_size=self.chunk_size,
            max_concurrency=self.max_concurrency,
            target_kind=place.kind if place else None,
            target_address=place.address if place else None,
            target_region=self.region,
            target_fifo=place is not None and place.fifo,
            target_ordered_by=place.ordered_by if place else None,
            rate=self.rate,
            pacing=self.pacing,
            max_attempts=self.max_attempts,
            retry_seconds=self.retry_seconds,
            tolerated_percentage=self.tolerated_percentage,
            tolerated_count=self.tolerated_count,
            nesting=self.nesting,
            dead_letter_queue_url=dead_letter_queue_url,
            function=function,
        )

    def _check_wait(self) -> None:
        if self.rate is None or self.pacing is not Pacing.WAIT:
            return
        seconds = self.max_concurrency * self.chunk_size / self.rate
        if seconds > _LONGEST_WAIT:
            raise ValueError(
                f"{self.max_concurrency} chunks of {self.chunk_size} at {self.rate:g} a second "
                f"wait {seconds:,.0f} seconds, and an invocation has {_LONGEST_WAIT} for it; "
                "make chunk_size or max_concurrency smaller"
            )

    def _check_delay(self) -> None:
        if self.pacing is not Pacing.DELAY:
            return
        place = self.place
        if self.rate is None:
            raise ValueError("pacing=Pacing.DELAY given without a rate; pass rate_limit")
        if place is None or place.kind is not TargetKind.QUEUE or place.fifo:
            raise ValueError(
                "pacing=Pacing.DELAY needs a standard queue as the target, whose messages are "
                "delayed one by one; leave it out to wait instead"
            )
        if self.chunk_size / self.rate > MAX_DELAY_SECONDS:
            raise ValueError(
                f"a chunk of {self.chunk_size} at {self.rate:g} a second takes longer than the "
                f"{MAX_DELAY_SECONDS} seconds by which a queue delays; make chunk_size smaller"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long a batch may run, and how long its id is remembered after that."""

    execution_timeout: int
    retention: int

    @classmethod
    def read(
        cls, execution_timeout: Duration | None, retention_period: Duration | None
    ) -> Lifetimes:
        """Check what the user gave; raises ValueError with the remedy."""
        retention = whole_seconds(
            "retention_period",
            retention_period,
            default=_RETENTION,
            least=_DAY,
            most=_LONGEST_RETENTION,
        )
        if retention % _DAY:
            raise ValueError(
                f"retention_period must be whole days, 1 to 90, got {retention / _DAY:g}; "
                "use Duration.days(14)"
            )
        timeout = whole_seconds(
            "execution_timeout", execution_timeout, default=_HOUR, least=60, most=DURABLE_SECONDS
        )
        return cls(execution_timeout=timeout, retention=retention)


def _check_kinds(target: object, rate_limit: object) -> None:
    if target is not None and not isinstance(target, BatchTarget):
        raise ValueError(
            f"target must be a BatchTarget, got {target!r}; wrap it: BatchTarget.queue(...), "
            ".function(...) or .sink(...)"
        )
    if rate_limit is not None and not isinstance(rate_limit, RateLimit):
        raise ValueError(
            f"rate_limit must be a RateLimit, got {rate_limit!r}; use RateLimit.per_second(50)"
        )


def _count(name: str, value: int, most: int, default: int) -> int:
    return count(name, value, least=1, most=most, remedy=f"leave it out for {default}")


def _choice(name: str, value: Choice, kind: type[Choice]) -> Choice:
    try:
        return kind(value)
    except ValueError:
        known = " or ".join(f"{kind.__name__}.{each.name}" for each in kind)
        raise ValueError(f"{name} must be {known}, got {value!r}") from None


def _percentage(value: float | None) -> float | None:
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)  # pyright: ignore[reportUnnecessaryIsInstance]
    # What is no number is asked for first: jsii dies of NaN.
    if not is_number or not 0 <= value <= 100 or Token.is_unresolved(value):  # noqa: PLR2004 - percent
        raise ValueError(
            f"tolerated_failure_percentage must be 0 to 100, got {value!r}; "
            "leave it out to tolerate any number of failures"
        )
    return float(value)


def _tolerated(value: int | None) -> int | None:
    if value is None:
        return None
    remedy = "leave it out to tolerate any number of failures"
    return count("tolerated_failure_count", value, least=0, most=10**9, remedy=remedy)
