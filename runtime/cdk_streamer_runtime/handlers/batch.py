"""Lambda entry point of a batch's durable function: one invocation of one batch."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.batches.assembly import in_lambda, invocation, metrics_of
from cdk_streamer_runtime.batches.loader import load_batch
from cdk_streamer_runtime.batches.sdk import batch_handler
from cdk_streamer_runtime.contract.batches import BatchEnvironment

_settings = BatchEnvironment.from_variables()
_metrics = metrics_of(_settings.batch_name)
_run = batch_handler(
    invocation(in_lambda(), _settings, load_batch(_settings.entry_point), _metrics)
)


def handler(event: dict[str, Any], context: object) -> Any:  # noqa: ANN401 - the SDK's answer
    """Run the batch on from where its execution waits."""
    try:
        return _run(event, context)
    finally:
        _metrics.flush()
