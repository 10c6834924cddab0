"""The numbers of an AsyncRequestApi, checked."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration

from cdk_streamer._arguments.durations import whole_seconds
from cdk_streamer._resources.bucket import Lifetimes
from cdk_streamer_runtime.contract import (
    DURABLE_SECONDS,
    MAX_DELAY_SECONDS,
    MAX_EXPIRES_SECONDS,
    WORKER_TIMEOUT_SECONDS,
)

RETENTION_SECONDS = 7 * 24 * 60 * 60
LEASE_SECONDS = 60
MAX_RATE = 10

_HOUR, _DAY, _YEAR = 60 * 60, 24 * 60 * 60, 365 * 24 * 60 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long, how often, how many at once."""

    worker_timeout_seconds: int
    lease_seconds: int
    retention_seconds: int
    max_rate: int
    max_concurrency: int | None
    durable_seconds: int | None

    @classmethod
    def read(
        cls,
        *,
        worker_timeout: Duration | None,
        max_concurrency: int | None,
        lease: Duration | None,
        max_progress_rate: int,
        retention: Duration | None,
        durable: Duration | None,
    ) -> Limits:
        """Check what the user gave; raises ValueError with the remedy."""
        if max_concurrency is not None and not 2 <= max_concurrency <= 1_000:  # noqa: PLR2004
            raise ValueError(
                f"max_concurrency must be 2 to 1000, got {max_concurrency!r}; "
                "leave it out for no limit of its own"
            )
        if not 1 <= max_progress_rate <= 100:  # noqa: PLR2004 - posts are throttled beyond
            raise ValueError(
                f"max_progress_rate must be 1 to 100 a second, got {max_progress_rate!r}"
            )
        retention_seconds = whole_seconds(
            "retention", retention, default=RETENTION_SECONDS, least=_HOUR, most=_YEAR
        )
        return cls(
            worker_timeout_seconds=whole_seconds(
                "worker_timeout",
                worker_timeout,
                default=WORKER_TIMEOUT_SECONDS,
                least=10,
                most=WORKER_TIMEOUT_SECONDS,
            ),
            # The first watch message is delayed by a lease, and SQS delays by so much at most.
            lease_seconds=whole_seconds(
                "lease", lease, default=LEASE_SECONDS, least=5, most=MAX_DELAY_SECONDS
            ),
            retention_seconds=retention_seconds,
            max_rate=max_progress_rate,
            max_concurrency=max_concurrency,
            durable_seconds=_durable_seconds(durable, retention_seconds),
        )

    @property
    def lifetimes(self) -> Lifetimes:
        """How long the bucket keeps what."""
        longest = MAX_EXPIRES_SECONDS + _DAY + (self.durable_seconds or 0)
        return Lifetimes(open_seconds=longest, kept_seconds=self.retention_seconds)


def _durable_seconds(durable: Duration | None, retention_seconds: int) -> int | None:
    if durable is None:
        return None
    if retention_seconds < _DAY:
        raise ValueError(
            f"retention must be at least a day with durable, got {retention_seconds} seconds: "
            "for so long Lambda remembers the names of executions"
        )
    return whole_seconds("durable", durable, default=_DAY, least=60, most=DURABLE_SECONDS)
