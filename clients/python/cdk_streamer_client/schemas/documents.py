"""Reads the schema documents that stand beside this file."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any, Literal, cast

Schema = dict[str, Any]


def schema(side: Literal["client", "server"], message: str | None = None) -> Schema:
    """Give the JSON Schema (draft 2020-12) of what a side says, or of one of its messages.

    It lets pass members that it does not name where readers must ignore them; see `closed`.
    """
    text = (
        resources.files("cdk_streamer_client.schemas")
        .joinpath(f"{side}.json")
        .read_text(encoding="utf-8")
    )
    document: Schema = json.loads(text)
    if message is None:
        return document
    if message not in document["x-messages"]:
        known = ", ".join(document["x-messages"])
        raise ValueError(f"a {side} says no {message!r}; it says {known}")
    return {
        "$schema": document["$schema"],
        "$id": f"{document['$id']}:{message}",
        "$ref": f"#/$defs/{message}",
        "$defs": document["$defs"],
    }


def closed(document: Schema) -> Schema:
    """Give the schema as one that refuses members which it does not name.

    For tests of whoever writes messages: what a reader ignores may still be a misspelled member.
    """
    return {**document, "$defs": {name: _closed(part) for name, part in document["$defs"].items()}}


def _closed(part: object) -> object:
    if isinstance(part, list):
        return [_closed(element) for element in cast("list[object]", part)]
    if not isinstance(part, dict):
        return part
    members = cast("dict[str, object]", part)
    if members.get("type") == "object" and "properties" in members:
        members = {"additionalProperties": False, **members}
    return {
        name: value if name == "examples" else _closed(value) for name, value in members.items()
    }
