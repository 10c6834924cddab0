"""Moments as AWS writes them, in milliseconds, and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cdk_streamer_runtime.streams.event import LAST_TIMESTAMP
from cdk_streamer_runtime.streams.json_text import Json, Malformed

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def milliseconds(text: str) -> int:
    """Give the moment of an ISO 8601 text; one without an offset is UTC."""
    moment = datetime.fromisoformat(text)
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    if since < timedelta():
        raise Malformed("a time must be after 1970")
    return since // _MILLISECOND


def from_seconds(seconds: Json) -> int:
    """Give the moment of a number of seconds; raises Malformed for what is none."""
    if isinstance(seconds, int | float) and not isinstance(seconds, bool):
        moment = round(seconds * 1_000)
        if 0 <= moment <= LAST_TIMESTAMP:
            return moment
    raise Malformed("a time must be in seconds since 1970")


def iso(moment: int) -> str:
    """Give the text, with milliseconds and a Z."""
    text = (_EPOCH + moment * _MILLISECOND).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
