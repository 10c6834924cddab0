"""What a fault shows of a unit of work: plain values within bounds, and nothing of its machinery.

Clients, functions and other objects are told by their class alone: they may hold keys.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Set as AbstractSet
from datetime import date, time
from decimal import Decimal
from enum import Enum
from itertools import islice
from typing import Any, cast

from cdk_streamer_runtime.streams.json_text import Json
from cdk_streamer_runtime.streams.uow import UnitOfWork

_DEPTH = 12
_VALUES = 2_000  # of the whole
_ENTRIES = 100  # of one list
_TEXT = 2_048  # characters of one text
_LOOKED_INTO = 16 * 1024  # characters of one text, as long as nobody has redacted it
_CHARACTERS = 32 * 1024  # of the whole
_LEFT_OUT = "<left out>"
_MORE = re.compile(r"<([0-9]{1,9}) more>\Z")
# EventBridge takes no larger ones; much larger ones take their square of time to be written.
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
_INTEGER_BITS, _WRITTEN_BITS = 63, 1024


def trimmed(uow: UnitOfWork, scope: Mapping[str, Any]) -> dict[str, Json]:
    """Give the event and what the steps have made of it.

    Left out are the raw form, which the record has, and other units of a batch, which have faults
    of their own. Texts are to be `shortened` when they are redacted: in half of a value nobody
    knows it again.
    """
    trimmer = _Trimmer()
    event = {name: value for name, value in uow.event.items() if name != "raw"}
    rest = {name: value for name, value in scope.items() if name not in {"batch", "event"}}
    return {"event": trimmer.value(event, 0), **trimmer.value(rest, 0)}


def shortened(value: Json) -> Json:
    """Give what was trimmed, and is redacted since, with texts of no more than a fault shows."""
    if isinstance(value, dict):
        members = cast("dict[str, Json]", value)
        return {_cut(name, _TEXT): shortened(each) for name, each in members.items()}
    if isinstance(value, list):
        return [shortened(each) for each in cast("list[Json]", value)]
    return _cut(value, _TEXT) if isinstance(value, str) else value


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    # Of what was cut before, that is said at its end.
    before = _MORE.search(text) if len(text) > _LOOKED_INTO else None
    whole = before.start() + int(before[1]) if before else len(text)
    return f"{text[:most]}<{whole - most} more>"


class _Trimmer:
    """Counts what it has given, so that all of it together is within bounds."""

    def __init__(self) -> None:
        self._values = _VALUES
        self._characters = _CHARACTERS

    def value(self, value: Any, depth: int) -> Json:  # noqa: ANN401 - a scope holds anything
        """Give what JSON can show of a value."""
        self._values -= 1
        if self._values < 0 or self._characters < 0:
            return _LEFT_OUT
        try:
            return self._shown(value, depth)
        except Exception:  # noqa: BLE001 - of a class of the user's, which cannot be looked into
            return f"<{type(value).__qualname__}>"

    def _shown(self, value: Any, depth: int) -> Json:  # noqa: ANN401 - see above
        if isinstance(value, str):
            return self._text(value)
        if value is None or isinstance(value, bool | float | int | Enum | Decimal | date | time):
            return self._scalar(value)
        if isinstance(value, UnitOfWork) or depth >= _DEPTH:
            return f"<{type(value).__name__}>"
        if isinstance(value, Mapping):
            members = cast("Mapping[Any, Any]", value)
            return self._members(members, depth)
        if isinstance(value, list | tuple | AbstractSet):
            return self._entries(cast("list[Any]", value), depth)
        if isinstance(value, bytes | bytearray):
            return f"<{len(value)} bytes>"
        return f"<{type(value).__qualname__}>"

    def _members(self, members: Mapping[Any, Any], depth: int) -> dict[str, Json]:
        shown: dict[str, Json] = {}
        for name, each in members.items():
            if self._values < 0 or self._characters < 0:
                shown[_LEFT_OUT] = len(members) - len(shown)
                break
            key = name if isinstance(name, str) else f"<{type(name).__name__}>"
            self._characters -= len(key)
            shown[_cut(key, _LOOKED_INTO)] = self.value(each, depth + 1)
        return shown

    def _entries(self, entries: list[Any], depth: int) -> list[Json]:
        shown = [self.value(each, depth + 1) for each in islice(entries, _ENTRIES)]
        more = len(entries) - len(shown)
        return [*shown, f"<{more} more>"] if more else shown

    def _scalar(self, value: Any) -> Json:  # noqa: ANN401 - see above
        if isinstance(value, Enum):
            return self.value(value.value, _DEPTH)
        if isinstance(value, date | time):
            return value.isoformat()
        if isinstance(value, Decimal):
            return self._text(str(value))
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)
        if isinstance(value, int) and value.bit_length() > _INTEGER_BITS:
            bits = value.bit_length()
            return self._text(str(value) if bits <= _WRITTEN_BITS else f"<a number of {bits} bits>")
        self._characters -= 8
        return value

    def _text(self, text: str) -> str:
        self._characters -= min(len(text), _TEXT)
        return _cut(str.__str__(text), _LOOKED_INTO)
