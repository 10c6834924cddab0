"""Lambda entry point of `$connect` and `$disconnect`."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.assembly import in_lambda
from cdk_streamer_runtime.contract import ConnectionEnvironment, Route
from cdk_streamer_runtime.metrics import Metrics

_settings = ConnectionEnvironment.from_variables()
_metrics = Metrics(_settings.name)
_admission = in_lambda().admission(_settings, _metrics)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Let a caller in, or forget a connection."""
    try:
        if event["requestContext"]["routeKey"] == Route.CONNECT:
            return _admission.admit(event)
        return _admission.dismiss(event)
    finally:
        _metrics.flush()
