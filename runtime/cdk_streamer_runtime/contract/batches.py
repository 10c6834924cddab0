"""What DurableBatch and the runtime agree on."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from cdk_streamer_runtime.contract.environment import Environment, variables_now

# --- environment -------------------------------------------------------------------------------


class TargetKind(StrEnum):
    """What a batch publishes to, unless its author writes `publish`."""

    QUEUE = "queue"  # also that of a ThrottledSink; `address` is its URL
    FUNCTION = "function"  # invoked once a chunk; `address` is its ARN


class Pacing(StrEnum):
    """How a batch keeps its rate."""

    WAIT = "wait"  # a step waits for its turn
    DELAY = "delay"  # messages are sent at once, and each is delayed until its turn


class Nesting(StrEnum):
    """How an execution records its chunks."""

    FLAT = "flat"  # one operation each
    NESTED = "nested"  # two: each has a context of its own, which the console shows


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettings:
    """How a batch runs, wherever it does: in its own function or within an async request.

    `target_region` is where a queue is, None: here. `rate` is items a second, None: no limit.
    `tolerated_percentage` and `tolerated_count` are how many items may fail before the batch has;
    None: any number. Without `function`, the ARN of the alias that executions start by, it can
    only run within a request.
    """

    name: str
    chunk_size: int = 25
    max_concurrency: int = 5
    target_kind: TargetKind | None = None
    target_address: str | None = None
    target_region: str | None = None
    target_fifo: bool = False
    target_ordered_by: str | None = None
    rate: float | None = None
    pacing: Pacing = Pacing.WAIT
    max_attempts: int = 3
    retry_seconds: int = 5
    tolerated_percentage: float | None = None
    tolerated_count: int | None = None
    nesting: Nesting = Nesting.FLAT
    dead_letter_queue_url: str | None = None
    function: str | None = None

    @staticmethod
    def variable(name: str) -> str:
        """Give the name of the environment variable for a batch's construct id."""
        return f"CDK_STREAMER_BATCH_{re.sub(r'[^A-Za-z0-9]', '_', name).upper()}"

    def to_text(self) -> str:
        """Write them for a function's environment."""
        told = {
            name: value for name, value in dataclasses.asdict(self).items() if value is not None
        }
        return json.dumps(told, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what `to_text` wrote."""
        values: dict[str, Any] = json.loads(text)
        kinds: dict[str, type[StrEnum]] = {
            "target_kind": TargetKind,
            "pacing": Pacing,
            "nesting": Nesting,
        }
        for member, kind in kinds.items():
            if member in values:
                values[member] = kind(values[member])
        return cls(**values)

    @classmethod
    def from_variables(cls, name: str, variables: Mapping[str, str] | None = None) -> Self:
        """Read them; raises ValueError when this function knows nothing of that batch."""
        text = variables_now(variables).get(cls.variable(name))
        if text is None:
            raise ValueError(
                f"there is no batch {name!r} for this function; pass it to grant_start() or "
                "grant_run() of the DurableBatch with that id"
            )
        return cls.from_text(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEnvironment(Environment):
    """Settings of a batch's durable function. `batch` is a BatchSettings' text.

    `channel_*` tell where progress is published; without them it is not.
    """

    batch_name: str  # the construct's: the metrics' dimension
    batch: str
    entry_point: str
    execution_timeout_seconds: int
    channel_table_name: str | None = None
    channel_endpoint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStarterEnvironment(Environment):
    """Settings of the function that a schedule invokes. `batch` is a BatchSettings' text.

    The id of a batch is `id_prefix` and the minute that it was scheduled for.
    """

    batch: str
    id_prefix: str


class StartMember(StrEnum):
    """What a schedule tells the starter."""

    SCHEDULED_AT = "scheduled_at"
    PAYLOAD = "payload"


# What the scheduler puts the time in place of, which is the same however often it tries.
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"


# --- metrics -----------------------------------------------------------------------------------

BATCH_DIMENSION = "Batch"  # the construct's name


class BatchMetric(StrEnum):
    """Names of the metrics that a batch's functions emit under METRIC_NAMESPACE."""

    DISCOVERED = "Discovered"
    PUBLISHED = "Published"
    FAILED = "Failed"  # items that were given up
    CHUNKS_RETRIED = "ChunksRetried"
    BATCHES_SUCCEEDED = "BatchesSucceeded"
    BATCHES_FAILED = "BatchesFailed"
    BATCH_TIME = "BatchTime"  # seconds from the start to the end


# --- limits ------------------------------------------------------------------------------------

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
BATCH_ID_PATTERN = r"[A-Za-z0-9_-]{1,64}"
# Of a schedule's batches: what is left of 64 beside `-20300131T0600Z`.
MAX_ID_PREFIX = 48
# Lambda's own limit is 3,000, and each retry is one.
MAX_OPERATIONS = 2_500
MAX_FAILED_IDS = 100  # that a result names
