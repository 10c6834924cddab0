"""What the server says about a request: its acknowledgment, its progress and its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk_streamer_runtime.contract import State
from cdk_streamer_runtime.documents import decode
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.results import Results
from cdk_streamer_runtime.sockets.messages import Message, timestamp


def acknowledgment(request: Request, now: int) -> Message:
    """Tell that a request was accepted."""
    return {
        "type": "acknowledgment",
        "request_id": request.request_id,
        "seq": 0,
        "status": "queued",
        "action": request.action,
        "timestamp": timestamp(now),
    }


def progress(request: Request, report: Mapping[str, Any], seq: int, now: int) -> Message:
    """Pass a report on."""
    return {**_news(request, "progress", seq, now), **report}


def chunk(request: Request, index: int, text: str, seq: int, now: int) -> Message:
    """Pass a part of the attempt's output on; `text` is its JSON."""
    return _news(request, "chunk", seq, now) | {
        "attempt": request.attempt,
        "chunk_index": index,
        "data": decode(text),
    }


def retrying(request: Request, now: int) -> Message:
    """Tell that an attempt failed and when the next one, `attempt`, starts."""
    return _news(request, "retrying", request.seq, now) | {
        "attempt": request.attempt,
        "next_at": timestamp(request.retry_at),
    }


def input_required(request: Request, now: int) -> Message:
    """Tell that the request waits for an input, and of what kind."""
    asked = _input(request)
    return _news(request, "input_required", request.seq, now) | {
        "attempt": request.attempt,
        **asked,
    }


def ending(request: Request, now: int, results: Results | None = None) -> Message:
    """Tell how a request ended: its last message. `results` says where large results are."""
    match request.state:
        case State.SUCCEEDED:
            outcome = _outcome(request, now, results)
            if request.chunks:  # whose they are, for who missed the news of a later attempt
                outcome |= {"attempt": request.attempt, **_chunks(request)}
            return _news(request, "complete", request.seq, now) | outcome
        case State.CANCELLED:
            message = _news(request, "cancelled", request.seq, now)
            return message | ({"reason": request.cancel_reason} if request.cancel_reason else {})
        case State.FAILED | State.EXPIRED:
            return _news(request, "error", request.seq, now) | {"error": request.error}
        case _:
            raise ValueError(f"a request that is {request.state} has not ended")


def snapshot(
    request: Request, after_seq: int | None, now: int, results: Results | None = None
) -> Message:
    """Tell how a request stands; `gap` says that numbers after `after_seq` were missed.

    `results` says where large results are.
    """
    message = _news(request, "snapshot", request.seq, now) | {
        "action": request.action,
        "state": request.state.value,
        "attempt": request.attempt,
        "progress": request.progress,
        "gap": after_seq is not None and after_seq < request.seq,
        "created_at": timestamp(request.created_at),
        **_chunks(request),
    }
    match request.state:
        case State.SUCCEEDED:
            return message | _outcome(request, now, results)
        case State.FAILED | State.EXPIRED:
            return message | {"error": request.error}
        case State.INPUT_REQUIRED:
            return message | {"input": _input(request)}
        case State.RETRY_WAIT:
            return message | {"next_at": timestamp(request.retry_at)}
        case State.CANCELLED if request.cancel_reason:
            return message | {"reason": request.cancel_reason}
        case _:
            return message


def _outcome(request: Request, now: int, results: Results | None) -> Message:
    if request.result_bytes is None:
        return {"result": request.result}
    if results is None:
        raise ValueError("the result is in a bucket that this function does not know; redeploy")
    address = results.address(request, now)
    return {
        "result_url": address.url,
        "result_bytes": request.result_bytes,
        "result_expires_at": timestamp(address.expires_at),
    }


def _chunks(request: Request) -> Message:
    return {"chunks": request.chunks} if request.chunks else {}


def _input(request: Request) -> dict[str, Any]:
    """Give what is asked; where its answer goes is nobody's business."""
    asked = request.input or {}
    return {name: asked[name] for name in ("schema", "prompt", "input_id") if name in asked}


def _news(request: Request, kind: str, seq: int, now: int) -> Message:
    return {
        "type": kind,
        "request_id": request.request_id,
        "seq": seq,
        "timestamp": timestamp(now),
    }


def entry(item: Mapping[str, Any]) -> Message:
    """Tell of a request what the listing index knows."""
    ended = {"ended_at": timestamp(item["ended_at"])} if "ended_at" in item else {}
    return {
        "request_id": item["request_id"],
        "action": item["action"],
        "state": item["state"],
        "created_at": timestamp(item["created_at"]),
        **ended,
    }
