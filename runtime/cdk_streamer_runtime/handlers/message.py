"""Lambda entry point of `$default`: every frame of every client."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from cdk_streamer_runtime.assembly import in_lambda
from cdk_streamer_runtime.contract import AwsEnvironment, MessageEnvironment
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.requests.loader import load_app
from cdk_streamer_runtime.sockets.connections import Connection

_settings = MessageEnvironment.from_variables()
_metrics = Metrics(_settings.name)
# At import, not at the first frame: a wrong app must show before it takes a message.
_conversation = in_lambda().conversation(_settings, load_app(_settings.entry_point), _metrics)
_speakers = in_lambda().speakers(_settings)


def handler(event: dict[str, Any], _context: object) -> dict[str, int]:
    """Answer one frame by posting to its connection."""
    request = event["requestContext"]
    connection = Connection(
        id=request["connectionId"],
        caller=_speakers.of(event),
        connected_at=request["connectedAt"],
    )
    text = event.get("body") or ""
    if event.get("isBase64Encoded"):
        text = b64decode(text).decode("utf-8", "replace")
    try:
        _conversation.hear(connection, text, AwsEnvironment.from_variables().trace_header)
    finally:
        _metrics.flush()
    return {"statusCode": 200}
