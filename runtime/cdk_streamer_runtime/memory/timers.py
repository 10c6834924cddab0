"""A timer service in memory: its API, ticks and dispatcher, on a clock that only a test moves."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cdk_streamer_runtime.contract.timers import (
    TIMER_LOOK_AHEAD_SECONDS,
    TIMER_OWNER_INDEX,
    TIMER_OWNER_INDEX_PARTITION_KEY,
    TIMER_OWNER_INDEX_PROJECTION,
    TIMER_OWNER_INDEX_SORT_KEY,
    TimerApiEnvironment,
    TimerMetric,
    TimerRoute,
)
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.memory.aws import MemoryAws
from cdk_streamer_runtime.memory.platform import MemoryPlatform
from cdk_streamer_runtime.memory.queues import QueueSchema
from cdk_streamer_runtime.memory.rest import RestRoutes
from cdk_streamer_runtime.memory.tables import IndexSchema, TableSchema
from cdk_streamer_runtime.timers import keys
from cdk_streamer_runtime.timers.api_assembly import timer_api
from cdk_streamer_runtime.timers.dispatcher import Dispatcher
from cdk_streamer_runtime.timers.pages import Pages
from cdk_streamer_runtime.timers.sender import Sender
from cdk_streamer_runtime.timers.shards import Shards

NAME = "timers"
TABLE = TableSchema(
    name=NAME,
    partition_key="pk",
    sort_key="sk",
    indexes=(
        IndexSchema(
            name=TIMER_OWNER_INDEX,
            partition_key=TIMER_OWNER_INDEX_PARTITION_KEY,
            sort_key=TIMER_OWNER_INDEX_SORT_KEY,
            projection=TIMER_OWNER_INDEX_PROJECTION,
        ),
    ),
)
DEAD_LETTERS = QueueSchema(name="dead-letters")
FIRINGS = QueueSchema(name="firings", dead_letters=DEAD_LETTERS.name, visibility_seconds=60)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = 60_000
_FORBIDDEN = b'{"message":"Missing Authentication Token"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeFiring:
    """A message that arrived: `received_at` is when, the same or later than `fire_at`."""

    id: str
    fire_at: datetime
    rev: int
    data: Any
    received_at: datetime


class CountedTimerMetrics:
    """Metrics that a test can read."""

    def __init__(self) -> None:
        self.counts: Counter[TimerMetric] = Counter()
        self.values: dict[TimerMetric, list[float]] = {}

    def count(self, metric: TimerMetric, value: int = 1) -> None:
        """Add to a metric."""
        self.counts[metric] += value

    def milliseconds(self, metric: TimerMetric, value: float) -> None:
        """Record a duration."""
        self.values.setdefault(metric, []).append(value)

    def seconds(self, metric: TimerMetric, value: float) -> None:
        """Record a duration that is measured in seconds."""
        self.values.setdefault(metric, []).append(value)


class FakeTimerService:
    """The functions of a PeriodicTimer and the services between them, in the caller's thread.

    A TimerClient reaches it by `transport`. Time begins at `begin` and stands still until
    `advance` moves it; what falls due on the way is delivered on its moment to `on_fire`.
    `firings` has all that was, in order.
    """

    def __init__(
        self,
        on_fire: Callable[[FakeFiring], object] | None = None,
        *,
        begin: datetime = BEGIN,
        look_ahead: int = TIMER_LOOK_AHEAD_SECONDS,
        strict: bool = False,
    ) -> None:
        """Build it with one shard; `look_ahead` is in seconds."""
        self.firings: list[FakeFiring] = []
        self.metrics = CountedTimerMetrics()
        self.platform = MemoryPlatform()
        self.platform.now = int(begin.timestamp() * 1000)
        self.aws = MemoryAws(
            clock=self.platform.clock, tables=[TABLE], queues=[FIRINGS, DEAD_LETTERS]
        )
        self._on_fire = on_fire
        self._routes = RestRoutes(TimerRoute)
        self._has_ticks = True
        self._next_tick = -(-self.platform.now // MINUTE) * MINUTE
        self._build(look_ahead, strict=strict)

    def _build(self, look_ahead: int, *, strict: bool) -> None:
        aws, platform, metrics = self.aws, self.platform, self.metrics
        queue_url, dead_letters = (aws.queue_url(queue.name) for queue in (FIRINGS, DEAD_LETTERS))
        settings = TimerApiEnvironment(
            name=NAME,
            table_name=NAME,
            queue_url=queue_url,
            shards=1,
            look_ahead_seconds=look_ahead,
            strict=strict,
        )
        self._url = queue_url
        self._api = timer_api(settings, aws=aws, platform=platform, metrics=metrics)
        self._dispatcher = Dispatcher(
            shards=Shards(Table(aws, NAME)),
            pages=Pages(aws, NAME),
            sender=Sender(aws, queue_url, dead_letters, platform, metrics),
            platform=platform,
            metrics=metrics,
            look_ahead=look_ahead,
        )

    @property
    def now(self) -> datetime:
        """The moment at which time stands."""
        return _moment(self.platform.now)

    @property
    def dead_letters(self) -> list[Any]:
        """The bodies of messages that were received too often, or that nobody can send."""
        return [json.loads(body) for body in self.aws.messages(DEAD_LETTERS.name)]

    def transport(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, /
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Answer a request as the service does; whoever asks may do all."""
        event = self._routes.event(method, path, headers, body)
        if event is None:
            return 403, {"content-type": "application/json"}, _FORBIDDEN  # as API Gateway says it
        answer = self._api.handle(event)
        return answer["statusCode"], answer["headers"], answer["body"].encode()

    def advance(self, time: timedelta | float) -> list[FakeFiring]:
        """Let time pass, and give what fired meanwhile; a number is in seconds.

        What `on_fire` raises is raised here, with time standing where it was; the firing comes
        again a minute later, and is a dead letter after five times.
        """
        seconds = time.total_seconds() if isinstance(time, timedelta) else time
        if seconds < 0:
            raise ValueError(f"time must not go back, got {seconds!r} seconds")
        before, end = len(self.firings), self.platform.now + round(seconds * 1000)
        while (due := self._next_due()) <= end:
            self.platform.now = max(due, self.platform.now)
            self._act()
        self.platform.now = max(end, self.platform.now)
        return self.firings[before:]

    @contextmanager
    def outage(self) -> Generator[None]:
        """Let no ticks come while the block runs: afterwards firings are late."""
        self._has_ticks = False
        try:
            yield
        finally:
            self._has_ticks = True

    def _next_due(self) -> int:
        visible = self.aws.next_visible_at(FIRINGS.name)
        return self._next_tick if visible is None else min(self._next_tick, visible)

    def _act(self) -> None:
        if self.platform.now >= self._next_tick:
            self._next_tick += MINUTE
            if self._has_ticks:
                self._tick()
        messages = self._received()
        while messages:
            try:
                self._deliver(messages[0])
            except BaseException:
                for message in messages[1:]:
                    self._show(message)
                raise
            messages = messages[1:] or self._received()

    def _tick(self) -> None:
        for shard in keys.shard_names(1):
            self._dispatcher.dispatch(shard, self.platform.now + MINUTE)

    def _received(self) -> list[dict[str, Any]]:
        visible = self.aws.next_visible_at(FIRINGS.name)
        if visible is None or visible > self.platform.now:
            return []
        asked = {
            "QueueUrl": self._url,
            "MaxNumberOfMessages": 10,
            "MessageAttributeNames": ["All"],
        }
        return self.aws.call("sqs", "ReceiveMessage", asked).get("Messages", [])

    def _show(self, message: Mapping[str, Any]) -> None:
        """Let a message be received again at once."""
        asked = {"ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
        self.aws.call("sqs", "ChangeMessageVisibility", {"QueueUrl": self._url, **asked})

    def _deliver(self, message: Mapping[str, Any]) -> None:
        firing = _firing(message, self.now)
        if self._on_fire is not None:
            self._on_fire(firing)
        self.firings.append(firing)
        receipt = {"QueueUrl": self._url, "ReceiptHandle": message["ReceiptHandle"]}
        self.aws.call("sqs", "DeleteMessage", receipt)


def _firing(message: Mapping[str, Any], received_at: datetime) -> FakeFiring:
    about = {name: each["StringValue"] for name, each in message["MessageAttributes"].items()}
    id, _, moment = about["fire_key"].rpartition("/")
    fire_at, document = _moment(int(moment) * 1000), json.loads(message["Body"])
    is_plain = not message["Body"].startswith(f'{{"id":"{id}","fire_at":"')
    return FakeFiring(
        id=id,
        fire_at=fire_at,
        rev=int(about["rev"]),
        data=document if is_plain else document["data"],
        received_at=received_at,
    )


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
