"""One request in the list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_local.console.panels.requests.apis import ProgressApi
from cdk_streamer_runtime.requests.request import Request

_MILLISECONDS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """One of them, `id` among all APIs. Times are seconds since the epoch."""

    id: str
    api: str
    request: str
    action: str
    state: str
    attempt: int
    max_attempts: int
    seq: int
    owner: str
    tenant: str
    created_at: float
    ended_at: float | None
    progress: Mapping[str, Any] | None
    code: str | None
    """Of the error, if it failed."""
    executor: str
    retry_at: float | None


def row(api: ProgressApi, request: Request) -> RequestRow:
    """Give the row of a request."""
    progress = request.progress or {}
    own = progress.get("attempt", request.attempt) == request.attempt
    shown = {name: progress[name] for name in ("percentage", "message") if name in progress}
    return RequestRow(
        id=f"{request.key}@{api.id}",
        api=api.name,
        request=request.request_id,
        action=request.action,
        state=request.state.value,
        attempt=request.attempt,
        max_attempts=request.max_attempts,
        seq=request.seq,
        owner=request.owner,
        tenant=request.tenant,
        created_at=request.created_at / _MILLISECONDS,
        ended_at=request.ended_at / _MILLISECONDS if request.ended_at else None,
        # What an earlier attempt told says nothing about this one.
        progress=shown if own and shown else None,
        code=request.error.get("code") if request.error else None,
        executor=request.executor.value,
        retry_at=request.retry_at / _MILLISECONDS if request.retry_at else None,
    )
