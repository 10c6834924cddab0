"""What timers cost: part of `python -m benchmarks.costs`.

A firing is billed as what a minute with it costs more than one without any: what is left are the
calls of a shard that nobody uses, and these are the service's monthly price.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from benchmarks.bill import Bill, Meter, dollars, less
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract.timers import (
    TIMER_LOOK_AHEAD_SECONDS,
    TIMER_OWNER_INDEX_PROJECTION,
    TIMER_OWNER_INDEX_SORT_KEY,
    TIMER_SHARDS,
    TimerDispatcherEnvironment,
    TimerTickerEnvironment,
)
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.memory import MemoryAws, QueueSchema
from cdk_streamer_runtime.memory.platform import MemoryPlatform
from cdk_streamer_runtime.memory.timers import TABLE
from cdk_streamer_runtime.timers.assembly import TimerAssembly, metrics_of
from cdk_streamer_runtime.timers.definition import Definition
from cdk_streamer_runtime.timers.schedules.schedule import Every
from cdk_streamer_runtime.timers.sending.sender import Sender
from cdk_streamer_runtime.timers.service.service import TimerService
from cdk_streamer_runtime.timers.table.keys import shard_names
from cdk_streamer_runtime.timers.table.store import TimerStore

LISTED = {TIMER_OWNER_INDEX_SORT_KEY, *TIMER_OWNER_INDEX_PROJECTION}
FIRINGS = 2_000
DATA = '{"url":"https://api.example.com/v1/things/42"}'
MINUTES = 30 * 24 * 60
POLLERS = 2 * 2  # of two queues, each asking for 20 seconds
# Assumed: milliseconds of functions with 512 MB. A firing's are of CPU that is shared.
FIRING, TICK, IDLE, CALL = 0.25, 100, 50, 20
GIGABYTES = 0.5
SCHEDULER_FREE = 14  # million invocations a month
SCHEDULER_PRICE = 1.00
FIRINGS_A_MONTH = (0, 1, 10, 14, 20, 50, 100, 1_000)


class Service(NamedTuple):
    """The timers' functions, in memory."""

    meter: Meter
    platform: MemoryPlatform
    shards: int

    @classmethod
    def new(cls, shards: int) -> Service:
        """Deploy it, and let it come up to date."""
        platform = MemoryPlatform()
        platform.now = platform.now // 60_000 * 60_000
        queues = [QueueSchema(name=name) for name in ("firings", "dead", "ticks")]
        aws = MemoryAws(clock=platform.clock, tables=[TABLE], queues=queues)
        service = cls(Meter(aws, TABLE.name, LISTED), platform, shards)
        service.dispatch()
        return service

    def url(self, queue: str) -> str:
        """Give a queue's address."""
        return self.meter.aws.queue_url(queue)

    def put(self, id: str, schedule: Every, aws: Aws) -> None:
        """Create a timer."""
        metrics = metrics_of("Timer")
        TimerService(
            store=TimerStore(Table(aws, TABLE.name), new_token=self.platform.new_id),
            sender=Sender(aws, self.url("firings"), None, self.platform, metrics),
            platform=self.platform,
            shards=self.shards,
            look_ahead=TIMER_LOOK_AHEAD_SECONDS,
            strict=False,
            metrics=metrics,
        ).put(Definition(id=id, schedule=schedule, data=DATA))

    def tick(self) -> None:
        """Wake all dispatchers."""
        settings = TimerTickerEnvironment(
            name="Timer",
            table_name=TABLE.name,
            dispatch_queue_url=self.url("ticks"),
            shards=self.shards,
            look_ahead_seconds=TIMER_LOOK_AHEAD_SECONDS,
        )
        world = TimerAssembly(aws=self.meter, platform=self.platform)
        world.ticker(settings, metrics_of("Timer")).tick()

    def dispatch(self) -> Bill:
        """Bill what all dispatchers do, each once."""
        self.meter.bill = Bill()
        settings = TimerDispatcherEnvironment(
            name="Timer",
            table_name=TABLE.name,
            queue_url=self.url("firings"),
            dead_letter_queue_url=self.url("dead"),
            shards=self.shards,
            look_ahead_seconds=TIMER_LOOK_AHEAD_SECONDS,
        )
        world = TimerAssembly(aws=self.meter, platform=self.platform)
        dispatcher = world.dispatcher(settings, metrics_of("Timer"))
        for name in shard_names(self.shards):
            dispatcher.dispatch(name, 2**60)
        return self.meter.bill


def _function(milliseconds: float) -> float:
    return milliseconds / 1000 * GIGABYTES


@lru_cache(maxsize=1)
def firing() -> Bill:
    """Bill a firing, from its row in the table to the queue: one of many in a minute."""
    service = Service.new(1)
    minute = service.platform.now // 1000 + TIMER_LOOK_AHEAD_SECONDS
    # Unbilled, for a bill of each write looks at the whole table.
    aws = service.meter.aws
    for number in range(FIRINGS):
        schedule = Every(period=3600, phase=minute % 3600 + number % 60)
        service.put(f"customer-{number:06d}", schedule, aws)
    service.platform.advance(60_000)
    busy = service.dispatch()
    service.platform.advance(60_000)
    more = less(busy, service.dispatch())
    each = Bill({meter: quantity / FIRINGS for meter, quantity in more.items() if quantity})
    return Bill({**each, "GB-second": _function(FIRING)})


def delivery() -> Bill:
    """Bill its way to the callback in a batch of ten: received, deleted, one invocation for all."""
    return Bill({"queue request": 0.2, "invocation": 0.1})


def creation() -> Bill:
    """Bill a timer that is created, of a class that others have."""
    service = Service.new(1)
    service.put("first", Every(period=3600), service.meter)
    service.meter.bill = Bill()
    service.put("second", Every(period=3600, phase=7), service.meter)
    own = {"REST request": 1, "invocation": 1, "GB-second": _function(CALL)}
    return Bill({**service.meter.bill, **own})


@lru_cache(maxsize=1)
def month() -> Bill:
    """Bill a month in which nothing fires, in dollars: ticks and dispatchers run all the time."""
    service = Service.new(TIMER_SHARDS)
    service.platform.advance(60_000)
    bill = service.dispatch()
    service.tick()
    service.platform.advance(30_000)
    again = service.dispatch()
    ticks = 2 * TIMER_SHARDS
    minute = Bill({meter: bill[meter] + again[meter] for meter in bill | again})
    minute["queue request"] += 2 * ticks  # each is received and deleted
    minute["scheduled invocation"] += 1
    minute["invocation"] += ticks + 1
    minute["GB-second"] += ticks * _function(IDLE) + _function(TICK)
    total = Bill({meter: quantity * MINUTES for meter, quantity in minute.items()})
    total["queue request"] += POLLERS * MINUTES * 60 // 20
    return total


def rows() -> dict[str, Bill]:
    """Give what is billed, by what it is billed for."""
    return {
        "firing of a timer, to the queue": firing(),
        "firing of a timer, from the queue to the callback": delivery(),
        "timer created or changed": creation(),
    }


def prices(batch: int = 10) -> tuple[float, float]:
    """Give dollars of a month, and of a million firings in it; the callback's own is not in it."""
    received = Bill({"queue request": 2 / batch})
    return dollars(month()) / 1e6, dollars(firing()) + dollars(received)


def table() -> list[tuple[str, str, str]]:
    """Give dollars of a month beside those of EventBridge Scheduler, by millions of firings.

    Both without the callback's own, of whose invocations a batch of ten needs a tenth.
    """
    fixed, each = prices()
    return [
        (
            f"{millions:,}",
            f"{max(millions - SCHEDULER_FREE, 0) * SCHEDULER_PRICE:,.2f}",
            f"{fixed + each * millions:,.2f}",
        )
        for millions in FIRINGS_A_MONTH
    ]


def meeting(batch: int = 10) -> float:
    """Give the millions of firings a month at which both cost the same."""
    fixed, each = prices(batch)
    return (fixed + SCHEDULER_FREE * SCHEDULER_PRICE) / (SCHEDULER_PRICE - each)
