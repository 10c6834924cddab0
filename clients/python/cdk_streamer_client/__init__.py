"""The client of what cdk-streamer deployed: requests, live progress, channels, timers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_streamer_client.chunks import Chunk
    from cdk_streamer_client.client import StreamerClient
    from cdk_streamer_client.errors import (
        Cancelled,
        Closed,
        Conflict,
        ConnectionLost,
        Forbidden,
        HandshakeRefused,
        InternalError,
        InvalidAction,
        NotFound,
        PayloadTooLarge,
        ProcessingFailed,
        ProtocolError,
        RateLimited,
        RequestFailed,
        StreamerClientError,
        TimedOut,
        Unauthorized,
        Unreachable,
        UploadFailed,
        ValidationFailed,
        WaitTimeout,
    )
    from cdk_streamer_client.iam import iam_signer
    from cdk_streamer_client.messages import (
        Acknowledged,
        Completed,
        Failed,
        InputRequired,
        Message,
        Progress,
        Retrying,
    )
    from cdk_streamer_client.request import Request
    from cdk_streamer_client.snapshots import Entry, Page, Snapshot
    from cdk_streamer_client.sync import SyncStreamerClient
    from cdk_streamer_client.sync_request import SyncRequest
    from cdk_streamer_client.timers.client import TimerClient
    from cdk_streamer_client.timers.entries import (
        KEEP,
        BatchEntry,
        DeleteTimer,
        Outcome,
        PatchTimer,
        PutTimer,
    )
    from cdk_streamer_client.timers.errors import (
        AccessDenied,
        BatchFailed,
        InvalidTimer,
        NotApplied,
        PreconditionFailed,
        ServiceBusy,
        ServiceFailed,
        TimerError,
        TimerNotFound,
    )
    from cdk_streamer_client.timers.retries import Retries
    from cdk_streamer_client.timers.schedules import At, Cron, Every, Schedule
    from cdk_streamer_client.timers.timer import Timer, TimerSummary
    from cdk_streamer_client.timers.transport import Transport
    from cdk_streamer_client.timing import Timing
    from cdk_streamer_runtime.contract.timers import TimerState
    from cdk_streamer_runtime.timers.definition import Jitter, Misfire, Policy
    from cdk_streamer_runtime.timers.faults import Fault

__all__ = [
    "KEEP",
    "AccessDenied",
    "Acknowledged",
    "At",
    "BatchEntry",
    "BatchFailed",
    "Cancelled",
    "Chunk",
    "Closed",
    "Completed",
    "Conflict",
    "ConnectionLost",
    "Cron",
    "DeleteTimer",
    "Entry",
    "Every",
    "Failed",
    "Fault",
    "Forbidden",
    "HandshakeRefused",
    "InputRequired",
    "InternalError",
    "InvalidAction",
    "InvalidTimer",
    "Jitter",
    "Message",
    "Misfire",
    "NotApplied",
    "NotFound",
    "Outcome",
    "Page",
    "PatchTimer",
    "PayloadTooLarge",
    "Policy",
    "PreconditionFailed",
    "ProcessingFailed",
    "Progress",
    "ProtocolError",
    "PutTimer",
    "RateLimited",
    "Request",
    "RequestFailed",
    "Retries",
    "Retrying",
    "Schedule",
    "ServiceBusy",
    "ServiceFailed",
    "Snapshot",
    "StreamerClient",
    "StreamerClientError",
    "SyncRequest",
    "SyncStreamerClient",
    "TimedOut",
    "Timer",
    "TimerClient",
    "TimerError",
    "TimerNotFound",
    "TimerState",
    "TimerSummary",
    "Timing",
    "Transport",
    "Unauthorized",
    "Unreachable",
    "UploadFailed",
    "ValidationFailed",
    "WaitTimeout",
    "iam_signer",
]

_MODULES = {
    "AccessDenied": ".timers.errors",
    "Acknowledged": ".messages",
    "At": ".timers.schedules",
    "BatchEntry": ".timers.entries",
    "BatchFailed": ".timers.errors",
    "Chunk": ".chunks",
    "Completed": ".messages",
    "Cron": ".timers.schedules",
    "DeleteTimer": ".timers.entries",
    "Entry": ".snapshots",
    "Every": ".timers.schedules",
    "Failed": ".messages",
    "Fault": "cdk_streamer_runtime.timers.faults",
    "InputRequired": ".messages",
    "InvalidTimer": ".timers.errors",
    "Jitter": "cdk_streamer_runtime.timers.definition",
    "KEEP": ".timers.entries",
    "Message": ".messages",
    "Misfire": "cdk_streamer_runtime.timers.definition",
    "NotApplied": ".timers.errors",
    "Outcome": ".timers.entries",
    "Page": ".snapshots",
    "PatchTimer": ".timers.entries",
    "Policy": "cdk_streamer_runtime.timers.definition",
    "PreconditionFailed": ".timers.errors",
    "Progress": ".messages",
    "PutTimer": ".timers.entries",
    "Request": ".request",
    "Retries": ".timers.retries",
    "Retrying": ".messages",
    "Schedule": ".timers.schedules",
    "ServiceBusy": ".timers.errors",
    "ServiceFailed": ".timers.errors",
    "Snapshot": ".snapshots",
    "StreamerClient": ".client",
    "SyncRequest": ".sync_request",
    "SyncStreamerClient": ".sync",
    "Timer": ".timers.timer",
    "TimerClient": ".timers.client",
    "TimerError": ".timers.errors",
    "TimerNotFound": ".timers.errors",
    "TimerState": "cdk_streamer_runtime.contract.timers",
    "TimerSummary": ".timers.timer",
    "Timing": ".timing",
    "Transport": ".timers.transport",
    "iam_signer": ".iam",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first used: who makes timers needs no WebSocket."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES.get(name, ".errors"), __name__), name)
