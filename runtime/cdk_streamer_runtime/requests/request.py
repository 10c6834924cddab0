"""A request as the table holds it, and as its owner may see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cdk_streamer_runtime.contract import Executor, State
from cdk_streamer_runtime.documents import decode
from cdk_streamer_runtime.requests.transitions import LEASED, TERMINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One accepted request. Times are milliseconds since the epoch, durations milliseconds."""

    key: str
    tenant: str
    owner: str
    request_id: str
    action: str
    body_hash: str
    created_at: int
    expires_at: int
    timeout: int
    max_attempts: int
    state: State = State.QUEUED
    attempt: int = 1
    seq: int = 0
    subscribers: Mapping[str, int] = field(default_factory=dict[str, int])
    worker: str | None = None
    mark: str | None = None
    lease_until: int = 0
    deadline_at: int = 0
    retry_at: int = 0
    ended_at: int | None = None
    progress: Mapping[str, Any] | None = None
    result: Any = None
    error: Mapping[str, Any] | None = None
    cancel_reason: str | None = None
    stopping_at: int = 0
    trace: str | None = None
    executor: Executor = Executor.WORKER
    execution: str | None = None
    tick: int = 0
    asleep_until: int = 0
    input: Mapping[str, Any] | None = None
    answer: Mapping[str, Any] | None = None
    answered: str | None = None
    webhook: str | None = None
    notified_at: int | None = None
    notice_tried_at: int | None = None
    slots: tuple[str, ...] = ()  # the limits in whose count it is open
    chunks: int = 0  # of this attempt
    result_bytes: int | None = None  # the result is in S3

    @property
    def is_terminal(self) -> bool:
        """Tell whether nothing will change any more."""
        return self.state in TERMINAL

    def is_leased(self, now: int) -> bool:
        """Tell whether a worker still holds the attempt that is running."""
        return self.state in LEASED and self.lease_until > now

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Request:
        """Read a request from its item."""
        names = _FIELDS & item.keys()
        values: dict[str, Any] = {name: item[name] for name in names}
        for name in ("progress", "result", "error", "input", "answer"):
            if name in values:
                values[name] = decode(values[name])
        return cls(
            **values,
            key=item["pk"],
            state=State(item["state"]),
            executor=Executor(item.get("executor", Executor.WORKER)),
            subscribers=item.get("subs", {}),
            slots=tuple(item.get("slots", ())),
        )


_FIELDS = {
    "tenant",
    "owner",
    "request_id",
    "action",
    "body_hash",
    "created_at",
    "expires_at",
    "timeout",
    "max_attempts",
    "attempt",
    "seq",
    "worker",
    "mark",
    "lease_until",
    "deadline_at",
    "retry_at",
    "ended_at",
    "progress",
    "result",
    "error",
    "cancel_reason",
    "stopping_at",
    "execution",
    "tick",
    "asleep_until",
    "input",
    "answer",
    "answered",
    "trace",
    "webhook",
    "chunks",
    "result_bytes",
    "notified_at",
    "notice_tried_at",
}
