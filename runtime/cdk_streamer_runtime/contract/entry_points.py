"""The Lambda handler strings of the runtime."""

from __future__ import annotations

from enum import StrEnum

_HANDLERS = "cdk_streamer_runtime.handlers"


class EntryPoint(StrEnum):
    """The Lambda handler strings of the runtime."""

    AUTHORIZER = f"{_HANDLERS}.authorizer.handler"
    CONNECTION = f"{_HANDLERS}.connection.handler"
    MESSAGE = f"{_HANDLERS}.message.handler"
    DISPATCHER = f"{_HANDLERS}.dispatcher.handler"
    REDISPATCHER = f"{_HANDLERS}.redispatcher.handler"
    WATCHER = f"{_HANDLERS}.watcher.handler"
    WORKER = f"{_HANDLERS}.worker.handler"
    DURABLE = f"{_HANDLERS}.durable.handler"
    HTTP = f"{_HANDLERS}.http.handler"
    WEBHOOK = f"{_HANDLERS}.webhook.handler"
    TIMER_API = f"{_HANDLERS}.timer_api.handler"
    TIMER_TICKER = f"{_HANDLERS}.timer_ticker.handler"
    TIMER_DISPATCHER = f"{_HANDLERS}.timer_dispatcher.handler"
    SINK = f"{_HANDLERS}.sink.handler"
    SINK_CONTROLLER = f"{_HANDLERS}.sink_controller.handler"
    BATCH = f"{_HANDLERS}.batch.handler"
    BATCH_STARTER = f"{_HANDLERS}.batch_starter.handler"
