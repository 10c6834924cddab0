"""Lambda entry point of the dispatch queue: one message for each shard that is to be looked at."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

from cdk_streamer_runtime.contract.timers import TimerDispatcherEnvironment
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.timers.assembly import dispatching_in_lambda, metrics_of
from cdk_streamer_runtime.timers.dispatch.dispatcher import Dispatcher

logger = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def _parts() -> tuple[Dispatcher, Metrics]:
    settings = TimerDispatcherEnvironment.from_variables()
    metrics = metrics_of(settings.name)
    assembly = dispatching_in_lambda()
    # What it raises is not cached: the next tick asks again.
    assembly.layout(settings).verify()
    return assembly.dispatcher(settings, metrics), metrics


def handler(event: dict[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:  # noqa: ANN401 - Lambda's own
    """Send what the shards' timers fire soon."""
    try:
        dispatcher, metrics = _parts()
    except AwsError as error:
        logger.warning("table not asked", extra={"code": error.code})
        return {"batchItemFailures": []}  # the next tick comes sooner than this one again
    try:
        failed = dispatcher.handle(event, context.get_remaining_time_in_millis())
    finally:
        metrics.flush()
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
