"""Moments as text, as RFC 3339 has them: whole seconds where they are a timer's own."""

from __future__ import annotations

import re
from datetime import UTC, datetime

# Of the year 9999 not every zone has all moments.
LAST_MOMENT = 253_370_764_799
PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.0+)?(Z|[+-][0-9]{2}:[0-9]{2})"
_MOMENT = re.compile(PATTERN, re.ASCII)
_LONGEST = 64
_WANTED = "must be a moment in whole seconds with its offset, such as '2026-12-01T09:00:00Z'"


def moment(text: str) -> int:
    """Read a moment, 1970 to 9998; raises ValueError."""
    if len(text) > _LONGEST or not _MOMENT.fullmatch(text):
        raise ValueError(f"{_WANTED}, got {text[:_LONGEST]!r}")
    try:
        # Python reads no more than six digits of a second, and these are all zero.
        seconds = int(datetime.fromisoformat(re.sub(r"\.0+", "", text)).timestamp())
    except (ValueError, OverflowError):  # a 30th of February; a time zone of a hundred hours
        raise ValueError(f"{_WANTED}, got {text!r}") from None
    if not 0 <= seconds <= LAST_MOMENT:
        raise ValueError(f"must be in the years 1970 to 9998, got {text!r}")
    return seconds


def text_of(seconds: int) -> str:
    """Write a moment in UTC."""
    return f"{_iso(seconds)}Z"


def text_of_milliseconds(milliseconds: int) -> str:
    """Write a moment in UTC, to the millisecond."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_iso(seconds)}.{rest:03d}Z"


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
