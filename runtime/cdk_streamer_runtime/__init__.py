"""What handlers are written with; importing it needs neither boto3 nor AWS."""

from cdk_streamer_runtime.contract import ErrorCode
from cdk_streamer_runtime.errors import (
    ActionFailed,
    Cancelled,
    DeadlineExceeded,
    Fatal,
    Interrupted,
    LeaseLost,
    Retryable,
)
from cdk_streamer_runtime.progress.progress import Progress
from cdk_streamer_runtime.requests.actions import Call, RequestContext
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.requests.middleware import Middleware
from cdk_streamer_runtime.requests.retry import Retry

__all__ = [
    "ActionFailed",
    "AsyncApp",
    "Call",
    "Cancelled",
    "DeadlineExceeded",
    "ErrorCode",
    "Fatal",
    "Interrupted",
    "LeaseLost",
    "Middleware",
    "Progress",
    "RequestContext",
    "Retry",
    "Retryable",
]
