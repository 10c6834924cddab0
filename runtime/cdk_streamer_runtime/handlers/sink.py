"""Lambda entry point of a sink's queue: a batch of messages, or one that its controller tries."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.contract.sinks import SinkEnvironment
from cdk_streamer_runtime.sinks.assembly import in_lambda, metrics_of
from cdk_streamer_runtime.sinks.loader import load_sink

_settings = SinkEnvironment.from_variables()
_metrics = metrics_of(_settings.sink_name)
_worker = in_lambda().worker(_settings, load_sink(_settings.entry_point), _metrics)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own
    """Deliver the messages; those that are named in the answer come again."""
    try:
        return _worker.handle(event, context.get_remaining_time_in_millis())
    finally:
        _metrics.flush()
