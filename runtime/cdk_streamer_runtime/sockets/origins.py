"""Which pages may open a connection from a browser.

CORS does not hold for WebSockets: a browser lets any page connect, and tells from where it comes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ANY = "*"

# RFC 6454, section 6.2; browsers write a host's name in ASCII and in lower case.
_ORIGIN = re.compile(
    r"([a-z][a-z0-9+.-]*)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.ASCII
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """The origins whose pages may connect; None: all may."""

    allowed: frozenset[str] | None

    @classmethod
    def from_text(cls, text: str | None) -> Origins:
        """Read a comma separated list; raises ValueError for what no browser would send."""
        names = [] if text is None else [name.strip() for name in text.split(",")]
        if text is None or ANY in names:
            return cls(allowed=None)
        allowed = {name: canonical(name) for name in names}
        if None in allowed.values():
            wrong = [name for name, origin in allowed.items() if origin is None]
            raise ValueError(f"origins must be like https://app.example.com, got {wrong!r}")
        return cls(allowed=frozenset(origin for origin in allowed.values() if origin))

    def admit(self, event: Mapping[str, Any]) -> bool:
        """Tell whether a `$connect` may go on; one without an origin is no browser's."""
        if self.allowed is None:
            return True
        origins = list(_origins(event))
        return not origins or (len(origins) == 1 and canonical(origins[0]) in self.allowed)


def canonical(origin: str) -> str | None:
    """Give the one text for a scheme, host and port; None for no origin, `null` among them."""
    match = _ORIGIN.fullmatch(origin.lower())
    if match is None:
        return None
    scheme, host, port = match.groups()
    if port is None or int(port) == _DEFAULT_PORTS.get(scheme):
        return f"{scheme}://{host}"
    return f"{scheme}://{host}:{int(port)}"


def _origins(event: Mapping[str, Any]) -> Iterable[str]:
    single: Mapping[str, str] = event.get("headers") or {}
    listed: Mapping[str, list[str]] = event.get("multiValueHeaders") or {
        name: [value] for name, value in single.items()
    }
    for name, values in listed.items():
        if name.lower() == "origin":
            yield from values
