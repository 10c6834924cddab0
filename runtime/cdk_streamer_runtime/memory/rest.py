"""REST APIs in memory: events of payload format 1.0 as API Gateway makes them of requests."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs


class RestRoutes:
    """The routes of a REST API, of which each is a method and a resource."""

    def __init__(self, routes: Iterable[str]) -> None:
        """Take routes such as `GET /things/{id}`."""
        resources = {route.partition(" ")[2] for route in routes}
        self._patterns = {
            resource: re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", resource))
            for resource in resources
        }
        self._routes = frozenset(routes)

    def event(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> dict[str, Any] | None:
        """Make an event of a request; None when no route is for it."""
        path, _, query = target.partition("?")
        for resource, pattern in self._patterns.items():
            found = pattern.fullmatch(path)
            if found and f"{method} {resource}" in self._routes:
                return _event(method, path, resource, found.groupdict(), query, headers, body)
        return None


def _event(  # noqa: PLR0917 - the parts of a request, in their order
    method: str,
    path: str,
    resource: str,
    parameters: dict[str, str],
    query: str,
    headers: Mapping[str, str],
    body: bytes,
) -> dict[str, Any]:
    asked = parse_qs(query, keep_blank_values=True)
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": dict(headers),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in asked.items()} or None,
        "multiValueQueryStringParameters": asked or None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": {"resourcePath": resource, "httpMethod": method},
        "body": b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }
