"""Time zones: where a local time is in absolute time, also where clocks are put forward or back.

A local time that a gap skips is at the gap's end; one that comes twice is the first of them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)
# What lies beside the database on some machines: copies, among them some that count leap seconds.
_NO_ZONES = re.compile(r"(posix|right)/|localtime$|posixrules$|Factory$")


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """Give a zone of the IANA database by its name; raises ValueError."""
    found = None if _NO_ZONES.match(name) else _find(name)
    if found is None:
        raise ValueError(
            f"timezone must be a name of the IANA database such as 'Europe/Berlin', got {name!r}"
        )
    return found


def _find(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, no name at all, or a folder of names
        return None


def instant(local: datetime, where: ZoneInfo) -> int:
    """Give the seconds since the epoch at which a local minute begins there."""
    aware = local.replace(tzinfo=where, fold=0)
    back = aware.astimezone(UTC).astimezone(where).replace(tzinfo=None)
    return int(aware.timestamp()) if back == local else _end_of_gap(aware)


def local_time(seconds: int, where: ZoneInfo) -> datetime:
    """Give the local time at a moment, without its zone."""
    return datetime.fromtimestamp(seconds, where).replace(tzinfo=None)


def after(start: int, where: ZoneInfo) -> datetime:
    """Give a local minute whose moment, and that of none before it, can be at or after `start`.

    Moments of local minutes never fall as these rise: so all that are before a moment that was
    are over, and what a gap has just skipped is not.
    """
    earlier = local_time(start - 1, where)
    return earlier.replace(second=0) + _MINUTE


def before(end: int, where: ZoneInfo) -> datetime:
    """Give a local minute whose moment, and that of none after it, can be before `end`.

    When it is there for the second time, all that come twice were before.
    """
    latest = datetime.fromtimestamp(end - 1, where)
    local = latest.replace(tzinfo=None, fold=0, second=0)
    if not latest.fold:
        return local
    return local + (_utcoffset(latest.replace(fold=0)) - _utcoffset(latest))


def _end_of_gap(aware: datetime) -> int:
    """Find the first second after the gap that swallowed a local time.

    With its offset before the gap, that local time is some moment after the gap began; with the
    offset after it, some moment before: the change is between the two.
    """
    before = int(aware.timestamp())  # fold 0 is read with the offset before the gap
    after = int(aware.replace(fold=1).timestamp())
    low, high = min(before, after), max(before, after)
    offset = _offset(high, aware)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(middle, aware) == offset:
            high = middle
        else:
            low = middle
    return high


def _offset(seconds: int, aware: datetime) -> timedelta:
    return _utcoffset(datetime.fromtimestamp(seconds, aware.tzinfo))


def _utcoffset(aware: datetime) -> timedelta:
    return aware.utcoffset() or timedelta()
