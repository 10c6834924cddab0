"""What a server says, as documents of the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOW = "2026-11-21T09:00:00.000Z"

Document = dict[str, Any]


def hello(*, expires_at: str = "2026-11-21T15:00:00.000Z", **members: Any) -> Document:
    limits = {
        "frame_bytes": 32768,
        "message_bytes": 131072,
        "result_bytes": 102400,
        "subscribers": 20,
    }
    return {
        "type": "hello",
        "protocol": "streamer.v1",
        "connection_id": "c1",
        "heartbeat_seconds": 300,
        "expires_at": expires_at,
        "limits": limits,
        "timestamp": NOW,
        **members,
    }


def response(id: str, action: str, data: object) -> Document:
    return _response(id, action) | {"success": True, "data": data}


def refusal(id: str, action: str, code: str, message: str) -> Document:
    return _response(id, action) | {"success": False, "error": fault(code, message)}


def pong(id: str) -> Document:
    return {"type": "pong", "id": id, "timestamp": NOW}


def reconnect_soon() -> Document:
    return {"type": "reconnect_soon", "reason": "lifetime", "seconds": 60, "timestamp": NOW}


def fault(code: str, message: str, *, retryable: bool = False) -> Document:
    return {"code": code, "message": message, "retryable": retryable}


def error(id: str | None, code: str, message: str = "no", *, retryable: bool = False) -> Document:
    refused = {"type": "error", "request_id": id, "timestamp": NOW}
    return refused | {"error": fault(code, message, retryable=retryable)}


def failure(id: str, seq: int, code: str, message: str) -> Document:
    return error(id, code, message) | {"seq": seq}


def acknowledgment(id: str) -> Document:
    return _news("acknowledgment", {"request_id": id}, 0) | {"status": "queued"}


def progress(id: str, seq: int, percentage: float | None, **members: Any) -> Document:
    report = {"attempt": 1, "percentage": percentage, "message": None}
    return _news("progress", {"request_id": id}, seq) | report | members


def chunk(id: str, seq: int, index: int, data: object, attempt: int = 1) -> Document:
    part = {"attempt": attempt, "chunk_index": index, "data": data}
    return _news("chunk", {"request_id": id}, seq) | part


def page(chunks: Mapping[int, object], then: int | None = None, attempt: int = 1) -> Document:
    pieces = [{"chunk_index": index, "data": data} for index, data in chunks.items()]
    return {"attempt": attempt, "chunks": pieces, "next": then}


def input_required(id: str, seq: int, input_id: str = "i1", **members: Any) -> Document:
    question = {"attempt": 1, "schema": {"type": "boolean"}, "input_id": input_id}
    return _news("input_required", {"request_id": id}, seq) | question | members


def stored(url: str, size: int = 12) -> Document:
    return {
        "result_url": url,
        "result_bytes": size,
        "result_expires_at": "2026-11-21T09:15:00.000Z",
    }


def complete_stored(id: str, seq: int, url: str, size: int = 12, **members: Any) -> Document:
    return _news("complete", {"request_id": id}, seq) | stored(url, size) | members


def retrying(id: str, seq: int, attempt: int) -> Document:
    return _news("retrying", {"request_id": id}, seq) | {"attempt": attempt, "next_at": NOW}


def complete(id: str, seq: int, result: object, **members: Any) -> Document:
    return _news("complete", {"request_id": id}, seq) | {"result": result} | members


def cancelled(id: str, seq: int, reason: str) -> Document:
    return _news("cancelled", {"request_id": id}, seq) | {"reason": reason}


def snapshot(id: str, seq: int, state: str = "RUNNING", **members: Any) -> Document:
    stands = {"state": state, "attempt": 1, "progress": None, "gap": True}
    return _news("snapshot", {"request_id": id}, seq) | stands | members


def channel_progress(channel: str, seq: int, percentage: float) -> Document:
    report = {"percentage": percentage, "message": None}
    return _news("progress", {"channel": channel}, seq) | report


def channel_complete(channel: str, seq: int, result: object) -> Document:
    return _news("complete", {"channel": channel}, seq) | {"result": result}


def channel_snapshot(channel: str, seq: int, state: str = "QUEUED") -> Document:
    stands = {"state": state, "progress": None, "gap": False}
    return _news("snapshot", {"channel": channel}, seq) | stands


def _news(kind: str, subject: Document, seq: int) -> Document:
    return {"type": kind, **subject, "seq": seq, "timestamp": NOW}


def _response(id: str, action: str) -> Document:
    return {"type": "response", "id": id, "request_id": id, "action": action, "timestamp": NOW}
