"""Reads what was typed in a command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


class Misused(Exception):
    """An argument that cannot be what was meant."""


def json_of(text: str | None, name: str) -> Any:  # noqa: ANN401 - any JSON
    """Give the JSON of a text, of `@FILE`, or of stdin for `-`; raises Misused."""
    if text is None:
        return None
    content = sys.stdin.read() if text == "-" else content_of(text)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        source = {"-": "stdin"}.get(text, text[1:] if text.startswith("@") else name)
        example = """'{"month": 11}'"""
        raise Misused(
            f"{source} is not JSON: {error}; write it in quotes, such as {example}"
        ) from error


def content_of(text: str) -> str:
    """Give the text, or what is in the file that it names; raises Misused."""
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misused(f"{text[1:]!r} cannot be read: {error}") from error
