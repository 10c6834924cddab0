"""Compression: the whole of an event as a marker object that says what it is.

A text is never taken for compressed, whatever it begins with.
"""

from __future__ import annotations

import zlib
from binascii import Error, a2b_base64, b2a_base64
from typing import Any, TypeGuard

from cdk_streamer_runtime.streams.json_text import Json, Malformed

COMPRESSED = "compressed"
CODEC = "gzip"
_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 6


class NotInflatable(Malformed):
    """A marker whose data is not what it says. It shows no content."""


def compressed(body: bytes) -> dict[str, Any]:
    """Give the marker of a content: the same for the same."""
    press = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    data = press.compress(body) + press.flush()
    return {
        "codec": CODEC,
        "size": len(body),
        "data": b2a_base64(data, newline=False).decode(),
    }


def is_marker(value: Json) -> TypeGuard[dict[str, Any]]:
    """Tell whether a member is a marker; an entity may well be called the same."""
    return type(value) is dict and value.keys() == {"codec", "size", "data"}


def declared_size(marker: dict[str, Any]) -> int:
    """Give what the content takes when it is inflated; raises NotInflatable for no size."""
    size = marker["size"]
    if type(size) is not int or size < 1:
        raise NotInflatable("`size` of what is compressed must be a whole number over 0")
    return size


def inflated(marker: dict[str, Any], largest: int) -> bytes:
    """Give the content; raises NotInflatable as soon as it is larger than it says or may be."""
    size, codec, data = declared_size(marker), marker["codec"], marker["data"]
    if codec != CODEC:
        raise NotInflatable(f"the codec of what is compressed is unknown; known is {CODEC!r}")
    if size > largest:
        raise NotInflatable(f"what is compressed takes {size:,} bytes; the limit is {largest:,}")
    if type(data) is not str:
        raise NotInflatable("`data` of what is compressed must be base64 text")
    inflate = zlib.decompressobj(_GZIP)
    try:
        # One byte more than it says, and no more than that is ever held.
        body = inflate.decompress(a2b_base64(data, strict_mode=True), size + 1)
    except (Error, ValueError, zlib.error):
        raise NotInflatable("what is compressed is damaged") from None
    if len(body) > size:
        raise NotInflatable(f"what is compressed takes more than the {size:,} bytes that it says")
    # A trailer that is left over or lacks is as telling as a wrong checksum.
    if not inflate.eof or inflate.unused_data or len(body) != size:
        raise NotInflatable("what is compressed is cut off, or is not all that is there")
    return body
