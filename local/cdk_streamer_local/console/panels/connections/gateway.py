"""The gateway's own list of connections, asked over loopback."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

from cdk_streamer_local.console.panel import Unknown
from cdk_streamer_local.gateway.listing import PATH, SECRET
from cdk_streamer_local.gateway.process import Gateway

SHOWN = 500
_SECONDS = 5
_OK = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """An open connection. Times are seconds since the epoch, `buffered` bytes."""

    id: str
    api: str
    stage: str
    connected_at: float
    last_active_at: float
    source_ip: str
    user_agent: str
    authorizer: Mapping[str, Any]
    received: int
    sent: int
    buffered: int

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        """Read one of the gateway's rows."""
        return cls(
            id=row["id"],
            api=row["api"],
            stage=row["stage"],
            connected_at=row["connected_at"],
            last_active_at=row["last_active_at"],
            source_ip=row["source_ip"],
            user_agent=row["user_agent"],
            authorizer=row["authorizer"] or {},
            received=row["received"],
            sent=row["sent"],
            buffered=row["buffered"],
        )


def opened(gateway: Gateway) -> tuple[int, Sequence[Open]]:
    """Give how many are open, and some of them."""
    answer = json.loads(_asked(gateway, "GET", f"{PATH}?limit={SHOWN}"))
    return answer["total"], [Open.read(row) for row in answer["connections"]]


def close(gateway: Gateway, id: str) -> None:
    """End a connection; raises Unknown."""
    _asked(gateway, "DELETE", f"{PATH}/{quote(id, safe='')}")


def _asked(gateway: Gateway, method: str, path: str) -> bytes:
    host, _, port = gateway.authority.partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=_SECONDS)
    try:
        connection.request(method, path, headers={SECRET.decode(): gateway.secret})
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status not in _OK:
        raise Unknown(f"the gateway answered {answer.status}: it is gone, or was never there")
    return body
