"""Requests and answers of the part that stands before the engine."""

from __future__ import annotations

import http.client
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]

_JSON = (b"content-type", b"application/json")
_HOP = {b"content-length", b"connection", b"transfer-encoding"}
_FETCH_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request, read to its end."""

    method: str
    path: str
    query: bytes
    headers: Headers
    body: bytes

    def header(self, name: bytes) -> str:
        """Give a header's value, or an empty text."""
        return next((value.decode() for key, value in self.headers if key == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP response."""

    status: int
    body: bytes = b""
    headers: Headers = (_JSON,)


async def read(scope: Message, receive: Receive) -> Request:
    """Read a request to its end."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return Request(
        method=scope["method"],
        path=path_of(scope),
        query=scope.get("query_string", b""),
        headers=tuple((key.lower(), value) for key, value in scope["headers"]),
        body=body,
    )


async def answer(send: Send, told: Answer) -> None:
    """Send a response."""
    headers = [*told.headers, (b"content-length", str(len(told.body)).encode())]
    await send({"type": "http.response.start", "status": told.status, "headers": headers})
    await send({"type": "http.response.body", "body": told.body})


async def ask(application: Application, scope: Message, request: Request) -> Answer:
    """Let the engine answer a request that was read already."""
    headers = [pair for pair in request.headers if pair[0] not in _HOP]
    headers.append((b"content-length", str(len(request.body)).encode()))
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: Message) -> None:
        said.append(message)

    await application({**scope, "headers": headers}, receive, send)
    start, *rest = said
    return Answer(
        status=start["status"],
        body=b"".join(message.get("body", b"") for message in rest),
        headers=tuple(pair for pair in start["headers"] if pair[0].lower() not in _HOP),
    )


def path_of(scope: Message) -> str:
    """Give the path as it was sent: an ARN has slashes of its own, which are quoted there."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.partition(b"?")[0].decode()


def fetch(origin: str, method: str, path: str, body: str | bytes) -> Answer:
    """Call a server on this machine that speaks plain HTTP."""
    connection = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=_FETCH_SECONDS)
    try:
        connection.request(method, path, body or None, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return Answer(status=response.status, body=response.read())
    finally:
        connection.close()


def fault(code: str, message: str, *, status: int = 400) -> Answer:
    """Give an error as Lambda tells it: with its code in a header."""
    document = {"Type": "User", "Message": message, "message": message}
    return Answer(
        status=status,
        body=json.dumps(document).encode(),
        headers=(_JSON, (b"x-amzn-errortype", code.encode())),
    )
