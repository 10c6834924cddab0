"""What a user says about a ThrottledSink, checked."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeVar

from aws_cdk import Annotations, Duration
from constructs import Construct

from cdk_streamer._arguments.counts import count
from cdk_streamer._arguments.durations import whole_seconds
from cdk_streamer.circuit_breaker import CircuitBreaker
from cdk_streamer.idempotency import Idempotency
from cdk_streamer.rate_limit import RateLimit
from cdk_streamer.redrive import Redrive
from cdk_streamer_runtime.contract import MAX_VISIBILITY_SECONDS, VISIBILITY_MARGIN_SECONDS
from cdk_streamer_runtime.contract.sinks import MAX_RECEIVES, BreakerEnvironment

E = TypeVar("E", bound=BreakerEnvironment)

BATCH_SIZE, CONCURRENCY = 10, 2

# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
_MOST_AT_ONCE = 1_000
_VISIBILITY_FACTOR = 6
_MOST_RECEIVES, _FEW_RECEIVES, _NET = 1_000, 5, 10
_SECONDS, _FEWEST_SECONDS, _MOST_SECONDS = 60, 10, 900
# A probe is an invocation within one of the controller, which has something to do before and after.
_PROBE_MARGIN, _CONTROLLER_MARGIN = 30, 60
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
_WRITES_OF_AN_ITEM = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkSettings:
    """How much at once and how fast, what is tried again, and in which order."""

    max_concurrency: int
    batch_size: int
    timeout_seconds: int
    max_receive_count: int
    fifo: bool
    ordered_by: str | None
    rate: float | None
    breaker: CircuitBreaker | None
    remember_seconds: int | None
    redrive: Redrive

    @classmethod
    def read(
        cls,
        *,
        max_concurrency: int,
        batch_size: int,
        timeout: Duration | None,
        max_receive_count: int,
        fifo: bool,
        ordered_by: str | None,
        rate_limit: RateLimit | None,
        circuit_breaker: CircuitBreaker | None,
        idempotency: Idempotency | None,
        redrive: Redrive | None,
    ) -> SinkSettings:
        """Check what the user gave; raises ValueError with the remedy."""
        _check_kinds(rate_limit, circuit_breaker, idempotency, redrive)
        _check_order(fifo, ordered_by, max_concurrency)
        remedy = f"leave it out for {BATCH_SIZE}"
        settings = cls(
            max_concurrency=max_concurrency,
            batch_size=count("batch_size", batch_size, least=1, most=BATCH_SIZE, remedy=remedy),
            timeout_seconds=whole_seconds(
                "timeout", timeout, default=_SECONDS, least=_FEWEST_SECONDS, most=_MOST_SECONDS
            ),
            max_receive_count=_receives(max_receive_count, circuit_breaker),
            fifo=fifo,
            ordered_by=ordered_by,
            rate=None if rate_limit is None else rate_limit.rate,
            breaker=circuit_breaker,
            remember_seconds=None if idempotency is None else idempotency.remember_seconds,
            redrive=redrive or Redrive(),
        )
        settings._check_rate()
        settings._check_failures()
        settings._check_probe()
        return settings

    @property
    def probe_seconds(self) -> int:
        """How long nobody hears of a probe before it counts as lost."""
        return self.timeout_seconds + _PROBE_MARGIN

    @property
    def controller_seconds(self) -> int:
        """How long the controller may take: longer than a probe."""
        return min(self.probe_seconds + _CONTROLLER_MARGIN, _MOST_SECONDS)

    @property
    def visibility_seconds(self) -> int:
        """How long messages that were received are hidden from other invocations.

        Of a batch, some may wait for a free invocation, several times.
        """
        if self.batch_size == 1:
            return self.timeout_seconds + VISIBILITY_MARGIN_SECONDS
        return min(self.timeout_seconds * _VISIBILITY_FACTOR, MAX_VISIBILITY_SECONDS)

    @property
    def queue_receives(self) -> int:
        """How often the queue itself lets a message be received.

        In order, one that fails is received together with those behind it, which would be given
        up with it: the function sees to dead letters there, and the queue is a net.
        """
        if not self.fifo:
            return self.max_receive_count
        return min(self.max_receive_count * _NET, _MOST_RECEIVES)

    @property
    def scaling(self) -> int | None:
        """What the event source is limited to; one at a time is what the one group of FIFO is."""
        return None if self.max_concurrency == 1 else self.max_concurrency

    def with_breaker(self, environment: E) -> E:
        """Give a function's settings with those of the breaker, if there is one."""
        if self.breaker is None:
            return environment
        return replace(
            environment,
            breaker_failures=self.breaker.failures,
            breaker_share_percent=self.breaker.share_percent,
            breaker_window_seconds=self.breaker.window_seconds,
            breaker_pause_seconds=self.breaker.pause_seconds,
            breaker_longest_pause_seconds=self.breaker.longest_pause_seconds,
            breaker_probe_seconds=self.probe_seconds,
        )

    def warn(self, construct: Construct) -> None:
        """Say what is legal but unwise."""
        if self.max_receive_count < _FEW_RECEIVES:
            Annotations.of(construct).add_warning_v2(
                "cdk-streamer:fewReceives",
                f"messages are given up after {self.max_receive_count} receives, and what is "
                f"handed back counts as well; make max_receive_count {MAX_RECEIVES}",
            )

    def _check_rate(self) -> None:
        """Refuse what would wait for its turn longer than its function has."""
        if self.rate is None:
            return
        if self.rate / self.batch_size > _WRITES_OF_AN_ITEM:
            raise ValueError(
                f"rate_limit of {self.rate:g} a second is more than batches of "
                f"{self.batch_size} can count in one item, which takes {_WRITES_OF_AN_ITEM:,} "
                f"writes a second; raise batch_size to "
                f"{math.ceil(self.rate / _WRITES_OF_AN_ITEM)}"
            )
        seconds = self.max_concurrency * self.batch_size / self.rate
        if seconds > self.timeout_seconds / 2:
            raise ValueError(
                f"max_concurrency {self.max_concurrency} x batch_size {self.batch_size} at "
                f"{self.rate:g} a second take {seconds:g} seconds, more than half of the timeout "
                f"of {self.timeout_seconds}, so that messages would come back without being "
                f"tried; {self._remedy(math.ceil(2 * seconds))}"
            )

    def _remedy(self, seconds: int) -> str:
        most = int((self.rate or 0) * self.timeout_seconds / 2 / self.max_concurrency)
        ways = [
            *([f"lower batch_size to {most}"] if most else []),
            *(["lower max_concurrency"] if not most and self.max_concurrency > 1 else []),
            *([f"raise timeout to Duration.seconds({seconds})"] if seconds <= self._most else []),
            "raise rate_limit",
        ]
        return ", or ".join(ways)

    @property
    def _most(self) -> int:
        return _MOST_SECONDS - (_PROBE_MARGIN + _CONTROLLER_MARGIN if self.breaker else 0)

    def _check_failures(self) -> None:
        breaker = self.breaker
        if breaker is not None and breaker.failures > self.max_receive_count / 2:
            raise ValueError(
                "failures of circuit_breaker must be at most half of max_receive_count, got "
                f"{breaker.failures} of {self.max_receive_count}: a message that waits alone "
                "fails so often itself, and would be given up in an outage; lower failures to "
                f"{self.max_receive_count // 2}, or raise max_receive_count to "
                f"{2 * breaker.failures}"
            )

    def _check_probe(self) -> None:
        if self.timeout_seconds > self._most:
            raise ValueError(
                f"timeout must be at most {self._most} seconds with a circuit breaker, whose "
                f"controller waits for a delivery, got {self.timeout_seconds}; lower batch_size "
                "and timeout, or pass circuit_breaker=None"
            )


def _check_kinds(
    rate_limit: object, circuit_breaker: object, idempotency: object, redrive: object
) -> None:
    given = (
        ("rate_limit", rate_limit, RateLimit, "RateLimit.per_second(50)"),
        ("circuit_breaker", circuit_breaker, CircuitBreaker, "CircuitBreaker(failures=5)"),
        ("idempotency", idempotency, Idempotency, "Idempotency(remember=Duration.days(1))"),
        ("redrive", redrive, Redrive, "Redrive.per_second(10)"),
    )
    for name, value, kind, example in given:
        if value is not None and not isinstance(value, kind):
            raise ValueError(
                f"{name} must be of type {kind.__name__}, got {value!r}; "
                f"write {name}={example}, or None"
            )


def _check_order(fifo: object, ordered_by: object, max_concurrency: int) -> None:
    if not isinstance(fifo, bool):
        raise ValueError(f"fifo must be True or False, got {fifo!r}")  # noqa: TRY004 - as all bad arguments
    if ordered_by is not None and (not isinstance(ordered_by, str) or not ordered_by):
        raise ValueError(
            f"ordered_by must name a member of the messages, got {ordered_by!r}; "
            "write such as ordered_by='account'"
        )
    if ordered_by is not None and not fifo:
        raise ValueError(
            f"ordered_by={ordered_by!r} needs a FIFO queue; pass fifo=True, or leave it out"
        )
    remedy = f"leave it out for {CONCURRENCY}"
    count("max_concurrency", max_concurrency, least=1, most=_MOST_AT_ONCE, remedy=remedy)
    if max_concurrency == 1 and not fifo:
        raise ValueError(
            "max_concurrency=1 is less than an event source can be limited to; pass fifo=True, "
            "whose messages are one group and so delivered one batch at a time, or use 2"
        )
    if max_concurrency == 1 and ordered_by is not None:
        raise ValueError(
            f"max_concurrency=1 needs one group, and ordered_by={ordered_by!r} makes many; "
            "leave ordered_by out, which keeps all in order, or use max_concurrency=2"
        )


def _receives(max_receive_count: int, breaker: CircuitBreaker | None) -> int:
    # A pause of the event source takes effect late, and what is received until then counts.
    if (
        breaker is not None
        and type(max_receive_count) is int
        and 0 < max_receive_count < MAX_RECEIVES
    ):
        raise ValueError(
            f"max_receive_count must be at least {MAX_RECEIVES} with a circuit breaker, got "
            f"{max_receive_count!r}: what is handed back while polling stops counts as well; "
            "leave it out, or pass circuit_breaker=None"
        )
    remedy = f"leave it out for {MAX_RECEIVES}"
    return count(
        "max_receive_count", max_receive_count, least=1, most=_MOST_RECEIVES, remedy=remedy
    )
