"""What the service knows of requests at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from cdk_streamer_client.errors import ProtocolError, StreamerClientError, request_failed
from cdk_streamer_client.messages import (
    InputRequired,
    Progress,
    Stored,
    read_news,
    read_progress,
    read_stored,
)
from cdk_streamer_client.wire import (
    Malformed,
    read_count,
    read_integer,
    read_moment,
    read_object,
    read_text,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """How a request stands. `state` is one of the protocol's, or of a later release.

    `chunks` is how many its latest attempt has put out, `input` what it asks a person.
    """

    request_id: str
    action: str | None
    state: str
    seq: int
    attempt: int
    progress: Progress | None
    result: Any
    error: StreamerClientError | None
    created_at: datetime | None
    chunks: int = 0
    input: InputRequired | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Where an upload goes."""

    upload_id: str
    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request of a list."""

    request_id: str
    action: str
    state: str
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Part of a list, newest first. `cursor` asks for the next part; None on the last one."""

    requests: tuple[Entry, ...]
    cursor: str | None


def read_snapshot(data: object) -> Snapshot:
    """Read the answer to `get`; raises ProtocolError."""
    try:
        document = _object(data)
        seq = read_integer(document, "seq")
        attempt = read_integer(document, "attempt")
        report = read_object(document, "progress") if document.get("progress") else None
        progress = read_progress(report, report.get("attempt", attempt), seq) if report else None
        fault = read_object(document, "error") if "error" in document else None
        return Snapshot(
            request_id=_text(document, "request_id"),
            action=read_text(document, "action"),
            state=_text(document, "state"),
            seq=seq,
            attempt=attempt,
            progress=progress,
            result=document.get("result"),
            error=None if fault is None else request_failed(fault),
            created_at=read_moment(document, "created_at") if "created_at" in document else None,
            chunks=read_count(document, "chunks") if "chunks" in document else 0,
            input=_question(document),
        )
    except Malformed as error:
        raise ProtocolError(f"the service's snapshot cannot be read: {error}") from error


def read_address(data: object) -> Stored | None:
    """Read where the result in the answer to `get` is, if it is large; raises ProtocolError."""
    try:
        return read_stored(_object(data))
    except Malformed as error:
        raise ProtocolError(f"the service's result cannot be fetched: {error}") from error


def read_grant(data: object) -> Grant:
    """Read the answer to `upload`; raises ProtocolError."""
    try:
        document = _object(data)
        headers = read_object(document, "headers")
        return Grant(
            upload_id=_text(document, "upload_id"),
            url=_text(document, "url"),
            headers={name: _text(headers, name) for name in headers},
        )
    except Malformed as error:
        raise ProtocolError(f"the service's answer cannot be read: {error}") from error


def read_page(data: object) -> Page:
    """Read the answer to `list`; raises ProtocolError."""
    try:
        document = _object(data)
        return Page(requests=_entries(document), cursor=read_text(document, "cursor"))
    except Malformed as error:
        raise ProtocolError(f"the service's list cannot be read: {error}") from error


def read_state(data: object) -> str:
    """Read the answer to `cancel`; raises ProtocolError."""
    try:
        return _text(_object(data), "state")
    except Malformed as error:
        raise ProtocolError(f"the service's answer cannot be read: {error}") from error


def _entries(document: Mapping[str, Any]) -> tuple[Entry, ...]:
    entries: object = document.get("requests")
    if not isinstance(entries, list):
        raise Malformed("a list has no requests")
    return tuple(_entry(_object(entry)) for entry in cast("list[object]", entries))


def _entry(document: Mapping[str, Any]) -> Entry:
    return Entry(
        request_id=_text(document, "request_id"),
        action=_text(document, "action"),
        state=_text(document, "state"),
        created_at=read_moment(document, "created_at"),
        ended_at=read_moment(document, "ended_at") if "ended_at" in document else None,
    )


def _question(document: Mapping[str, Any]) -> InputRequired | None:
    if "input" not in document or "type" not in document:
        return None
    message = read_news({**document, "state": "INPUT_REQUIRED"}).message
    return message if isinstance(message, InputRequired) else None


def _object(data: object) -> Mapping[str, Any]:
    return read_object({"answer": data}, "answer")


def _text(document: Mapping[str, Any], name: str) -> str:
    text = read_text(document, name)
    if text is None:
        raise Malformed(f"{name} is missing")
    return text
