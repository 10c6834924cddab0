"""What one caller wants, however it comes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A request that will be made; `cancel_after` is milliseconds, None: never."""

    request_id: str
    action: str
    cancel_after: int | None = None
    webhook: str | None = None
