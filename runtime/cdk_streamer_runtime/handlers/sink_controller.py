"""Lambda entry point of a sink's controller: its queue, a schedule, deployments, operators."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cdk_streamer_runtime.contract.sinks import SinkControllerEnvironment
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.sinks.control.assembly import in_lambda, metrics_of
from cdk_streamer_runtime.sinks.control.controller import Controller


@lru_cache(maxsize=1)
def _parts() -> tuple[Controller, Metrics]:
    settings = SinkControllerEnvironment.from_variables()
    metrics = metrics_of(settings.sink_name)
    return in_lambda(settings).controller(settings, metrics), metrics


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own
    """Pause, try and resume the sink, or tell how it stands."""
    controller, metrics = _parts()
    try:
        return controller.handle(event, context.get_remaining_time_in_millis())
    finally:
        metrics.flush()
