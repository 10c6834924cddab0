"""The address of a caller's own server, as far as its text alone can be judged.

Whether its name leads to an address that may be called is known only when it is called.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from cdk_streamer_runtime.contract import ErrorCode
from cdk_streamer_runtime.errors import Rejection

LONGEST_URL = 2_048
HTTPS_PORT = 443

# RFC 3986 has no others, and one that is not there could mean a line or a host of its own.
_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")


def check_webhook_url(url: str) -> None:
    """Let an address pass that a webhook can have; raises Rejection that says what is wrong."""
    fault = _fault(url)
    if fault:
        raise Rejection(ErrorCode.VALIDATION_ERROR, f"webhook {fault}")


def _fault(url: str) -> str | None:
    if not _CHARACTERS.fullmatch(url) or len(url) > LONGEST_URL:
        return f"must be a URL of at most {LONGEST_URL} characters, without a fragment"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "must be a URL"
    if parts.scheme.lower() != "https" or not parts.hostname:
        return "must begin with https:// and a host"
    if port not in {None, HTTPS_PORT}:
        return f"must be on port {HTTPS_PORT}"
    if "@" in parts.netloc:
        return "must not carry a user or password"
    return None
