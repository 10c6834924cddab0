"""Constructs for work that does not fit into one short request."""

from cdk_streamer.async_request_api import AsyncRequestApi
from cdk_streamer.auth import Auth
from cdk_streamer.circuit_breaker import CircuitBreaker
from cdk_streamer.idempotency import Idempotency
from cdk_streamer.periodic_timer import PeriodicTimer
from cdk_streamer.progress_websocket import ProgressWebSocket
from cdk_streamer.python_code import PythonCode
from cdk_streamer.rate_limit import RateLimit
from cdk_streamer.redrive import Redrive
from cdk_streamer.stream_processor import StreamProcessor
from cdk_streamer.stream_resource import StreamResource
from cdk_streamer.stream_source import StreamSource
from cdk_streamer.throttled_sink import ThrottledSink
from cdk_streamer.webhooks import Webhooks

__all__ = [
    "AsyncRequestApi",
    "Auth",
    "CircuitBreaker",
    "Idempotency",
    "PeriodicTimer",
    "ProgressWebSocket",
    "PythonCode",
    "RateLimit",
    "Redrive",
    "StreamProcessor",
    "StreamResource",
    "StreamSource",
    "ThrottledSink",
    "Webhooks",
]
