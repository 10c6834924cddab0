"""Moments as the service writes them: RFC 3339, UTC, whole seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

from cdk_streamer_runtime.timers.schedules.moments import LAST_MOMENT, text_of as utc_text


def seconds_of(moment: datetime, name: str) -> int:
    """Give the seconds since the epoch; raises ValueError for a moment that is unclear.

    What is no datetime at all, such as a text, raises TypeError.
    """
    if not isinstance(cast("object", moment), datetime):
        raise TypeError(f"{name} must be a datetime with a time zone, got {moment!r}")
    if moment.tzinfo is None:
        raise ValueError(
            f"{name} must have a time zone, got {moment.isoformat()}; "
            "use datetime(..., tzinfo=UTC), or a ZoneInfo"
        )
    if moment.microsecond:
        raise ValueError(
            f"{name} must be a whole second, got {moment.isoformat()}; use replace(microsecond=0)"
        )
    seconds = int(moment.timestamp())
    if not 0 <= seconds <= LAST_MOMENT:
        raise ValueError(f"{name} must be in the years 1970 to 9998, got {moment.isoformat()}")
    return seconds


def moment_of(seconds: int) -> datetime:
    """Give a moment in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def text_of(moment: datetime, name: str) -> str:
    """Write a moment; raises ValueError for one that is unclear."""
    return utc_text(seconds_of(moment, name))
