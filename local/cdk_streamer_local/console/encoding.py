"""Values of panels as JSON."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any, cast


def encoded(value: object) -> str:
    """Write it; equal values give equal text."""
    return json.dumps(value, default=_plain, separators=(",", ":"))


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = (field.name for field in dataclasses.fields(value))
        return {name: getattr(value, name) for name in names}
    match value:
        case dt.datetime() | dt.date():
            return value.isoformat()
        case dt.timedelta():
            return value.total_seconds()
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case bytes():
            return value.decode(errors="replace")
        case AbstractSet():
            return sorted(cast("AbstractSet[Any]", value))
        case _:
            raise TypeError(f"a panel gave what JSON does not know, a {type(value).__name__}")
