"""The management API of WebSocket APIs: `@connections`, which functions post to.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from cdk_streamer_local.gateway.bridge import EngineGone, Refused
from cdk_streamer_local.gateway.connection import Connection, Posted
from cdk_streamer_local.gateway.connections import Connections
from cdk_streamer_local.gateway.http import FAULT, HttpProtocol
from cdk_streamer_local.gateway.listing import PREFIX, Listing
from cdk_streamer_local.gateway.losses import Losses
from cdk_streamer_local.gateway.request import Answer, Request
from cdk_streamer_local.gateway.throttle import TokenBucket
from cdk_streamer_local.gateway.verdicts import Ask, Place, Verdicts

# Of the account, and of all APIs together.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
REQUESTS_PER_SECOND = 10_000
REQUESTS_AT_ONCE = 5_000
_CLOSED = 1000
_CLOSED_REASON = "Connection Closed Normally"

# The names of the errors are those of the service's model; only the last one has a message there.
# https://docs.aws.amazon.com/apigatewaymanagementapi/latest/reference/API_PostToConnection.html
GONE = Answer(410, error="GoneException")
BUSY = Answer(429, error="LimitExceededException")
FORBIDDEN = Answer.json(403, {"message": "Forbidden"}, "ForbiddenException")
TOO_LARGE = Answer.json(
    413, {"message": "The data has exceeded the maximum size allowed"}, "PayloadTooLargeException"
)
# An encoded surrogate, which UTF-8 forbids, becomes one character there and three in Python.
_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]?")
_REPLACEMENT = "\ufffd".encode()
_DONE = Answer(200)
_ENDED = Answer(204)
_OF_POST = {Posted.TAKEN: _DONE, Posted.FULL: BUSY, Posted.GONE: GONE}


class Call(NamedTuple):
    """A request about one connection."""

    place: Place
    connection: str

    @staticmethod
    @lru_cache(maxsize=1024)
    def of(path: str) -> Call | None:
        """Read the path, `/_aws/execute-api/<api>/<stage>/@connections/<id>`."""
        match unquote(path).split("/"):
            case ["", "_aws", "execute-api", api, stage, "@connections", connection]:
                return Call(Place(api, stage), connection)
            case _:
                return None


class Management:
    """Answers management calls; `ask` is the bridge to the engine, which judges them.

    A lost post is accepted like any other. Whoever has the secret may use the gateway's own list.
    """

    def __init__(
        self,
        connections: Connections,
        ask: Ask,
        *,
        losses: Losses,
        secret: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connections = connections
        self._losses = losses
        self._clock = clock
        self._verdicts = Verdicts(ask, clock=clock)
        self._listing = Listing(connections, secret)
        now = clock()
        self._bucket = TokenBucket(rate=REQUESTS_PER_SECOND, burst=REQUESTS_AT_ONCE, now=now)

    def protocol(self) -> asyncio.Protocol:
        """Give what serves one client's connection."""
        return HttpProtocol(self.handle)

    def handle(self, request: Request) -> Answer | Awaitable[Answer]:
        """Answer at once, unless the engine has to be asked whether the caller may do this."""
        if request.path.startswith(PREFIX):
            return self._listing.handle(request)
        call = Call.of(request.path)
        if call is None:
            return FORBIDDEN
        if not self._bucket.take(self._clock()):
            return BUSY
        if request.is_too_large:  # so its signature cannot be checked any more
            return TOO_LARGE
        if self._verdicts.allows(request, call.place):
            return self._perform(request, call)
        return self._judged(request, call)

    async def _judged(self, request: Request, call: Call) -> Answer:
        try:
            refusal = await self._verdicts.refusal(request, call.place)
        except (EngineGone, Refused):
            return FAULT
        return self._perform(request, call) if refusal is None else refusal

    def _perform(self, request: Request, call: Call) -> Answer:
        connection = self._connections.find(call.connection)
        if connection is None or (connection.api_id, connection.stage) != call.place:
            return GONE
        if request.method == "POST":
            return self._post(connection, request.body)
        if not connection.is_open:
            return GONE
        match request.method:
            case "GET":
                return _described(connection)
            case "DELETE":
                connection.close(_CLOSED, _CLOSED_REASON)
                return _ENDED
            case _:
                return FORBIDDEN

    def _post(self, connection: Connection, body: bytes) -> Answer:
        if self._losses.post(connection.id):
            return _DONE if connection.is_open else GONE
        return _OF_POST[connection.post(text_of(body))]


def _described(connection: Connection) -> Answer:
    return Answer.json(
        200,
        {
            "connectedAt": _moment(connection.connected_at),
            "identity": {
                "sourceIp": connection.source_ip,
                "userAgent": connection.user_agent,
            },
            "lastActiveAt": _moment(connection.last_active_at),
        },
    )


def _moment(seconds: float) -> str:
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def text_of(body: bytes) -> str:
    """Read what was posted; bytes that are no UTF-8 are replaced, as API Gateway does."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return _SURROGATE.sub(_REPLACEMENT, body).decode(errors="replace")
