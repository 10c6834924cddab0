"""Lambda entry point of the work queue: one request per invocation."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.assembly import in_lambda
from cdk_streamer_runtime.contract import WorkerEnvironment
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.requests.loader import load_app
from cdk_streamer_runtime.requests.queues import WorkMessage

_settings = WorkerEnvironment.from_variables()
_metrics = Metrics(_settings.name)
_worker = in_lambda().worker(_settings, load_app(_settings.entry_point), _metrics)


def handler(event: dict[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:  # noqa: ANN401
    """Run the attempt that a message names; what must not be acknowledged stays in the queue."""
    kept: list[dict[str, str]] = []
    try:
        for record in event["Records"]:
            message = WorkMessage.from_body(record["body"])
            if not _worker.handle(message, context.get_remaining_time_in_millis):
                kept.append({"itemIdentifier": record["messageId"]})
    finally:
        _metrics.flush()
    return {"batchItemFailures": kept}
