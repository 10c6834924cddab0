"""What API Gateway itself says to clients: refused handshakes, frames about messages that failed.

Bodies and headers are those that it is seen to send; there is no page that lists them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from websockets.datastructures import Headers
from websockets.http11 import Response

FORBIDDEN = "Forbidden"
INTERNAL_ERROR = "Internal server error"
TIMED_OUT = "Endpoint request timed out"
TOO_MANY = "Too Many Requests"
UNAUTHORIZED = "Unauthorized"
BAD_REQUEST = "Bad Request"
EXPLICIT_DENY = "User is not authorized to access this resource with an explicit deny"
NO_ALLOW = "User is not authorized to access this resource"

_ERROR_TYPES = {
    HTTPStatus.BAD_REQUEST: "BadRequestException",
    HTTPStatus.UNAUTHORIZED: "UnauthorizedException",
    HTTPStatus.FORBIDDEN: "ForbiddenException",
    HTTPStatus.TOO_MANY_REQUESTS: "LimitExceededException",
    HTTPStatus.INTERNAL_SERVER_ERROR: "AuthorizerConfigurationException",
    HTTPStatus.BAD_GATEWAY: "InternalServerErrorException",
    HTTPStatus.GATEWAY_TIMEOUT: "IntegrationTimeoutException",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a handshake fails; `about` are members beside the message."""

    status: int
    message: str | None
    request_id: str
    about: dict[str, Any] = field(default_factory=dict[str, Any])

    def response(self) -> Response:
        """Give the answer to the handshake."""
        body = json.dumps({"message": self.message, **self.about}).encode()
        headers = Headers(
            [
                ("Date", formatdate(usegmt=True)),
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(body))),
                ("Connection", "close"),
                ("x-amzn-RequestId", self.request_id),
                ("x-amz-apigw-id", self.request_id),
            ]
        )
        kind = _ERROR_TYPES.get(HTTPStatus(self.status)) if _is_known(self.status) else None
        if kind:
            headers["x-amzn-ErrorType"] = kind
        phrase = HTTPStatus(self.status).phrase if _is_known(self.status) else ""
        return Response(self.status, phrase, headers, body)


def refusal(status: int, message: str | None, request_id: str, connection_id: str = "") -> Refusal:
    """Refuse a handshake; one that an API heard of names its connection."""
    about = {"connectionId": connection_id, "requestId": request_id} if connection_id else {}
    return Refusal(status=status, message=message, request_id=request_id, about=about)


def accepted(key: str, subprotocol: str | None) -> Response:
    """Accept a handshake, with the subprotocol that `$connect` answered."""
    headers = Headers(
        [
            ("Date", formatdate(usegmt=True)),
            ("Connection", "upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Accept", key),
        ]
    )
    if subprotocol:
        headers["Sec-WebSocket-Protocol"] = subprotocol
    return Response(HTTPStatus.SWITCHING_PROTOCOLS, "Switching Protocols", headers)


def frame(message: str, connection_id: str, request_id: str) -> str:
    """Tell a client that its message failed."""
    return json.dumps({"message": message, "connectionId": connection_id, "requestId": request_id})


def _is_known(status: int) -> bool:
    return status in HTTPStatus._value2member_map_
