"""The client of an API that cdk-streamer deployed: requests, live progress, channels."""

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
from cdk_streamer_client.timing import Timing

__all__ = [
    "Acknowledged",
    "Cancelled",
    "Chunk",
    "Closed",
    "Completed",
    "Conflict",
    "ConnectionLost",
    "Entry",
    "Failed",
    "Forbidden",
    "HandshakeRefused",
    "InputRequired",
    "InternalError",
    "InvalidAction",
    "Message",
    "NotFound",
    "Page",
    "PayloadTooLarge",
    "ProcessingFailed",
    "Progress",
    "ProtocolError",
    "RateLimited",
    "Request",
    "RequestFailed",
    "Retrying",
    "Snapshot",
    "StreamerClient",
    "StreamerClientError",
    "SyncRequest",
    "SyncStreamerClient",
    "TimedOut",
    "Timing",
    "Unauthorized",
    "Unreachable",
    "UploadFailed",
    "ValidationFailed",
    "WaitTimeout",
    "iam_signer",
]
