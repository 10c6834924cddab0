"""JSON objects of strangers, read so that no second reader can understand them differently."""

from __future__ import annotations

import json
import math
import re
from typing import NoReturn, cast

DEPTH = 8

# Also matches a string that never ends: each start has a match, so the whole is linear.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKET = re.compile(r"[\[{\]}]")


def read(data: bytes) -> dict[str, object]:
    """Read a JSON object in UTF-8; raises ValueError for all that is not exactly that.

    Refused too: a member twice at any depth, NaN and Infinity, numbers beyond a float, half a
    surrogate pair, and more than `DEPTH` levels.
    """
    text = data.decode("utf-8")
    if _depth(text) > DEPTH:
        raise ValueError("nested too deeply")
    value = json.loads(
        text, object_pairs_hook=_members, parse_constant=_refuse, parse_float=_finite
    )
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - the text is wrong, not its type
    members = cast("dict[str, object]", value)
    json.dumps(members, ensure_ascii=False).encode("utf-8")
    return members


def _depth(text: str) -> int:
    # Before parsing, so that depth never meets the parser's own recursion.
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member occurs twice")
    return members


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number beyond all bounds")
    return number
