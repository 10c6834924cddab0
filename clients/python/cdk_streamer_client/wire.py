"""JSON text frames: how they are written, and read with suspicion."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn, cast

from cdk_streamer_client.errors import PayloadTooLarge

PROTOCOL = "streamer.v1"
# API Gateway closes the connection on a larger frame, before any code could answer.
FRAME_BYTES = 32_768
REQUEST_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._~-]{1,128}")
# The largest whole number that every language's JSON reads alike.
LARGEST = 2**53 - 1
# What the client's own messages are called, so no request may be.
OWN_PREFIX = "~"

Document = dict[str, Any]


class Malformed(ValueError):
    """What the server said is not a message of the protocol."""


def encode(
    action: str,
    id: str,
    payload: object = None,
    *,
    metadata: Mapping[str, Any] | None = None,
    prefer: str | None = None,
    webhook: str | None = None,
) -> str:
    """Write a frame; raises PayloadTooLarge, and TypeError or ValueError for what JSON lacks."""
    members = {
        "action": action,
        "id": id,
        "payload": payload,
        "metadata": metadata,
        "prefer": prefer,
        "webhook": webhook,
    }
    text = dump({name: value for name, value in members.items() if value is not None})
    size = len(text.encode())
    if size > FRAME_BYTES:
        raise PayloadTooLarge(
            "PAYLOAD_TOO_LARGE",
            f"the message for {action!r} has {size} bytes, a frame carries {FRAME_BYTES}; "
            "send what is large with upload(), and its id in the payload",
        )
    return text


def dump(document: Document) -> str:
    """Write JSON; raises TypeError or ValueError for what JSON lacks."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate: only its escape can travel
        return json.dumps(document, allow_nan=False, separators=(",", ":"))
    return text


def decode(text: str) -> Document:
    """Read a message; raises Malformed for what is not an object with a type."""
    document = parse(text)
    if isinstance(document, dict):
        members = cast("Document", document)
        if isinstance(members.get("type"), str):
            return members
    raise Malformed(f"a message is no object with a type: {text[:80]!r}")


def parse(text: str) -> object:
    """Read any JSON; raises Malformed."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"a message is not JSON: {error}") from None


def read_integer(document: Mapping[str, Any], name: str) -> int:
    """Give a member that must be a whole number."""
    value = document.get(name)
    if type(value) is not int:
        raise _malformed(document, name, "a whole number")
    return value


def read_count(document: Mapping[str, Any], name: str) -> int:
    """Give a member that must be a whole number from 0 on."""
    value = read_integer(document, name)
    if not 0 <= value <= LARGEST:
        raise _malformed(document, name, "a whole number from 0 to 2^53 - 1")
    return value


def read_number(document: Mapping[str, Any], name: str) -> float | None:
    """Give a member that may be a number."""
    value = document.get(name)
    if value is not None and type(value) not in {int, float}:
        raise _malformed(document, name, "a number")
    return value


def read_text(document: Mapping[str, Any], name: str) -> str | None:
    """Give a member that may be a string."""
    value = document.get(name)
    if value is not None and not isinstance(value, str):
        raise _malformed(document, name, "a string")
    return value


def read_object(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Give a member that must be an object."""
    value = document.get(name)
    if not isinstance(value, dict):
        raise _malformed(document, name, "an object")
    return cast("Mapping[str, Any]", value)


def read_moment(document: Mapping[str, Any], name: str) -> datetime:
    """Give a member that must be a moment."""
    value = document.get(name)
    try:
        moment = datetime.fromisoformat(cast("str", value))
    except (ValueError, TypeError):
        raise _malformed(document, name, "an ISO 8601 timestamp") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _malformed(document: Mapping[str, Any], name: str, expected: str) -> Malformed:
    kind = document.get("type", "part of a message")
    return Malformed(f"{name} of {kind!r} must be {expected}, got {document.get(name)!r:.80}")
