"""Signatures of Standard Webhooks: https://www.standardwebhooks.com, version v1, HMAC-SHA256."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"
SHORTEST_KEY = 24
LONGEST_KEY = 64


class BadSecret(ValueError):
    """A secret that signs nothing; the text never holds any of it."""


def keys_of(text: str) -> tuple[bytes, ...]:
    """Read a secret, or several separated by spaces while they rotate; raises BadSecret."""
    keys = tuple(_key(word) for word in text.split())
    if not keys:
        raise BadSecret("the webhook secret is empty; store whsec_ and 24 to 64 bytes in base64")
    return keys


def signature(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """Sign with each key; `timestamp` is in seconds since the epoch."""
    content = f"{message_id}.{timestamp}.".encode() + body
    digests = (hmac.digest(key, content, hashlib.sha256) for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def _key(word: str) -> bytes:
    try:
        key = base64.b64decode(word.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise BadSecret(
            "the webhook secret is not base64; store whsec_ and 24 to 64 bytes in base64"
        ) from None
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise BadSecret(
            f"the webhook secret has {len(key)} bytes; "
            f"it must have {SHORTEST_KEY} to {LONGEST_KEY}, in base64"
        )
    return key
