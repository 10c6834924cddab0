"""What PeriodicTimer and the runtime agree on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cdk_streamer_runtime.contract.environment import Environment

# --- environment -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerApiEnvironment(Environment):
    """Settings of the function behind the REST API.

    `queue_url` is the fan-out queue. `strict` tells that callbacks drop firings of older
    revisions. `isolate_owners` makes the caller a timer's owner. `callers` is a CallerRules.
    """

    name: str
    table_name: str
    queue_url: str
    shards: int
    look_ahead_seconds: int
    strict: bool = False
    isolate_owners: bool = False
    callers: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerTickerEnvironment(Environment):
    """Settings of the function that wakes the dispatcher of each shard, twice a minute."""

    name: str
    table_name: str
    dispatch_queue_url: str
    shards: int
    look_ahead_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerDispatcherEnvironment(Environment):
    """Settings of the function that reads what is due soon and sends it to the fan-out queue.

    Firings that the queue would refuse for ever go to the dead letters.
    """

    name: str
    table_name: str
    queue_url: str
    dead_letter_queue_url: str
    shards: int
    look_ahead_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerCallbackEnvironment(Environment):
    """Settings of the user's callback, whose names leave room for those of a publisher.

    `timer_table_name` is there when firings are compared or remembered in the table.
    """

    timer_name: str
    timer_table_name: str | None = None
    timer_strict: bool = False
    timer_dedupe: bool = False


# --- the table ---------------------------------------------------------------------------------


class TimerItemKind(StrEnum):
    """What partition keys of items begin with."""

    DEFINITION = "t"
    SLOT = "w"
    DUE = "d"
    CLASS = "c"
    SHARD = "s"
    FIRING = "f"


TIMER_OWNER_INDEX = "by_owner"
TIMER_OWNER_INDEX_PARTITION_KEY = "owner_key"
TIMER_OWNER_INDEX_SORT_KEY = "id_key"
TIMER_OWNER_INDEX_PROJECTION = (
    *("id", "owner", "state", "schedule", "start", "end", "jitter", "jitter_each"),
    *("slot_since", "created_at"),
)


class TimerState(StrEnum):
    """Where a timer stands; ENDED is computed: it never fires again."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    ENDED = "ENDED"


# --- routes ------------------------------------------------------------------------------------


class TimerRoute(StrEnum):
    """Method and resource of the REST API."""

    PUT = "PUT /periodic/{id}"
    GET = "GET /periodic/{id}"
    PATCH = "PATCH /periodic/{id}"
    DELETE = "DELETE /periodic/{id}"
    OCCURRENCES = "GET /periodic/{id}/occurrences"
    LIST = "GET /periodic"
    BATCH = "POST /periodic:batch"

    @property
    def resource(self) -> str:
        """What names it in a policy, below the stage: `GET/periodic/*`."""
        method, _, path = self.partition(" ")
        return f"{method}{path.replace('{id}', '*')}"


# --- metrics -----------------------------------------------------------------------------------

TIMER_DIMENSION = "Timer"  # the construct's name; the only dimension


class TimerMetric(StrEnum):
    """Names of the metrics that the timers' functions emit under METRIC_NAMESPACE."""

    WATERMARK_LAG = "WatermarkLag"  # seconds that the slowest shard is behind now + look-ahead
    FIRE_LATENESS = "FireLateness"  # milliseconds from a firing's moment to when it can be received
    ENQUEUED = "Enqueued"
    SEND_RETRIES = "SendRetries"  # entries that a queue did not take at once
    FIRINGS_SKIPPED = "FiringsSkipped"  # by a misfire policy
    FIRINGS_DROPPED = "FiringsDropped"  # by strict callbacks, of timers that are so no more
    FIRINGS_REPEATED = "FiringsRepeated"  # by callbacks that remember, of firings that are done
    FIRINGS_REJECTED = "FiringsRejected"  # refused by the queue for ever, so they are dead letters


# --- limits ------------------------------------------------------------------------------------

# "." and ".." mean something in the path of a URL, so no client could ask for them.
TIMER_ID_PATTERN = r"(?!\.{1,2}$)[A-Za-z0-9._~:-]{1,128}"
TIMER_DATA_BYTES = 64 * 1024
TIMER_INLINE_BYTES = 8 * 1024  # beyond it a dispatcher reads the data from the definition
TIMER_BATCH = 25
TIMER_CLASSES = 256  # of one shard; a timer of another class lives by its next firing
TIMER_SHARDS = 16
MAX_TIMER_SHARDS = 4096
TIMER_LOOK_AHEAD_SECONDS = 180
TIMER_DISPATCH_SECONDS = 120  # the dispatcher's own timeout
TIMER_RETENTION_SECONDS = 30 * 24 * 60 * 60  # of a timer that never fires again
# Longer than a message can wait in the queue, and then among the dead letters.
TIMER_MEMORY_SECONDS = 15 * 24 * 60 * 60
