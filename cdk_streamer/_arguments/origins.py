"""Pages of which origins may call."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aws_cdk import Token

ANY = "*"

# https://datatracker.ietf.org/doc/html/rfc6454#section-6.2, with plain http for this machine alone
_ORIGIN = re.compile(
    r"(http://(localhost|127\.0\.0\.1)|(?!http:)[a-z][a-z0-9+.-]*://[a-z0-9-]+(\.[a-z0-9-]+)*)"
    r"(:\d{1,5})?"
)


def read_origins(origins: Sequence[str] | None) -> tuple[str, ...]:
    """Check what the user gave; raises ValueError with the remedy."""
    if origins is None:
        return ()
    if isinstance(origins, str):
        raise ValueError(f"cors_origins must be a list, got {origins!r}; use [{origins!r}]")  # noqa: TRY004 - as all bad arguments
    if not origins:
        raise ValueError("cors_origins is empty; name an origin, or leave it out")
    if list(origins) == [ANY]:
        return (ANY,)
    for origin in origins:
        if not Token.is_unresolved(origin) and not _ORIGIN.fullmatch(origin):
            raise ValueError(
                f"cors_origins must be like 'https://app.example.com', got {origin!r}: scheme, "
                "host and port in lower case and nothing after them, or '*' alone; "
                "http is for localhost"
            )
    return tuple(dict.fromkeys(origins))
