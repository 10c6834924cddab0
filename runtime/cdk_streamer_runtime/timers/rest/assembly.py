"""Puts the parts of the REST API together, for Lambda and for a test alike."""

from __future__ import annotations

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.callers import Callers
from cdk_streamer_runtime.contract.timers import TimerApiEnvironment
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.timers.rest.api import TimerApi
from cdk_streamer_runtime.timers.sending.sender import Sender
from cdk_streamer_runtime.timers.service.service import TimerService
from cdk_streamer_runtime.timers.table.store import TimerStore
from cdk_streamer_runtime.timers.world import Meter, Platform


def timer_api(
    settings: TimerApiEnvironment, *, aws: Aws, platform: Platform, metrics: Meter
) -> TimerApi:
    """Build what answers for timers."""
    service = TimerService(
        store=TimerStore(Table(aws, settings.table_name), new_token=platform.new_id),
        # Without dead letters: what the queue refuses for ever is logged and counted.
        sender=Sender(aws, settings.queue_url, None, platform, metrics),
        platform=platform,
        shards=settings.shards,
        look_ahead=settings.look_ahead_seconds,
        strict=settings.strict,
        metrics=metrics,
    )
    return TimerApi(
        service=service,
        callers=Callers.from_text(settings.callers) if settings.isolate_owners else None,
        shards=settings.shards,
        look_ahead=settings.look_ahead_seconds,
        clock=platform.clock,
    )
