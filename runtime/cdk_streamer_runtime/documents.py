"""JSON text: how every payload, message and result is written and read."""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any, NoReturn

# Python gives up at a depth that depends on who reads: what one takes, all others must take too.
DEPTH = 200
# Also matches a string that never ends: each start has a match, so the whole is linear.
_STRUCTURE = r'(?s:"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}])'
_SURROGATE = r"\\u[dD][89a-fA-F]"


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


def decode_strictly(text: str) -> Any:  # noqa: ANN401 - JSON is any of six types
    """Read JSON that no second reader can understand differently; raises ValueError for other.

    Refused beside what `decode` refuses: a member twice, half a surrogate pair, too many levels.
    """
    if is_deep(text):
        raise ValueError(f"it is nested deeper than {DEPTH} levels")
    value = json.loads(
        text, object_pairs_hook=_members, parse_constant=_refuse, parse_float=_finite
    )
    if re.search(_SURROGATE, text):
        _check_text(value)
    return value


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
    for token in re.findall(_STRUCTURE, text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token, 0)
        if depth > DEPTH:
            return True
    return False


def _check_text(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("half a surrogate pair is no text") from None


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is there twice")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
