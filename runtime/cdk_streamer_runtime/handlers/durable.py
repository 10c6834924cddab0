"""Lambda entry point of the durable function: one invocation of one attempt."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.assembly import in_lambda
from cdk_streamer_runtime.contract import DurableEnvironment
from cdk_streamer_runtime.durable.assembly import durable_worker
from cdk_streamer_runtime.durable.sdk import durable_handler
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.requests.loader import load_app

_settings = DurableEnvironment.from_variables()
_metrics = Metrics(_settings.name)
_worker = durable_worker(in_lambda(), _settings, load_app(_settings.entry_point), _metrics)
_run = durable_handler(_worker.run)


def handler(event: dict[str, Any], context: object) -> Any:  # noqa: ANN401 - the SDK's answer
    """Run the handler on from where its execution waits."""
    try:
        return _run(event, context)
    finally:
        _metrics.flush()
