"""An HTTP request as API Gateway hands it over, and the response as it takes it back.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import unquote

from cdk_streamer_runtime.contract import ErrorCode
from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.errors import Rejection

JSON = "application/json"


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
        text: str = event.get("body") or ""
        headers: Mapping[str, str] = event.get("headers") or {}
        parameters: Mapping[str, str] = event.get("pathParameters") or {}
        return cls(
            route=event["routeKey"],
            path={name: unquote(value) for name, value in parameters.items()},
            query=event.get("rawQueryString") or "",
            headers={name.lower(): value for name, value in headers.items()},
            body=b64decode(text) if event.get("isBase64Encoded") else _encoded(text),
        )

    @property
    def text(self) -> str:
        """The body as text; raises Rejection for what is not UTF-8."""
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            raise Rejection(ErrorCode.VALIDATION_ERROR, "the body is not UTF-8") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """One response with a JSON document."""

    status: int
    document: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content_type: str = JSON

    def to_event(self) -> dict[str, Any]:
        """Write what API Gateway expects; raises TypeError, ValueError for what JSON lacks."""
        return {
            "statusCode": self.status,
            # What a caller may read, no cache on the way may keep.
            "headers": {
                "content-type": self.content_type,
                "cache-control": "no-store",
                **self.headers,
            },
            "body": encode(self.document),
        }


def _encoded(text: str) -> bytes:
    # Half a surrogate pair is no text; as bytes it is refused with all else that is not UTF-8.
    return text.encode("utf-8", "surrogatepass")
