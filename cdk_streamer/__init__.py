"""Constructs for work that does not fit into one short request."""

from cdk_streamer.async_request_api import AsyncRequestApi
from cdk_streamer.auth import Auth
from cdk_streamer.batch_target import BatchTarget
from cdk_streamer.circuit_breaker import CircuitBreaker
from cdk_streamer.durable_batch import DurableBatch
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
from cdk_streamer_runtime.contract.batches import Nesting, Pacing

__all__ = [
    "AsyncRequestApi",
    "Auth",
    "BatchTarget",
    "CircuitBreaker",
    "DurableBatch",
    "Idempotency",
    "Nesting",
    "Pacing",
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
