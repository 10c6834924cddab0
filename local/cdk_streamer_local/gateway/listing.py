"""The gateway's own list of connections, for the console: not of API Gateway.

GET    /_cdk-streamer/connections?limit=N
DELETE /_cdk-streamer/connections/{id}
"""

from __future__ import annotations

import hmac
import itertools
from urllib.parse import parse_qs, unquote

from cdk_streamer_local.gateway.connection import Connection
from cdk_streamer_local.gateway.connections import Connections
from cdk_streamer_local.gateway.request import Answer, Request

PREFIX = "/_cdk-streamer/"
PATH = f"{PREFIX}connections"
SECRET = b"x-cdk-streamer-secret"
_LIMIT = 500  # by default: to write thousands takes long, and holds up everybody
_CLOSED = 1000
_CLOSED_REASON = "Closed by the console"
_FORBIDDEN = Answer.json(403, {"message": "Forbidden"})
_UNKNOWN = Answer.json(404, {"message": "Not Found"})


class Listing:
    """What is connected; for those who know the run's secret."""

    def __init__(self, connections: Connections, secret: str) -> None:
        self._connections = connections
        self._secret = secret.encode()

    def handle(self, request: Request) -> Answer:
        """Answer a request about all connections, or about one."""
        if not hmac.compare_digest(request.header(SECRET) or b"", self._secret):
            return _FORBIDDEN
        path, _, name = request.path.partition(f"{PATH}/")
        match request.method:
            case "GET" if path == PATH:
                return self._list(request.query)
            case "DELETE" if not path:
                return self._close(unquote(name))
            case _:
                return _UNKNOWN

    def _list(self, query: str) -> Answer:
        asked = parse_qs(query).get("limit", [""])[0]
        limit = int(asked) if asked.isdecimal() else _LIMIT
        shown = [_row(each) for each in itertools.islice(self._connections, limit)]
        return Answer.json(200, {"total": len(self._connections), "connections": shown})

    def _close(self, name: str) -> Answer:
        connection = self._connections.find(name)
        if connection is None:
            return _UNKNOWN
        connection.close(_CLOSED, _CLOSED_REASON)
        return Answer(204)


def _row(connection: Connection) -> dict[str, object]:
    return {
        "id": connection.id,
        "api": connection.api_id,
        "stage": connection.stage,
        "connected_at": connection.connected_at,
        "last_active_at": connection.last_active_at,
        "source_ip": connection.source_ip,
        "user_agent": connection.user_agent,
        "authorizer": connection.authorizer,
        "received": connection.received,
        "sent": connection.sent,
        "buffered": connection.buffered,
    }
