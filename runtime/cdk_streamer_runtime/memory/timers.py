"""A timer service in memory: its API, ticks and dispatcher, on a clock that only a test moves."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from cdk_streamer_runtime.contract.timers import (
    TIMER_LOOK_AHEAD_SECONDS,
    TIMER_OWNER_INDEX,
    TIMER_OWNER_INDEX_PARTITION_KEY,
    TIMER_OWNER_INDEX_PROJECTION,
    TIMER_OWNER_INDEX_SORT_KEY,
    TimerApiEnvironment,
    TimerCallbackEnvironment,
    TimerDispatcherEnvironment,
    TimerMetric,
    TimerRoute,
    TimerTickerEnvironment,
)
from cdk_streamer_runtime.memory.aws import MemoryAws
from cdk_streamer_runtime.memory.platform import MemoryPlatform
from cdk_streamer_runtime.memory.queues import QueueSchema
from cdk_streamer_runtime.memory.rest import RestRoutes
from cdk_streamer_runtime.memory.tables import IndexSchema, TableSchema
from cdk_streamer_runtime.timers.assembly import TimerAssembly
from cdk_streamer_runtime.timers.callbacks.callback import (
    Callback,
    Fired,
    TimerFiring,
    TimerHandler,
    run,
)
from cdk_streamer_runtime.timers.rest.assembly import timer_api

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
TICKS = QueueSchema(name="ticks")
FIRINGS = QueueSchema(name="firings", dead_letters=DEAD_LETTERS.name, visibility_seconds=60)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = 60_000

Handle = Callable[[Mapping[str, Any], int], list[str]]
_FORBIDDEN = b'{"message":"Missing Authentication Token"}'


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
    `advance` moves it; what falls due on the way is given to `on_fire` on its moment: a function
    of a TimerFiring, or one that `timer_handler` has made a handler. `firings` has all that were
    done, in order.
    """

    def __init__(
        self,
        on_fire: Fired | TimerHandler | None = None,
        *,
        begin: datetime = BEGIN,
        look_ahead: int = TIMER_LOOK_AHEAD_SECONDS,
        strict: bool = False,
        dedupe: bool = False,
    ) -> None:
        """Build it with one shard; `look_ahead` is in seconds, the rest as the construct has it."""
        self.firings: list[TimerFiring] = []
        self.metrics = CountedTimerMetrics()
        self.platform = MemoryPlatform()
        self.platform.now = int(begin.timestamp() * 1000)
        self.aws = MemoryAws(
            clock=self.platform.clock, tables=[TABLE], queues=[TICKS, FIRINGS, DEAD_LETTERS]
        )
        self._errors: list[BaseException] = []
        self._routes = RestRoutes(TimerRoute)
        self._has_ticks = True
        self._next_tick = -(-self.platform.now // MINUTE) * MINUTE
        self._build(look_ahead, strict=strict)
        self._callback = self._callback_of(on_fire, strict=strict, dedupe=dedupe)

    def _build(self, look_ahead: int, *, strict: bool) -> None:
        shared: dict[str, Any] = {"name": NAME, "table_name": NAME, "shards": 1}
        shared["look_ahead_seconds"] = look_ahead
        queue, dead, ticks = (self._url(each) for each in (FIRINGS, DEAD_LETTERS, TICKS))
        api = TimerApiEnvironment(queue_url=queue, strict=strict, **shared)
        dispatcher = TimerDispatcherEnvironment(
            queue_url=queue, dead_letter_queue_url=dead, **shared
        )
        ticker = TimerTickerEnvironment(dispatch_queue_url=ticks, **shared)
        assembly = TimerAssembly(aws=self.aws, platform=self.platform)
        self._api = timer_api(api, aws=self.aws, platform=self.platform, metrics=self.metrics)
        self._dispatcher = assembly.dispatcher(dispatcher, self.metrics)
        self._ticker = assembly.ticker(ticker, self.metrics)

    def _callback_of(
        self, on_fire: Fired | TimerHandler | None, *, strict: bool, dedupe: bool
    ) -> Callback:
        wanted = on_fire.dedupe if isinstance(on_fire, TimerHandler) else None
        function = on_fire.__wrapped__ if isinstance(on_fire, TimerHandler) else on_fire
        settings = TimerCallbackEnvironment(
            timer_name=NAME, timer_table_name=NAME, timer_strict=strict, timer_dedupe=dedupe
        )
        assembly = TimerAssembly(aws=self.aws, platform=self.platform)
        guard = assembly.guard(settings, self.metrics, dedupe=wanted)

        def observed(firing: TimerFiring) -> None:
            try:
                if function is not None:
                    run(function, firing)
            except BaseException as error:
                self._errors.append(error)
                raise
            self.firings.append(firing)

        return Callback(observed, platform=self.platform, guard=guard)

    @property
    def now(self) -> datetime:
        """The moment at which time stands."""
        return datetime.fromtimestamp(self.platform.now / 1000, UTC)

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

    def advance(self, time: timedelta | float) -> list[TimerFiring]:
        """Let time pass, and give what fired meanwhile; a number is in seconds.

        What `on_fire` raises is raised here, and time stands where it was; the firing comes again
        a minute later, and after five times is a dead letter.
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
                self._ticker.tick()
                # With the message for now comes the one of half a minute ago, which is a spare.
                self._drain(TICKS, self._dispatcher.handle)
        self._drain(FIRINGS, self._callback.handle)

    def _drain(self, queue: QueueSchema, handle: Handle) -> None:
        while messages := self._received(queue):
            self._give(queue, messages, handle)

    def _received(self, queue: QueueSchema) -> list[dict[str, Any]]:
        visible = self.aws.next_visible_at(queue.name)
        if visible is None or visible > self.platform.now:
            return []
        asked = {
            "QueueUrl": self._url(queue),
            "MaxNumberOfMessages": 10,
            "MessageAttributeNames": ["All"],
        }
        return self.aws.call("sqs", "ReceiveMessage", asked).get("Messages", [])

    def _give(self, queue: QueueSchema, messages: list[dict[str, Any]], handle: Handle) -> None:
        """Call a function with an event of the queue; what it does not hand back is deleted."""
        failed = handle({"Records": [_record(message) for message in messages]}, 15 * MINUTE)
        for message in messages:
            if message["MessageId"] not in failed:
                receipt = {"QueueUrl": self._url(queue), "ReceiptHandle": message["ReceiptHandle"]}
                self.aws.call("sqs", "DeleteMessage", receipt)
        if self._errors:
            first, *_ = self._errors
            self._errors.clear()
            raise first

    def _url(self, queue: QueueSchema) -> str:
        return self.aws.queue_url(queue.name)


def _record(message: Mapping[str, Any]) -> dict[str, Any]:
    """Write a message as Lambda has it in an event."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {
            name: {"dataType": each["DataType"], "stringValue": each["StringValue"]}
            for name, each in message.get("MessageAttributes", {}).items()
        },
        "eventSource": "aws:sqs",
    }
