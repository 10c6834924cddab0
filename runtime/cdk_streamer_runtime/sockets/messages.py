"""What the server says, as JSON documents of the protocol `streamer.v1`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cdk_streamer_runtime.contract import (
    FRAME_BYTES,
    IDLE_SECONDS,
    MESSAGE_BYTES,
    PROTOCOL,
    RESULT_BYTES,
    SUBSCRIBERS_PER_CHANNEL,
    ErrorCode,
)

Message = dict[str, Any]

HEARTBEAT_SECONDS = IDLE_SECONDS // 2  # one lost ping must not cost the connection


def hello(connection: str, expires: int, now: int, actions: list[Message] | None) -> Message:
    """Answer a client's first frame; `expires` is in seconds since the epoch."""
    message: Message = {
        "type": "hello",
        "protocol": PROTOCOL,
        "connection_id": connection,
        "heartbeat_seconds": HEARTBEAT_SECONDS,
        "expires_at": timestamp(expires * 1000),
        "limits": {
            "frame_bytes": FRAME_BYTES,
            "message_bytes": MESSAGE_BYTES,
            "result_bytes": RESULT_BYTES,
            "subscribers": SUBSCRIBERS_PER_CHANNEL,
        },
        "timestamp": timestamp(now),
    }
    return message if actions is None else message | {"actions": actions}


def pong(frame_id: str | None, now: int) -> Message:
    """Answer a ping."""
    message: Message = {"type": "pong", "timestamp": timestamp(now)}
    return message if frame_id is None else message | {"id": frame_id}


def reconnect_soon(reason: str, seconds: int, now: int) -> Message:
    """Ask the client to open its next connection before this one ends in `seconds`."""
    return {
        "type": "reconnect_soon",
        "reason": reason,
        "seconds": seconds,
        "timestamp": timestamp(now),
    }


def response(frame_id: str | None, action: str, data: object, now: int) -> Message:
    """Answer a built-in or sync action with its data."""
    return _response(frame_id, action, now) | {"success": True, "data": data}


def refusal(frame_id: str | None, action: str, error: Mapping[str, Any], now: int) -> Message:
    """Answer a sync action whose handler failed."""
    return _response(frame_id, action, now) | {"success": False, "error": error}


def error(frame_id: str | None, fault: Mapping[str, Any], now: int) -> Message:
    """Answer what did not get as far as a handler."""
    return {
        "type": "error",
        "request_id": frame_id,
        "error": fault,
        "timestamp": timestamp(now),
    }


def fault(
    code: ErrorCode,
    message: str,
    *,
    retryable: bool = False,
    retry_after: int | None = None,
    details: object = None,
    trace: str | None = None,
) -> Message:
    """Make an error object; `retry_after` is in milliseconds, `trace` a trace header."""
    optional = {
        "retry_after_ms": retry_after,
        "details": details,
        "trace_id": _trace_id(trace),
    }
    return {
        "code": code.value,
        "message": message,
        "retryable": retryable,
        **{name: value for name, value in optional.items() if value is not None},
    }


def timestamp(milliseconds: int) -> str:
    """Write a moment as ISO 8601 in UTC with milliseconds."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _response(frame_id: str | None, action: str, now: int) -> Message:
    return {
        "type": "response",
        "id": frame_id,
        "request_id": frame_id,
        "action": action,
        "timestamp": timestamp(now),
    }


def _trace_id(header: str | None) -> str | None:
    """Take the root out of `Root=1-...;Parent=...;Sampled=1`."""
    for part in (header or "").split(";"):
        name, _, value = part.partition("=")
        if name == "Root":
            return value
    return None


def channel_news(kind: str, channel: str, seq: int, now: int) -> Message:
    """Begin a message of a channel."""
    return {"type": kind, "channel": channel, "seq": seq, "timestamp": timestamp(now)}
