"""Base64url as RFC 7515 has it: one text for one value."""

from __future__ import annotations

import base64
import re

_ALPHABET = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def decode(text: str) -> bytes:
    """Read the text; raises ValueError for padding, a foreign character or bits left over."""
    if not _ALPHABET.fullmatch(text):
        raise ValueError("not base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(data) != text:
        # Unused trailing bits could be anything, so that one signature had several spellings.
        raise ValueError("not canonical base64url")
    return data


def encode(data: bytes) -> str:
    """Write the one text of these bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
