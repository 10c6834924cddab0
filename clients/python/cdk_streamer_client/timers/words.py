"""Reads the words of a command line: schedules, periods and moments."""

from __future__ import annotations

import argparse
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from cdk_streamer_client.arguments import Misused
from cdk_streamer_client.timers.moments import seconds_of
from cdk_streamer_client.timers.schedules import At, Cron, Every, Schedule
from cdk_streamer_runtime.timers.definition import DEFAULT_GRACE, Jitter, Misfire, Policy
from cdk_streamer_runtime.timers.schedules.zones import zone

_PERIOD = re.compile(r"(\d{1,12})(s|m|h|d)?", re.ASCII)
_UNITS = {None: "seconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def add_schedule_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `schedule_of`, `jitter_of` and `bounds_of` read."""
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--every", metavar="PERIOD", help="a period: 90, 90s, 5m, 2h or 1d")
    kind.add_argument("--cron", metavar="EXPRESSION", help="minute hour day month weekday")
    kind.add_argument("--at", metavar="MOMENT", help="a moment, such as 2026-12-01T09:00:00Z")
    parser.add_argument("--phase", metavar="SECONDS", type=int, help="where in the period it fires")
    parser.add_argument("--timezone", metavar="ZONE", help="of --cron; default: UTC")
    parser.add_argument("--start", metavar="MOMENT", help="fire at this moment or later")
    parser.add_argument("--end", metavar="MOMENT", help="fire before this moment")
    parser.add_argument("--jitter", metavar="SECONDS", type=int, help="delay firings by up to this")
    parser.add_argument(
        "--jitter-each", action="store_true", help="draw a delay for each firing, not for the timer"
    )


def schedule_of(arguments: argparse.Namespace) -> Schedule:
    """Give the schedule; raises Misused."""
    if arguments.phase is not None and arguments.every is None:
        raise Misused("--phase belongs to --every")
    if arguments.timezone is not None and arguments.cron is None:
        raise Misused("--timezone belongs to --cron")
    try:
        if arguments.every is not None:
            return _every(arguments.every, arguments.phase)
        if arguments.cron is not None:
            return Cron(arguments.cron, arguments.timezone or "UTC")
        return At(moment_of_text(arguments.at, "--at"))
    except ValueError as error:
        raise Misused(str(error)) from error


def zone_of(arguments: argparse.Namespace) -> ZoneInfo | None:
    """Give the zone of moments that have none of their own; None: they need one."""
    return None if arguments.timezone is None else zone(arguments.timezone)


def jitter_of(arguments: argparse.Namespace) -> Jitter | None:
    """Give the jitter; raises Misused."""
    if arguments.jitter is None:
        if arguments.jitter_each:
            raise Misused("--jitter-each belongs to --jitter")
        return None
    return Jitter(seconds=arguments.jitter, each=arguments.jitter_each)


def bounds_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Give start, end and jitter, of which each may be None; raises Misused."""
    where = zone_of(arguments)
    return {
        "start": None if arguments.start is None else whole(arguments.start, "--start", where),
        "end": None if arguments.end is None else whole(arguments.end, "--end", where),
        "jitter": jitter_of(arguments),
    }


def misfire_of(arguments: argparse.Namespace) -> Misfire | None:
    """Give what becomes of late firings."""
    if arguments.misfire is None and arguments.grace is None:
        return None
    policy = Policy(arguments.misfire) if arguments.misfire else Policy.FIRE_LATEST
    return Misfire(
        policy=policy, grace=DEFAULT_GRACE if arguments.grace is None else arguments.grace
    )


def whole(text: str, name: str, where: ZoneInfo | None = None) -> datetime:
    """Read a moment in whole seconds; raises Misused."""
    moment = moment_of_text(text, name, where)
    try:
        seconds_of(moment, name)
    except ValueError as error:
        raise Misused(str(error)) from error
    return moment


def moment_of_text(text: str, name: str, where: ZoneInfo | None = None) -> datetime:
    """Read a moment, in a zone when it has none of its own; raises Misused."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Misused(
            f"{name} must be a moment such as 2026-12-01T09:00:00Z, got {text!r}"
        ) from None
    if moment.tzinfo is not None:
        return moment
    if where is None:
        raise Misused(f"{name} must say its offset, such as {text}Z or {text}+01:00, got {text!r}")
    return moment.replace(tzinfo=where)


def _every(text: str, phase: int | None) -> Every:
    found = _PERIOD.fullmatch(text)
    if found is None:
        raise Misused(f"--every must be a period such as 90, 90s, 5m, 2h or 1d, got {text!r}")
    return Every(**{_UNITS[found[2]]: int(found[1])}, phase=phase)
