"""The connection core: pure, deterministic, the same in every language that has a client."""

from cdk_streamer_client.session.outputs import (
    Answered,
    Close,
    Ended,
    Fetch,
    Heard,
    Open,
    Output,
    Ready,
    Send,
    Subject,
    Warned,
)
from cdk_streamer_client.session.session import Session

__all__ = [
    "Answered",
    "Close",
    "Ended",
    "Fetch",
    "Heard",
    "Open",
    "Output",
    "Ready",
    "Send",
    "Session",
    "Subject",
    "Warned",
]
