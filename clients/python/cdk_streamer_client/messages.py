"""What is heard of a request or a channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cdk_streamer_client.addresses import is_safe
from cdk_streamer_client.chunks import Chunk, Pieces, read_pieces
from cdk_streamer_client.errors import Cancelled, ProtocolError, StreamerClientError, request_failed
from cdk_streamer_client.wire import (
    Malformed,
    read_count,
    read_integer,
    read_moment,
    read_number,
    read_object,
    read_text,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """The request was accepted: the first message of an async one."""

    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the work is. `percentage` is None when nobody knows."""

    percentage: float | None
    message: str | None
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    current: float | None = None
    total: float | None = None
    unit: str | None = None
    step: str | None = None
    attempt: int = 1
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """An attempt failed; `attempt` starts at `next_at`."""

    attempt: int
    next_at: datetime
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRequired:
    """The request waits for a person's answer, which `schema`, a JSON Schema, describes."""

    schema: Mapping[str, Any]
    input_id: str
    prompt: str | None = None
    attempt: int = 1
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """The result: the last message. A sync action's has the number 0.

    `missing_chunk` is the index of the first chunk that the service could not give any more.
    """

    result: Any
    seq: int
    missing_chunk: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The last message of what failed, was cancelled, or was lost: `error` is what to raise."""

    error: StreamerClientError
    seq: int


Message = Acknowledged | Progress | Chunk | InputRequired | Retrying | Completed | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Where a result is that is too large for a message: an address that soon ends."""

    url: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A message with its number; a snapshot may have a number and nothing to say."""

    seq: int
    message: Message | Stored | None
    pieces: Pieces | None = None

    @property
    def is_last(self) -> bool:
        """Whether nothing follows."""
        return isinstance(self.message, Completed | Failed | Stored)


def read_news(document: Mapping[str, Any]) -> News:
    """Read a message of the server about a request or channel; raises Malformed."""
    seq = read_integer(document, "seq")
    match document["type"]:
        case "snapshot":
            message = _of_snapshot(document, seq)
        case "acknowledgment":
            message = Acknowledged(seq=seq)
        case "progress":
            message = read_progress(document, document.get("attempt", 1), seq)
        case "chunk":
            message = None
        case "input_required":
            message = _input_required(document, document, seq)
        case "retrying":
            message = _retrying(document, seq)
        case "complete":
            message = _completed(document, seq)
        case "cancelled":
            message = _cancelled(document, seq)
        case "error":
            message = _failed(document, seq)
        case other:
            raise Malformed(f"{other!r} is no news")
    return News(seq=seq, message=message, pieces=read_pieces(document))


def read_progress(report: Mapping[str, Any], attempt: object, seq: int) -> Progress:
    """Read the members of a report; raises Malformed."""
    return Progress(
        percentage=read_number(report, "percentage"),
        message=read_text(report, "message"),
        metadata=read_object(report, "metadata") if "metadata" in report else {},
        current=read_number(report, "current"),
        total=read_number(report, "total"),
        unit=read_text(report, "unit"),
        step=read_text(report, "step"),
        attempt=read_integer({"attempt": attempt}, "attempt"),
        seq=seq,
    )


def _of_snapshot(document: Mapping[str, Any], seq: int) -> Message | Stored | None:
    """Give the message that brought the request to where it stands."""
    report = document.get("progress")
    match document.get("state"):
        case "SUCCEEDED":
            return _completed(document, seq)
        case "FAILED" | "EXPIRED":
            return _failed(document, seq)
        case "CANCELLED":
            return _cancelled(document, seq)
        case "RETRY_WAIT":
            return _retrying(document, seq)
        case "QUEUED" if seq == 0 and "request_id" in document:
            return Acknowledged(seq=0)
        case "INPUT_REQUIRED":
            return _input_required(document, read_object(document, "input"), seq)
        case _ if report is not None:
            return _of_report(document, read_object(document, "progress"), seq)
        case _:
            return None


def _of_report(document: Mapping[str, Any], report: Mapping[str, Any], seq: int) -> Progress | None:
    attempt = document.get("attempt", 1)
    # What an earlier attempt reported says nothing about the one that runs now.
    if report.get("attempt", attempt) != attempt:
        return None
    return read_progress(report, attempt, seq)


def _retrying(document: Mapping[str, Any], seq: int) -> Retrying:
    attempt = read_integer(document, "attempt")
    return Retrying(attempt=attempt, next_at=read_moment(document, "next_at"), seq=seq)


def _input_required(
    document: Mapping[str, Any], question: Mapping[str, Any], seq: int
) -> InputRequired:
    input_id = read_text(question, "input_id")
    if input_id is None:
        raise Malformed("a question has no input_id")
    return InputRequired(
        schema=read_object(question, "schema"),
        input_id=input_id,
        prompt=read_text(question, "prompt"),
        attempt=read_integer(document, "attempt"),
        seq=seq,
    )


def read_stored(document: Mapping[str, Any]) -> Stored | None:
    """Read where a large result is; raises Malformed for an address that must not be asked."""
    url = read_text(document, "result_url")
    if url is None:
        return None
    if not is_safe(url):
        raise Malformed(f"a result is at {url!r:.80}, which is neither https nor this machine")
    return Stored(url=url, size=read_count(document, "result_bytes"))


def _completed(document: Mapping[str, Any], seq: int) -> Completed | Failed | Stored:
    if "result" in document:
        return Completed(result=document["result"], seq=seq)
    try:
        stored = read_stored(document)
    except Malformed as malformed:
        error = ProtocolError(f"the service's result cannot be fetched: {malformed}")
        return Failed(error=error, seq=seq)
    if stored is not None:
        return stored
    # The end is known but not its content: waiting for another answer would never end.
    error = ProtocolError("the service gave no result in the message; use a newer client")
    return Failed(error=error, seq=seq)


def _failed(document: Mapping[str, Any], seq: int) -> Failed:
    return Failed(error=request_failed(read_object(document, "error")), seq=seq)


def _cancelled(document: Mapping[str, Any], seq: int) -> Failed:
    reason = read_text(document, "reason")
    text = "the request was cancelled" + (f": {reason}" if reason else "")
    return Failed(error=Cancelled("CANCELLED", text), seq=seq)
