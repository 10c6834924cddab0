"""AWS Signature Version 4, which every request of the client carries.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

ALGORITHM = "AWS4-HMAC-SHA256"
_EMPTY_HASH = sha256(b"").hexdigest()
# What a proxy or the tracing on the way may change or add.
_UNSIGNED = frozenset(
    {
        *("baggage", "connection", "expect", "keep-alive", "proxy-authenticate"),
        *("proxy-authorization", "te", "traceparent", "tracestate", "trailer"),
        *("transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id"),
    }
)
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
_ENCODED = tuple(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in range(256))


class Credentials(NamedTuple):
    """Who signs. `token` belongs to the temporary keys of a role."""

    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"Credentials(access_key={self.access_key!r})"


class Scope(NamedTuple):
    """What a signature is good for. `time` is basic ISO 8601 in UTC, `20251121T093000Z`."""

    service: str
    region: str
    time: str

    @property
    def text(self) -> str:
        """The scope as it stands in the signature."""
        return f"{self.time[:8]}/{self.region}/{self.service}/aws4_request"


def signed(
    credentials: Credentials,
    scope: Scope,
    *,
    method: str,
    path: str,
    query: str = "",
    headers: Mapping[str, str],
    body: bytes,
) -> dict[str, str]:
    """Give the headers to send: those given, the date, the token and the signature.

    `path` and `query` are as they go over the wire, so percent-encoded; `headers` has `host`.
    """
    digest = sha256(body).hexdigest() if body else _EMPTY_HASH
    sent = {**headers, "x-amz-date": scope.time}
    if credentials.token:
        sent["x-amz-security-token"] = credentials.token
    if scope.service == "s3":
        sent["x-amz-content-sha256"] = digest
    names, request = canonical(
        scope.service, method=method, path=path, query=query, headers=sent, digest=digest
    )
    sent["authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key}/{scope.text}, "
        f"SignedHeaders={names}, Signature={_signature(credentials, scope, request)}"
    )
    return sent


def canonical(
    service: str,
    *,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    digest: str,
) -> tuple[str, str]:
    """Give the names of the headers that are signed, and the text whose hash is."""
    canonical_path = (path or "/") if service == "s3" else _canonical_path(path)
    names, lines = _canonical_headers(headers)
    canonical_query = _canonical_query(query) if query else ""
    return names, f"{method}\n{canonical_path}\n{canonical_query}\n{lines}\n{names}\n{digest}"


def presigned(
    credentials: Credentials,
    scope: Scope,
    *,
    method: str,
    path: str,
    query: str = "",
    headers: Mapping[str, str],
    seconds: int,
) -> str:
    """Give the query of an S3 address that anybody may use for `seconds`, whatever the body.

    Who uses it has to send `headers`, which have `host`, as they are.
    """
    from urllib.parse import quote  # it loads half of what the rest does, and few sign addresses

    names, lines = _canonical_headers(headers)
    parameters = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key}/{scope.text}",
        "X-Amz-Date": scope.time,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": names,
    }
    if credentials.token is not None:
        parameters["X-Amz-Security-Token"] = credentials.token
    own = "&".join(f"{name}={quote(value, safe='-._~')}" for name, value in parameters.items())
    sent = f"{query}&{own}" if query else own
    canonical = _canonical_query(sent)
    request = f"{method}\n{path or '/'}\n{canonical}\n{lines}\n{names}\nUNSIGNED-PAYLOAD"
    return f"{sent}&X-Amz-Signature={_signature(credentials, scope, request)}"


def _canonical_headers(headers: Mapping[str, str]) -> tuple[str, str]:
    """Give the names that are signed, and their lines."""
    fields = sorted(
        (name.lower(), " ".join(value.split()))
        for name, value in headers.items()
        if name.lower() not in _UNSIGNED
    )
    names = ";".join([name for name, _ in fields])
    return names, "".join([f"{name}:{value}\n" for name, value in fields])


def _signature(credentials: Credentials, scope: Scope, request: str) -> str:
    subject = f"{ALGORITHM}\n{scope.time}\n{scope.text}\n{sha256(request.encode()).hexdigest()}"
    key = signing_key(credentials.secret_key, scope.time[:8], scope.region, scope.service)
    return hmac.digest(key, subject.encode(), "sha256").hex()


@lru_cache(maxsize=16)
def signing_key(secret_key: str, date: str, region: str, service: str) -> bytes:
    """Give the key of a day, a region and a service."""
    key = f"AWS4{secret_key}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _canonical_path(path: str) -> str:
    """Every service but S3 signs the path without dots and double slashes, encoded once more."""
    if path in {"", "/"}:
        return "/"
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in {"", "."}:
            segments.append(segment)
    end = "/" if segments and path.endswith("/") else ""
    encoded = "".join([_ENCODED[byte] for byte in "/".join(segments).encode()])
    return f"/{encoded}{end}"


def _canonical_query(query: str) -> str:
    pairs = [pair.partition("=") for pair in query.split("&")]
    return "&".join(f"{name}={value}" for name, value in sorted((n, v) for n, _, v in pairs))
