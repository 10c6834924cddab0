"""JSON text: how every payload, message and result is written and read."""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any, NoReturn

# Python gives up at a depth that depends on who reads: what one takes, all others must take too.
DEPTH = 200
_STRUCTURE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]')


def encode(document: object) -> str:
    """Write compact JSON in valid UTF-8; raises TypeError or ValueError for what JSON lacks."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate: only its escape can travel
        text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    return text


def decode(text: str | bytes) -> Any:  # noqa: ANN401 - JSON is any of six types
    """Read JSON as RFC 8259 has it; raises ValueError for anything else, NaN and depth included."""
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError("the JSON text is nested too deeply") from None


def fingerprint(document: object) -> str:
    """Give the same text for equal documents, whatever the order of their members."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def size(text: str) -> int:
    """Count the bytes that the text takes on the wire."""
    return len(text) if text.isascii() else len(text.encode())


def is_deep(text: str) -> bool:
    """Tell whether JSON is nested deeper than `DEPTH` levels."""
    if text.count("[") + text.count("{") <= DEPTH:
        return False
    depth = 0
    for token in _STRUCTURE.findall(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token, 0)
        if depth > DEPTH:
            return True
    return False


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
