"""The address of a caller's own server, as far as its text alone can be judged.

Whether its name leads to an address that may be called is known only when it is called.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from cdk_streamer_runtime.contract import ErrorCode
from cdk_streamer_runtime.errors import Rejection

LONGEST_URL = 2_048
HTTPS_PORT = 443

# RFC 3986 has no others, and one that is not there could mean a line or a host of its own.
_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")
# A name and no address, in whatever notation: its last label begins with a letter.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$)(?:{_LABEL}\.)+(?=[a-z]){_LABEL}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookHosts:
    """Whose servers may be told of ends. `*.example.com` stands for all names below it."""

    patterns: tuple[str, ...] = ()

    @classmethod
    def from_text(cls, text: str | None) -> Self:
        """Read comma separated patterns; None: every host."""
        words = (word.strip().lower() for word in (text or "").split(","))
        return cls(patterns=tuple(word for word in words if word))

    def check(self, url: str) -> None:
        """Let an address pass that a webhook can have; raises Rejection that says what is wrong."""
        fault = _fault(url) or self._fault_of_host(urlsplit(url).hostname or "")
        if fault:
            raise Rejection(ErrorCode.VALIDATION_ERROR, f"webhook {fault}")

    def _fault_of_host(self, host: str) -> str | None:
        if not self.patterns or any(_fits(host, pattern) for pattern in self.patterns):
            return None
        return "is on a host that this API does not call"


def _fits(host: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:])
    return host == pattern


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
    if port not in {None, HTTPS_PORT} or parts.netloc.endswith(":"):
        return f"must be on port {HTTPS_PORT}"
    if "@" in parts.netloc:
        return "must not carry a user or password"
    if not _HOST.fullmatch(parts.hostname) or "[" in parts.netloc:
        return "must be on a host with a name, not an address"
    return None
