"""Lambda entry point of the HTTP API."""

from __future__ import annotations

import time
from typing import Any

from cdk_streamer_runtime.assembly import in_lambda
from cdk_streamer_runtime.contract import AwsEnvironment, HttpEnvironment
from cdk_streamer_runtime.http.assembly import http_api
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.requests.loader import load_app

_settings = HttpEnvironment.from_variables()
_metrics = Metrics(_settings.name)
# At import, not at the first request: a wrong app must show before it takes one.
_app = load_app(_settings.entry_point)
_api = http_api(in_lambda(), _settings, _app, _metrics, time.sleep)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401
    """Answer one request."""
    trace = AwsEnvironment.from_variables().trace_header
    try:
        return _api.handle(event, context.get_remaining_time_in_millis, trace)
    finally:
        _metrics.flush()
