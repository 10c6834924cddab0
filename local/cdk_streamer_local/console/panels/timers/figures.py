"""A timer service in figures: what it fired, what is due, how late, how far ahead."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from cdk_streamer_local.console.metrics import KEPT_SECONDS, Metrics
from cdk_streamer_local.console.panels.timers.index import TimerIndex
from cdk_streamer_local.console.panels.timers.services import TimerService
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract.timers import TIMER_DIMENSION, TimerMetric
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.timers.table import keys
from cdk_streamer_runtime.timers.table.shards import Shards

SECONDS = 60
_BIN = 10  # seconds of a point of what is measured in bursts
_OWNERS = 100  # that a list to choose from has


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The fan-out queue, as the engine tells of it."""

    url: str
    arn: str
    waiting: int
    in_flight: int
    delayed: int
    left: Mapping[int, int]

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        """Read one of a glance."""
        return cls(
            url=told["Url"],
            arn=told["Arn"],
            waiting=told["Waiting"],
            in_flight=told["InFlight"],
            delayed=told["Delayed"],
            left={second: left for second, _, left in told["Traffic"]},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFigures:
    """One service. By second: `fired` of the last minute, `due` of the next one.

    `lateness` has the 99th percentiles of ten seconds each, in milliseconds. `ahead` is for how
    many seconds from now everything is in the queue `fan_out`: below 0 firings are late. `lag` is
    what the ticker measures of the same.
    """

    name: str
    url: str
    table: str
    callback: str
    dispatcher: str
    look_ahead: int
    shards: int
    strict: bool
    dedupe: bool
    states: Mapping[str, int]
    owners: Mapping[str, int]
    is_cut: bool
    fired: Sequence[int]
    due: Sequence[int]
    lateness: Sequence[float]
    lateness_p99: float | None
    ahead: int | None
    lag: int
    queued: int
    waiting: int
    in_flight: int
    dead_letters: int
    dead_letter_queue: str
    fan_out: str


def queues_of(aws: Aws) -> Mapping[str, Queue]:
    """Give the queues of a place by URL."""
    told = aws.call("sqs", "CdkStreamerGlance", {})["Queues"]
    return {queue.url: queue for queue in map(Queue.read, told)}


def figures_of(
    service: TimerService, index: TimerIndex, aws: Aws, metrics: Metrics, now: int
) -> ServiceFigures:
    """Put them together."""
    settings, queues = service.settings, queues_of(aws)
    fan_out = queues.get(settings.queue_url)
    dead = queues.get(service.dead_letters)
    ahead = _ahead(aws, service, now)
    lateness = metrics.values(TimerMetric.FIRE_LATENESS, **{TIMER_DIMENSION: service.name})
    owners = sorted(index.owners().items(), key=lambda pair: (-pair[1], pair[0]))
    return ServiceFigures(
        name=service.name,
        url=service.url,
        table=settings.table_name,
        callback=service.callback,
        dispatcher=service.dispatcher,
        look_ahead=settings.look_ahead_seconds,
        shards=settings.shards,
        strict=settings.strict,
        dedupe=service.dedupe,
        states=index.states(now),
        owners=dict(owners[:_OWNERS]),
        is_cut=index.is_cut,
        fired=_recent(fan_out, now),
        due=index.due(now, SECONDS),
        lateness=binned(lateness, now),
        lateness_p99=percentile([value for _, values in lateness for value in values]),
        ahead=ahead,
        lag=0 if ahead is None else max(settings.look_ahead_seconds - ahead, 0),
        queued=fan_out.delayed if fan_out else 0,
        waiting=fan_out.waiting if fan_out else 0,
        in_flight=fan_out.in_flight if fan_out else 0,
        dead_letters=dead.waiting + dead.in_flight if dead else 0,
        dead_letter_queue=dead.arn if dead else "",
        fan_out=fan_out.arn if fan_out else "",
    )


def percentile(values: Sequence[float], share: float = 0.99) -> float | None:
    """Give the value that so many of them do not exceed; None without any."""
    if not values:
        return None
    return sorted(values)[math.ceil(share * len(values)) - 1]


def binned(seconds: Sequence[tuple[int, Sequence[float]]], now: int) -> Sequence[float]:
    """Give the 99th percentile of each ten seconds, 0 where nothing was measured."""
    bins: list[list[float]] = [[] for _ in range(KEPT_SECONDS // _BIN)]
    for second, values in seconds:
        age = (now - second) // _BIN
        if 0 <= age < len(bins):
            bins[-1 - age] += values
    return [percentile(values) or 0 for values in bins]


def _recent(queue: Queue | None, now: int) -> Sequence[int]:
    left: Mapping[int, int] = queue.left if queue else {}
    return [left.get(second, 0) for second in range(now - SECONDS, now)]


def _ahead(aws: Aws, service: TimerService, now: int) -> int | None:
    names = keys.shard_names(service.settings.shards)
    shards = Shards(Table(aws, service.settings.table_name))
    done = [
        moment
        for first in range(0, len(names), 100)  # as many as one read takes
        for moment in shards.done_until(names[first : first + 100])
    ]
    return min(done) - now if done else None
