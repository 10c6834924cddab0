"""What all functions behind API Gateway share: bodies as they come, responses as they go."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cdk_streamer_runtime.documents import encode

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"

_JSON_TYPE = re.compile(r"application/(?:[a-z0-9.!#$&^_-]+\+)?json", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """One response with a JSON document, or with nothing."""

    status: int
    document: Mapping[str, Any] | None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content_type: str = JSON

    def to_event(self) -> dict[str, Any]:
        """Write what API Gateway expects; raises TypeError, ValueError for what JSON lacks."""
        content = {} if self.document is None else {"content-type": self.content_type}
        return {
            "statusCode": self.status,
            # What a caller may read, no cache on the way may keep.
            "headers": {**content, "cache-control": "no-store", **self.headers},
            "body": "" if self.document is None else encode(self.document),
        }


def body_of(event: Mapping[str, Any]) -> bytes:
    """Give the bytes of a request's body; raises ValueError for what is not Base64."""
    text: str = event.get("body") or ""
    if event.get("isBase64Encoded"):
        return b64decode(text, validate=True)
    # Half a surrogate pair is no text; as bytes it is refused with all else that is not UTF-8.
    return text.encode("utf-8", "surrogatepass")


def is_json(content_type: str | None) -> bool:
    """Tell whether a body is said to be JSON in UTF-8."""
    kind, _, parameters = (content_type or "").lower().partition(";")
    charsets = [part.strip() for part in parameters.split(";") if "charset" in part]
    known = {"charset=utf-8", 'charset="utf-8"'}
    return _JSON_TYPE.fullmatch(kind.strip()) is not None and known.issuperset(charsets)
