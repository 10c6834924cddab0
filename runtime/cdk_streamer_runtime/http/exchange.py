"""An HTTP request as API Gateway hands it over.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import unquote

from cdk_streamer_runtime.contract import ErrorCode
from cdk_streamer_runtime.errors import Rejection
from cdk_streamer_runtime.exchange import body_of


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request. Header names are in lower case, `query` is as it stood in the URL."""

    route: str
    path: Mapping[str, str]
    query: str
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """Read an event of payload format 2.0."""
        headers: Mapping[str, str] = event.get("headers") or {}
        parameters: Mapping[str, str] = event.get("pathParameters") or {}
        return cls(
            route=event["routeKey"],
            path={name: unquote(value) for name, value in parameters.items()},
            query=event.get("rawQueryString") or "",
            headers={name.lower(): value for name, value in headers.items()},
            body=body_of(event),
        )

    @property
    def text(self) -> str:
        """The body as text; raises Rejection for what is not UTF-8."""
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            raise Rejection(ErrorCode.VALIDATION_ERROR, "the body is not UTF-8") from None
