"""Checks a signature that the engine has checked before for the same key.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
import re
from hashlib import sha256
from typing import NamedTuple, Self
from urllib.parse import quote

from cdk_streamer_local.gateway.request import Request

_AUTHORIZATION = re.compile(
    rb"(AWS4-HMAC-SHA256) Credential=([^/,\s]+)/(\d{8}/[^,\s]+/aws4_request), ?"
    rb"SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})"
)
_NEEDED = {b"host", b"x-amz-date"}
_TOKEN = b"x-amz-security-token"


class Signature(NamedTuple):
    """What a request says about who has signed it; `token` is that of temporary keys."""

    access_key: bytes
    scope: bytes
    token: bytes
    date: bytes
    names: bytes
    digest: bytes

    @classmethod
    def of(cls, request: Request) -> Self | None:
        """Read the signature; None where only the engine can judge."""
        headers = dict(request.headers)
        found = _AUTHORIZATION.fullmatch(headers.get(b"authorization", b""))
        # Rare forms are the engine's: they are canonical only after more work than this.
        if found is None or request.query or len(headers) != len(request.headers):
            return None
        if b"//" in (path := request.path.encode()) or b"/." in path:
            return None
        if b"x-amz-content-sha256" in headers:
            return None
        _, access_key, scope, names, digest = found.groups()
        if not set(names.split(b";")) >= _NEEDED:
            return None
        token, date = headers.get(_TOKEN, b""), headers.get(b"x-amz-date", b"")
        return cls(access_key, scope, token, date, names, digest)

    def is_of(self, request: Request, key: bytes) -> bool:
        """Tell whether the holder of the key has signed this very request."""
        headers = dict(request.headers)
        names = self.names.split(b";")
        lines = [
            request.method.encode(),
            quote(request.path, safe="/~").encode(),  # encoded once more, as for all but S3
            b"",
            *(name + b":" + b" ".join(headers.get(name, b"").split()) for name in names),
            b"",
            self.names,
            sha256(request.body).hexdigest().encode(),
        ]
        text = b"\n".join(
            [
                b"AWS4-HMAC-SHA256",
                self.date,
                self.scope,
                sha256(b"\n".join(lines)).hexdigest().encode(),
            ]
        )
        wanted = hmac.digest(key, text, "sha256").hex().encode()
        return hmac.compare_digest(wanted, self.digest)
