"""HTTP in memory: events as API Gateway makes them of requests, and what a caller gets back."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from cdk_streamer_runtime.contract import AuthorizerContext, HttpRoute
from cdk_streamer_runtime.documents import decode, encode
from cdk_streamer_runtime.sockets.connections import Caller

UNKNOWN = "$default"
_ROUTES = {route: re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route)) for route in HttpRoute}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What a caller gets: header names in lower case, `document` is the JSON of the body."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def document(self) -> Any:  # noqa: ANN401 - JSON is any of six types
        """The body, read as JSON."""
        return decode(self.body)

    @classmethod
    def from_event(cls, answer: Mapping[str, Any]) -> HttpAnswer:
        """Read what the function gave back."""
        return cls(
            status=answer["statusCode"],
            headers={name.lower(): value for name, value in answer["headers"].items()},
            body=answer["body"],
        )


def http_event(
    caller: Caller,
    method: str,
    path: str,
    *,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, object] | str | None = None,
) -> dict[str, Any]:
    """Make an event of payload format 2.0.

    A `body` of str or bytes is sent as it is, anything else as JSON with its content-type.
    """
    given = {name.lower(): value for name, value in (headers or {}).items()}
    raw = isinstance(body, str | bytes)
    if body is not None and not raw:
        given = {"content-type": "application/json", **given}
        body = encode(body)
    route, parameters = _route(method, path)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": query if isinstance(query, str) else urlencode(query or {}),
        "headers": given,
        "pathParameters": parameters,
        "requestContext": {
            "routeKey": route,
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1"},
            "authorizer": {"lambda": _context(caller)},
        },
        "isBase64Encoded": isinstance(body, bytes),
    }
    if body is not None:
        event["body"] = b64encode(body).decode() if isinstance(body, bytes) else body
    return event


def path_of(request_id: str) -> str:
    """Give the path of a request."""
    return f"/requests/{quote(request_id, safe='')}"


def _route(method: str, path: str) -> tuple[str, dict[str, str]]:
    for route, pattern in _ROUTES.items():
        found = pattern.fullmatch(f"{method} {path}")
        if found:
            return route.value, found.groupdict()
    return UNKNOWN, {}


def _context(caller: Caller) -> dict[str, str]:
    return {
        AuthorizerContext.TENANT.value: caller.tenant,
        AuthorizerContext.OWNER.value: caller.owner,
        AuthorizerContext.EXPIRES.value: str(caller.expires),
        AuthorizerContext.SCOPES.value: " ".join(sorted(caller.scopes)),
    }
