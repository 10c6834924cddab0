"""What a test makes a service refuse."""

from __future__ import annotations

from collections import deque


class Refusals:
    """Codes for the next entries, in their order; None lets one pass."""

    def __init__(self) -> None:
        self._codes: deque[str | None] = deque()

    def next(self, *codes: str | None) -> None:
        """Refuse the next entries with these codes, where they are not None."""
        self._codes.extend(codes)

    def take(self) -> str | None:
        """Give what becomes of the next entry."""
        return self._codes.popleft() if self._codes else None
