"""Lambda entry point of the timers' REST API."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.aws import LeanClient
from cdk_streamer_runtime.contract import AwsEnvironment
from cdk_streamer_runtime.contract.timers import TIMER_DIMENSION, TimerApiEnvironment
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.timers.api_assembly import timer_api

_settings = TimerApiEnvironment.from_variables()
_metrics = Metrics(_settings.name, dimension=TIMER_DIMENSION)
_api = timer_api(_settings, aws=LeanClient(), platform=Machine(), metrics=_metrics)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one request."""
    del context
    try:
        return _api.handle(event, AwsEnvironment.from_variables().trace_header)
    finally:
        _metrics.flush()
