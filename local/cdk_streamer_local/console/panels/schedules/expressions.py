"""When an expression of EventBridge comes next."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from cdk_streamer_local.console.panels.schedules.cron import EventCron

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_AT = re.compile(r"at\((.+)\)")
_CRON = re.compile(r"cron\((.+)\)")
_UNITS = {"minute": 60, "hour": 3_600, "day": 86_400}


def next_of(expression: str, now: float, since: float | None) -> float | None:
    """Give the second of its next time, as the engine has it: in UTC.

    `since` is when a rate came last. None for what is over, or cannot be told.
    """
    if found := _RATE.fullmatch(expression):
        period = int(found[1]) * _UNITS[found[2]]
        return None if since is None else max(since + period, now)
    if found := _AT.fullmatch(expression):
        moment = datetime.fromisoformat(found[1]).replace(tzinfo=UTC).timestamp()
        return moment if moment > now else None
    if found := _CRON.fullmatch(expression):
        try:
            cron = EventCron.parse(found[1])
        except (ValueError, KeyError):  # the engine does not invoke such either
            return None
        following = cron.next(datetime.fromtimestamp(now, UTC))
        return None if following is None else following.timestamp()
    return None
