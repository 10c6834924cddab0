"""What operators read about sinks."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cdk_streamer_local.sinks_command.rejected import Rejected

_TEXT = 100
_INDENT = 15


def show_status(name: str, told: Mapping[str, Any]) -> None:
    """Print how a sink is."""
    circuit: Mapping[str, Any] = told["circuit"]
    lines = [
        ("circuit", _circuit(circuit)),
        ("polling", told["mapping"]["state"]),
        ("queue", _counts(told["queue"])),
        ("dead letters", _counts(told["deadLetters"])),
        ("rejected", _counts(told["rejected"])),
        *(("redrive", _redrive(task)) for task in told["redrives"][:1]),
    ]
    say(name)
    for label, text in lines:
        say(f"  {label:<{_INDENT}}{text}")


def show_rejected(rejected: Rejected) -> None:
    """Print a rejected message, in a line."""
    cells = [f"{rejected.rejected_at:%Y-%m-%dT%H:%M:%SZ}", rejected.id]
    cells += [rejected.key] if rejected.key != rejected.id else []
    say("  ".join(_short(each) for each in [*cells, rejected.reason or "-", rejected.body]))


def say(line: str) -> None:
    """Print a line: what is in messages must not command a terminal."""
    shown = "".join(c if c.isprintable() else " " for c in line)
    encoding = sys.stdout.encoding or "utf-8"
    print(shown.encode(encoding, "replace").decode(encoding))  # noqa: T201 - what was asked for


def _circuit(circuit: Mapping[str, Any]) -> str:
    parts: list[str] = [circuit["state"].replace("_", " ")]
    if circuit["held"]:
        parts.append("held by an operator until `cdk-streamer sinks resume`")
    if circuit["until"]:
        parts.append(f"is tried at {_time(circuit['until'])}")
    if circuit["openings"]:
        parts.append(f"opened {_times(circuit['openings'])}")
    if circuit["failures"]:
        parts.append(f"{circuit['failures']} of {circuit['calls']} calls failed")
    return ", ".join(parts)


def _counts(counts: Mapping[str, int]) -> str:
    parts = [f"{counts['visible']} waiting"]
    parts += [f"{counts['inFlight']} in flight"] if counts["inFlight"] else []
    parts += [f"{counts['delayed']} delayed"] if counts["delayed"] else []
    return ", ".join(parts)


def _redrive(task: Mapping[str, Any]) -> str:
    most = "" if task["toMove"] is None else f" of {task['toMove']}"
    rate = "" if task["perSecond"] is None else f", {task['perSecond']} a second"
    reason = f" ({task['reason']})" if task.get("reason") else ""
    begun = f", begun {_time(task['startedAt'])}"
    return f"{task['status'].lower()}{reason}, {task['moved']}{most} moved{rate}{begun}"


def _time(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _short(cell: str) -> str:
    return cell if len(cell) <= _TEXT else f"{cell[:_TEXT]}..."
