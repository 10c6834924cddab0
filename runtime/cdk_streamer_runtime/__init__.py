"""What handlers are written with; importing it needs neither boto3 nor AWS."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_streamer_runtime.callers import Caller
    from cdk_streamer_runtime.contract import ErrorCode
    from cdk_streamer_runtime.errors import (
        ActionFailed,
        Cancelled,
        DeadlineExceeded,
        Fatal,
        InputTimeout,
        Interrupted,
        LeaseLost,
        Retryable,
        StepFailed,
        UploadNotFound,
    )
    from cdk_streamer_runtime.limits.limit import Limit
    from cdk_streamer_runtime.progress.progress import Progress
    from cdk_streamer_runtime.requests.actions import Call, RequestContext
    from cdk_streamer_runtime.requests.app import AsyncApp
    from cdk_streamer_runtime.requests.middleware import Middleware
    from cdk_streamer_runtime.requests.retry import Retry
    from cdk_streamer_runtime.requests.uploads import Upload
    from cdk_streamer_runtime.timers.callbacks.callback import TimerFiring, timer_handler

__all__ = [
    "ActionFailed",
    "AsyncApp",
    "Call",
    "Caller",
    "Cancelled",
    "DeadlineExceeded",
    "ErrorCode",
    "Fatal",
    "InputTimeout",
    "Interrupted",
    "LeaseLost",
    "Limit",
    "Middleware",
    "Progress",
    "RequestContext",
    "Retry",
    "Retryable",
    "StepFailed",
    "TimerFiring",
    "Upload",
    "UploadNotFound",
    "timer_handler",
]

_MODULES = {
    "AsyncApp": "requests.app",
    "Call": "requests.actions",
    "Caller": "callers",
    "ErrorCode": "contract",
    "Limit": "limits.limit",
    "Middleware": "requests.middleware",
    "Progress": "progress.progress",
    "RequestContext": "requests.actions",
    "Retry": "requests.retry",
    "TimerFiring": "timers.callbacks.callback",
    "Upload": "requests.uploads",
    "timer_handler": "timers.callbacks.callback",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first used: a function that runs no handler needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_MODULES.get(name, 'errors')}")
    return getattr(module, name)
