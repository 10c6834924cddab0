"""Lambda entry point of the timers' REST API."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.aws import LeanClient
from cdk_streamer_runtime.contract import AwsEnvironment
from cdk_streamer_runtime.contract.timers import TIMER_DIMENSION, TimerApiEnvironment
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import StreamerError
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.timers.rest.assembly import timer_api
from cdk_streamer_runtime.timers.rest.problems import refusal
from cdk_streamer_runtime.timers.table.layout import Layout

_settings = TimerApiEnvironment.from_variables()
_metrics = Metrics(_settings.name, dimension=TIMER_DIMENSION)
_aws = LeanClient()
_layout = Layout(Table(_aws, _settings.table_name), _settings.shards)
_api = timer_api(_settings, aws=_aws, platform=Machine(), metrics=_metrics)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one request."""
    del context
    trace = AwsEnvironment.from_variables().trace_header
    try:
        _layout.verify()
        return _api.handle(event, trace)
    except StreamerError as error:
        return refusal(error, trace).to_event()
    finally:
        _metrics.flush()
