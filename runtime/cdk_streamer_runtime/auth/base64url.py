"""Base64url as RFC 7515 has it: one text for one value."""

from __future__ import annotations

import base64


def decode(text: str) -> bytes:
    """Read the text; raises ValueError for padding, a foreign character or bits left over."""
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(data) != text:
        # Python skips what it does not know, and ignores the last letter's unused bits: without
        # this one signature had many spellings.
        raise ValueError("not canonical base64url")
    return data


def encode(data: bytes) -> str:
    """Write the one text of these bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
