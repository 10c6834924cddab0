"""`cdk-streamer timers preview`: tells what a schedule will do, without any service."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any

from cdk_streamer_client.arguments import Misused
from cdk_streamer_client.printing import print_json
from cdk_streamer_client.timers.entries import PutTimer
from cdk_streamer_client.timers.moments import seconds_of, text_of
from cdk_streamer_client.timers.preview import Firing, firings_of, place_text
from cdk_streamer_client.timers.validation import definition_of
from cdk_streamer_client.timers.words import (
    add_schedule_arguments,
    bounds_of,
    schedule_of,
    whole,
    zone_of,
)

_MOST = 1000


def add_preview_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `preview` reads."""
    add_schedule_arguments(parser)
    parser.add_argument("-n", type=int, default=10, metavar="COUNT", help="default: 10")
    parser.add_argument("--from", dest="begin", metavar="MOMENT", help="default: now")
    parser.add_argument(
        "--id",
        default="timer",
        metavar="ID",
        help="the timer's id, on which its phase and jitter depend",
    )
    parser.add_argument("--json", action="store_true", help="print a line of JSON")


def preview(arguments: argparse.Namespace) -> None:
    """Print the firings; raises Misused and InvalidTimer."""
    if not 1 <= arguments.n <= _MOST:
        raise Misused(f"-n must be 1 to {_MOST}, got {arguments.n}")
    schedule = schedule_of(arguments)
    entry = PutTimer(id=arguments.id, schedule=schedule, **bounds_of(arguments))
    definition = definition_of(entry)
    begin = datetime.now(UTC).replace(microsecond=0)
    if arguments.begin is not None:
        begin = whole(arguments.begin, "--from", zone_of(arguments))
    firings = firings_of(definition, seconds_of(begin, "--from"), arguments.n)
    if arguments.json:
        print_json(
            {
                "schedule": schedule.document(),
                "place": place_text(definition),
                "firings": [_document(firing) for firing in firings],
            }
        )
        return
    lines = [str(schedule), f"place: {place_text(definition)}", *map(_line, firings)]
    if len(firings) < arguments.n:
        lines.append("after that it fires no more" if firings else "it fires no more")
    print(*lines, sep="\n")  # noqa: T201 - what was asked for


def _document(firing: Firing) -> dict[str, Any]:
    optional = {"delay": firing.delay, "note": firing.note}
    return {
        "fire_at": text_of(firing.fire_at, "fire_at"),
        "local": firing.local.isoformat(),
        **{name: value for name, value in optional.items() if value},
    }


def _line(firing: Firing) -> str:
    local = f"{firing.local:%a %Y-%m-%d %H:%M:%S} {firing.local.isoformat()[19:]}"
    delay = f"  delayed by {firing.delay} s" if firing.delay else ""
    note = f"  ({firing.note})" if firing.note else ""
    return f"{local}  {text_of(firing.fire_at, 'fire_at')}{delay}{note}"
