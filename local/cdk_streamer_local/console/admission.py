"""Who may ask: the page itself, and no other that the browser has open.

A page of any site can send requests to loopback, and by a name that resolves to it even read the
answers. So the name must be loopback's own, and whatever changes something carries a word that only
our page was told.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

SECRET_HEADER = "X-Console-Secret"  # noqa: S105 - its name
_NAMES = frozenset({"127.0.0.1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The rules of one console, which listens on `port`."""

    port: int
    secret: str = field(repr=False)

    def refusal(self, headers: Mapping[str, str], *, changes: bool) -> str | None:
        """Say why a request is not answered; None: it may be."""
        if headers.get("Host", "") not in self._hosts:
            return f"open http://127.0.0.1:{self.port}: the console answers to no other name"
        origin = headers.get("Origin")
        if origin is not None and origin not in {f"http://{host}" for host in self._hosts}:
            return "the console answers to its own page alone"
        # A request of another page that needs no answer, as for a picture, has no Origin.
        # https://www.w3.org/TR/fetch-metadata/
        site = headers.get("Sec-Fetch-Site", "none")
        if site not in {"same-origin", "none"} and headers.get("Sec-Fetch-Mode") != "navigate":
            return "the console answers to its own page alone"
        if changes and not self._knows(headers.get(SECRET_HEADER, "")):
            return "the page is of an earlier run: reload it"
        return None

    def _knows(self, word: str) -> bool:
        return secrets.compare_digest(word.encode(), self.secret.encode())

    @property
    def _hosts(self) -> frozenset[str]:
        return frozenset(f"{name}:{self.port}" for name in _NAMES)
