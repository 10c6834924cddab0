"""Who is connected: what the authorizer said of a caller, and the item that a connection has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.callers import Caller
from cdk_streamer_runtime.contract import (
    CONNECTION_RETENTION_SECONDS,
    PROTOCOL,
    SUBPROTOCOL_HEADER,
    ItemKind,
)
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.keys import connection_key

__all__ = ["Caller", "Connection", "ConnectionStore", "subprotocol"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An open connection. `connected_at` is in milliseconds since the epoch."""

    id: str
    caller: Caller
    connected_at: int

    def time_left(self, now: int, lifetime: int) -> tuple[str, int]:
        """Tell what ends first, token or the connection's `lifetime`, and in how many seconds."""
        token = self.caller.expires - now // 1000
        age = lifetime - (now - self.connected_at) // 1000
        return ("token", token) if token < age else ("lifetime", age)


def subprotocol(event: Mapping[str, Any]) -> dict[str, str]:
    """Give the header that accepts the subprotocol, if `$connect` offers it.

    A browser drops a connection that offered subprotocols and gets none; the token that came as
    another one must not be echoed.
    """
    headers: Mapping[str, str] = event.get("headers") or {}
    for name, value in headers.items():
        offered = [each.strip() for each in value.split(",")]
        if name.lower() == SUBPROTOCOL_HEADER.lower() and PROTOCOL in offered:
            return {SUBPROTOCOL_HEADER: PROTOCOL}
    return {}


class ConnectionStore:
    """The items of open connections: for operators, and for messages that bring no caller along.

    That is so with AWS_IAM: API Gateway tells who connects, and not who says something later.
    """

    def __init__(self, table: Table) -> None:
        """Take the table."""
        self._table = table

    def add(self, connection: str, caller: Caller, now: int) -> None:
        """Remember a connection for as long as the platform lets one live; `now` in ms."""
        self._table.put(
            {
                **_key(connection),
                "tenant": caller.tenant,
                "owner": caller.owner,
                "expires": caller.expires,
                "scopes": " ".join(sorted(caller.scopes)),
                "connected_at": now,
                "ttl": now // 1000 + CONNECTION_RETENTION_SECONDS,
            }
        )

    def caller_of(self, connection: str) -> Caller | None:
        """Tell who opened a connection; None if it is not known."""
        item = self._table.get(_key(connection))
        return None if item is None else Caller.from_context(item)

    def remove(self, connection: str) -> None:
        """Forget a connection; harmless when it is forgotten."""
        self._table.delete(_key(connection))


def _key(connection: str) -> dict[str, str]:
    return {"pk": connection_key(connection), "sk": ItemKind.CONNECTION}
