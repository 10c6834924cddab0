"""Puts the parts of dispatchers, tickers and callbacks together, for Lambda and tests alike."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from cdk_streamer_runtime.aws import Aws, LeanClient, Patience
from cdk_streamer_runtime.contract.timers import (
    TIMER_DIMENSION,
    TimerCallbackEnvironment,
    TimerDispatcherEnvironment,
    TimerTickerEnvironment,
)
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.timers.callbacks.guard import Guard
from cdk_streamer_runtime.timers.dispatch.dispatcher import Dispatcher
from cdk_streamer_runtime.timers.dispatch.ticker import Ticker
from cdk_streamer_runtime.timers.sending.sender import Sender
from cdk_streamer_runtime.timers.table import keys
from cdk_streamer_runtime.timers.table.layout import Layout
from cdk_streamer_runtime.timers.table.pages import Pages
from cdk_streamer_runtime.timers.table.shards import Shards
from cdk_streamer_runtime.timers.world import Meter, Platform

logger = logging.getLogger(__name__)

# The sender tries again by itself, for what was to be seen in ten seconds is then to be seen in
# nine; and a page that hangs is left behind for others.
IMPATIENCE = Patience(attempts=2, connect=1.0, read=5.0, total=8.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerAssembly:
    """Builds the timers' functions for one world: where AWS is, and what machine they run on."""

    aws: Aws
    platform: Platform

    def dispatcher(self, settings: TimerDispatcherEnvironment, metrics: Meter) -> Dispatcher:
        """Build what sends firings."""
        dead_letters = settings.dead_letter_queue_url
        return Dispatcher(
            shards=Shards(Table(self.aws, settings.table_name)),
            pages=Pages(self.aws, settings.table_name),
            sender=Sender(self.aws, settings.queue_url, dead_letters, self.platform, metrics),
            platform=self.platform,
            metrics=metrics,
            look_ahead=settings.look_ahead_seconds,
        )

    def layout(self, settings: TimerDispatcherEnvironment) -> Layout:
        """Build what a dispatcher asks before it looks at any shard."""
        return Layout(Table(self.aws, settings.table_name), settings.shards)

    def ticker(self, settings: TimerTickerEnvironment, metrics: Meter) -> Ticker:
        """Build what wakes dispatchers; raises ValueError for a number of shards that cannot be."""
        return Ticker(
            self.aws,
            queue_url=settings.dispatch_queue_url,
            shards=Shards(Table(self.aws, settings.table_name)),
            names=keys.shard_names(settings.shards),
            look_ahead=settings.look_ahead_seconds,
            platform=self.platform,
            metrics=metrics,
        )

    def guard(
        self, settings: TimerCallbackEnvironment, metrics: Meter, *, dedupe: bool | None = None
    ) -> Guard | None:
        """Build what looks into the table for a callback; None when there is nothing to look for.

        Raises ValueError when the construct has not made that possible.
        """
        dedupe = settings.timer_dedupe if dedupe is None else dedupe
        if not dedupe and not settings.timer_strict:
            return None
        if settings.timer_table_name is None or (dedupe and not settings.timer_dedupe):
            raise ValueError(
                "the callback is to remember firings and may not; set dedupe=True on its "
                "PeriodicTimer"
            )
        return Guard(
            Table(self.aws, settings.timer_table_name),
            strict=settings.timer_strict,
            dedupe=dedupe,
            metrics=metrics,
            clock=self.platform.clock,
            new_token=self.platform.new_id,
        )


class CallbackWorld(NamedTuple):
    """Where a callback runs. Without a guard nothing is measured."""

    platform: Platform
    guard: Guard | None
    metrics: Metrics

    def flush(self) -> None:
        """Write what was measured."""
        self.metrics.flush()


def metrics_of(name: str) -> Metrics:
    """Build who counts for a construct."""
    return Metrics(name, dimension=TIMER_DIMENSION)


@lru_cache(maxsize=1)
def in_lambda() -> TimerAssembly:
    """Give this process's own world; its client keeps connections open between events."""
    return TimerAssembly(aws=LeanClient(), platform=Machine())


@lru_cache(maxsize=1)
def dispatching_in_lambda() -> TimerAssembly:
    """Give the world of a dispatcher, whose own attempts follow those of its client."""
    return TimerAssembly(aws=LeanClient(patience=IMPATIENCE), platform=Machine())


@lru_cache(maxsize=2)
def callback_world(*, dedupe: bool | None) -> CallbackWorld:
    """Give the world of a callback; one that no construct has deployed is a test of its author's.

    There every message is run. Raises ValueError when what the author wants is not possible.
    """
    try:
        settings = TimerCallbackEnvironment.from_variables()
    except ValueError:
        if dedupe:
            logger.warning("firings not remembered")
        return CallbackWorld(Machine(), None, metrics_of("unnamed"))
    metrics = metrics_of(settings.timer_name)
    assembly = in_lambda()
    return CallbackWorld(
        assembly.platform, assembly.guard(settings, metrics, dedupe=dedupe), metrics
    )
