"""Messages as documents, for programs."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from cdk_streamer_client.chunks import Chunk
from cdk_streamer_client.errors import RequestFailed, StreamerClientError
from cdk_streamer_client.messages import (
    Acknowledged,
    Completed,
    Failed,
    InputRequired,
    Message,
    Progress,
    Retrying,
)

# As the protocol calls them.
_TYPES: dict[type[Message], str] = {
    Acknowledged: "acknowledgment",
    Progress: "progress",
    Chunk: "chunk",
    InputRequired: "input_required",
    Retrying: "retrying",
    Completed: "complete",
    Failed: "error",
}


def document_of(request_id: str | None, message: Message) -> dict[str, Any]:
    """Give a message in the words of the protocol."""
    members: dict[str, Any] = {"type": _TYPES[type(message)], "request_id": request_id}
    if isinstance(message, Failed):
        members |= {"seq": message.seq, "error": _fault(message.error)}
    elif isinstance(message, Completed):
        members |= {"seq": message.seq, "result": message.result}
    elif isinstance(message, Chunk):
        part = {"chunk_index": message.index, "data": message.data}
        members |= {"attempt": message.attempt, **part}
    else:
        given = {name: _plain(value) for name, value in asdict(message).items()}
        members |= {name: value for name, value in given.items() if value not in (None, {})}
    return members


def _fault(error: StreamerClientError) -> dict[str, Any]:
    if not isinstance(error, RequestFailed):
        return {"code": type(error).__name__, "message": str(error), "retryable": False}
    optional = {
        "retry_after_ms": None if error.retry_after is None else int(error.retry_after * 1000),
        "details": error.details,
        "trace_id": error.trace_id,
    }
    return {
        "code": error.code,
        "message": error.message,
        "retryable": error.retryable,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _plain(value: object) -> object:
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value
