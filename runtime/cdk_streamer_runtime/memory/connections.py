"""API Gateway's `@connections` in memory: who is connected, and what was posted."""

from __future__ import annotations

from collections import defaultdict
from urllib.parse import unquote, urlsplit

from cdk_streamer_runtime.error_codes import aws_error

POST_BYTES = 128 * 1024
_OPERATIONS = {
    "POST": "PostToConnection",
    "GET": "GetConnection",
    "DELETE": "DeleteConnection",
}


class MemoryConnections:
    """WebSocket connections by id. A connection that was not opened is gone."""

    def __init__(self) -> None:
        self._open: set[str] = set()
        self._refusals: dict[str, int] = {}
        self._forbidden: set[str] = set()
        self._messages: dict[str, list[bytes]] = defaultdict(list)

    def open(self, connection_id: str) -> None:
        """Connect: posts are accepted from now on."""
        self._open.add(connection_id)

    def close(self, connection_id: str) -> None:
        """Disconnect: posts are answered 410 from now on."""
        self._open.discard(connection_id)

    def throttle(self, connection_id: str, posts: int = 1) -> None:
        """Answer the next posts with 429."""
        self._refusals[connection_id] = posts

    def forbid(self, connection_id: str) -> None:
        """Answer all posts with 403, as when the role lacks the permission."""
        self._forbidden.add(connection_id)

    def is_open(self, connection_id: str) -> bool:
        """Tell whether posts are accepted."""
        return connection_id in self._open

    def messages(self, connection_id: str) -> list[bytes]:
        """Give all that was posted to a connection, in order, also after it closed."""
        return list(self._messages[connection_id])

    def rest(self, method: str, url: str, body: bytes) -> bytes:
        """Answer a request to `<endpoint>/@connections/<id>`; raises AwsError."""
        path = urlsplit(url).path
        if "/@connections/" not in path:
            raise NotImplementedError(
                f"{url!r} is no @connections address; MemoryAws knows no other"
            )
        connection_id = unquote(path.rpartition("/")[2])
        operation = _OPERATIONS[method]
        if connection_id in self._forbidden:
            raise aws_error("ForbiddenException", "Forbidden", 403, operation)
        if connection_id not in self._open:
            raise aws_error("GoneException", "", 410, operation)
        if method == "DELETE":
            self.close(connection_id)
            return b""
        if method == "POST":
            self._accept(connection_id, body, operation)
        return b""

    def _accept(self, connection_id: str, body: bytes, operation: str) -> None:
        if len(body) > POST_BYTES:
            raise aws_error("PayloadTooLargeException", "message too long", 413, operation)
        if self._refusals.get(connection_id, 0) > 0:
            self._refusals[connection_id] -= 1
            raise aws_error("LimitExceededException", "Too Many Requests", 429, operation)
        self._messages[connection_id].append(body)
