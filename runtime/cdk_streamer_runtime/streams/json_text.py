"""The JSON text of a record, as fast as the standard library reads it, or as the user does."""

from __future__ import annotations

import json
import math
from base64 import b64encode
from collections.abc import Callable, Mapping, Set as AbstractSet
from typing import Any, NoReturn, TypeGuard, cast

from cdk_streamer_runtime.documents import DEPTH, is_deep

Json = Any  # of any shape: nothing of it is checked yet
# `orjson.loads` and `msgspec.json.decode` are such; any exception of it is the record's fault.
Decode = Callable[[bytes | str], Any]
# `partial(orjson.dumps, default=plain)` is such.
Encode = Callable[[Any], bytes | str]


class Malformed(ValueError):
    """A record that is not what its source writes. The text shows nothing of its content."""


def is_object(value: Json) -> TypeGuard[dict[str, Any]]:
    """Tell whether it is a JSON object."""
    return type(value) is dict


def is_list(value: Json) -> TypeGuard[list[Any]]:
    """Tell whether it is a JSON list."""
    return type(value) is list


def text_of(record: Mapping[str, Any], name: str) -> str:
    """Give a member that must be a text; raises Malformed when it is not."""
    value = record[name]
    if isinstance(value, str) and value:
        return value
    raise Malformed(f"`{name}` must be a text, got {kind_of(value)}")


def optional_text(record: Mapping[str, Any], name: str) -> str | None:
    """Give a member that is a text, or is not there; raises Malformed for anything else."""
    return None if record.get(name) is None else text_of(record, name)


def kind_of(value: object) -> str:
    """Name the kind of a value, and nothing of its content."""
    return "an empty text" if value == "" else _KINDS.get(type(value), type(value).__name__)


_KINDS: dict[type, str] = {
    type(None): "nothing",
    str: "a text",
    bool: "a boolean",
    dict: "an object",
    list: "a list",
    int: "a number",
    float: "a number",
}


def decode_json(text: bytes | str) -> Json:
    """Read JSON as RFC 8259 has it; raises ValueError for anything else.

    Refused are NaN, numbers that are too large, and nesting that others could not write again.
    Of a member that is there twice the last counts.
    """
    if isinstance(text, bytes):
        text = str(text, "utf-8")
    if is_deep(text):
        raise Malformed(f"it is nested deeper than {DEPTH} levels")
    try:
        value, end = _raw_decode(text)
    except json.JSONDecodeError:
        return _decode(text)  # it may begin with white space
    return value if end == len(text) else _decode(text)


def encode_json(value: Json) -> str:
    """Write compact JSON in valid UTF-8; raises TypeError or ValueError for what JSON lacks.

    Sets become lists, bytes base64 text: a view's item has them, and JSON does not.
    """
    text = _encode(value)
    # A lone surrogate can only travel escaped.
    return text if text.isascii() or _is_utf8(text) else _encode_ascii(value)


def plain(value: object) -> Json:
    """Give what stands in JSON for a value that it lacks; raises TypeError for all others."""
    if isinstance(value, AbstractSet):
        return sorted(cast("AbstractSet[Any]", value), key=repr)
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    if isinstance(value, bytes | bytearray):
        return b64encode(value).decode()
    raise TypeError(f"JSON cannot hold a {type(value).__name__}; make it a text or a number")


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse(constant: str) -> NoReturn:
    raise Malformed(f"{constant} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise Malformed("a number is too large")
    return number


_decoder = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)
_decode = _decoder.decode
_encode = json.JSONEncoder(
    separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=plain
).encode
_encode_ascii = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=plain).encode
_raw_decode = _decoder.raw_decode
