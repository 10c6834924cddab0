"""What functions print, made legible: JSON log records become a line of words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

# Members that Lambda puts into each record; what is beside them is the author's.
_OWN = frozenset(
    {"timestamp", "level", "message", "logger", "requestId"}
    | {"stackTrace", "errorType", "errorMessage", "location"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a log: a level if it is a record, its own members, a traceback if it has one."""

    message: str
    level: str = ""
    members: Mapping[str, object] = field(default_factory=dict[str, object])
    traceback: str = ""


def read(text: str) -> Line | None:
    """Read what a function printed; None for metrics, which nobody reads line by line."""
    record = _record(text)
    if record is None:
        return Line(message=text.rstrip())
    if "_aws" in record:
        return None
    message, level = record.get("message"), record.get("level")
    if not isinstance(message, str) or not isinstance(level, str):
        return Line(message=text.rstrip())
    trace = cast("list[str]", record.get("stackTrace", []))
    return Line(
        message=message,
        level=level,
        members={name: value for name, value in record.items() if name not in _OWN},
        traceback="".join(trace).rstrip(),
    )


def _record(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        return cast("dict[str, Any]", json.loads(text))
    except ValueError:
        return None
