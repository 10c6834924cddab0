"""Who is connected, and how a connection ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Names and values as they came, in their order: headers, parameters of a query.
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who is at the other end, as the handshake told it."""

    api_id: str
    stage: str
    id: str
    connected_at: float
    source_ip: str
    user_agent: str
    host: str
    authorizer: Mapping[str, Any] | None = None
    identity: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Farewell:
    """How a connection ended, as `$disconnect` tells it."""

    code: int
    reason: str
