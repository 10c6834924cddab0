"""Checks a signature that the engine has checked before for the same key.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple, Self
from urllib.parse import quote

from cdk_streamer_local.gateway.request import Request

_AUTHORIZATION = re.compile(
    rb"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8}/[^,\s]+/aws4_request), ?"
    rb"SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})"
)


class Signature(NamedTuple):
    """What a request says about who has signed it; `token` is that of temporary keys."""

    access_key: bytes
    scope: bytes
    token: bytes
    date: bytes
    names: bytes
    digest: bytes
    headers: Mapping[bytes, bytes]

    @classmethod
    def of(cls, request: Request) -> Self | None:
        """Read the signature; None where only the engine can judge."""
        headers = dict(request.headers)
        found = _AUTHORIZATION.fullmatch(headers.get(b"authorization", b""))
        # Rare forms are the engine's: they are canonical only after more work than this.
        if (
            found is None
            or request.query
            or len(headers) != len(request.headers)
            or b"x-amz-content-sha256" in headers
            or "//" in request.path
            or "/." in request.path
        ):
            return None
        access_key, scope, names, digest = found.groups()
        if b"x-amz-date" not in (signed := names.split(b";")) or b"host" not in signed:
            return None
        token, date = headers.get(b"x-amz-security-token", b""), headers.get(b"x-amz-date", b"")
        return cls(access_key, scope, token, date, names, digest, headers)

    def is_of(self, request: Request, key: bytes) -> bool:
        """Tell whether the holder of the key has signed this very request."""
        value = self.headers.get
        lines = [
            name + b":" + b" ".join(value(name, b"").split()) for name in self.names.split(b";")
        ]
        canonical = b"%s\n%s\n\n%s\n\n%s\n%s" % (
            request.method.encode(),
            _encoded_again(request.path),
            b"\n".join(lines),
            self.names,
            sha256(request.body).hexdigest().encode(),
        )
        text = b"AWS4-HMAC-SHA256\n%s\n%s\n%s" % (
            self.date,
            self.scope,
            sha256(canonical).hexdigest().encode(),
        )
        wanted = hmac.digest(key, text, "sha256").hex().encode()
        return hmac.compare_digest(wanted, self.digest)


@lru_cache(maxsize=1024)
def _encoded_again(path: str) -> bytes:
    return quote(path, safe="/~").encode()  # as for all services but S3
