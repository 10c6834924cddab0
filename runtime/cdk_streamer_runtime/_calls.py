"""Calls of JSON services as bytes: of most there is nothing new but the time, body and signature.

What stays the same for calls of one operation is made once, and so is the first half of the HMACs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from json import encoder
from typing import Any, NamedTuple

from cdk_streamer_runtime._http import Target, encoded_request
from cdk_streamer_runtime._services import Service
from cdk_streamer_runtime._sigv4 import ALGORITHM, Credentials, Scope, canonical, signing_key

_BLOCK = 64  # bytes of SHA-256
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_DATE = 8  # characters of a time that are its day
_PLACE = "00000000T000000Z"  # where the time will stand


class _Frame(NamedTuple):
    """What calls of one operation share on one day."""

    head: bytes
    before: str  # of the time, in the canonical request
    after: str
    scope: str
    authorization: str
    inner: Any  # states of SHA-256, to be copied
    outer: Any


def encoded_call(
    credentials: Credentials,
    scope: Scope,
    target: Target,
    service: Service,
    operation: str,
    *,
    body: bytes,
) -> bytes:
    """Give a signed request, as it goes over the wire."""
    time = scope.time
    frame = _frame(credentials, scope.region, time[:_DATE], target, service, operation)
    request = f"{frame.before}{time}{frame.after}{sha256(body).hexdigest()}"
    subject = f"{ALGORITHM}\n{time}\n{frame.scope}\n{sha256(request.encode()).hexdigest()}"
    inner = frame.inner.copy()
    inner.update(subject.encode())
    outer = frame.outer.copy()
    outer.update(inner.digest())
    return b"%sx-amz-date: %s\r\nauthorization: %s%s\r\ncontent-length: %d\r\n\r\n%s" % (
        frame.head,
        time.encode(),
        frame.authorization.encode(),
        outer.hexdigest().encode(),
        len(body),
        body,
    )


@lru_cache(maxsize=64)
def _frame(  # noqa: PLR0917 - what calls differ in, by their place
    credentials: Credentials,
    region: str,
    day: str,
    target: Target,
    service: Service,
    operation: str,
) -> _Frame:
    headers = {
        "host": target.origin.authority,
        "content-type": service.content_type,
        "x-amz-target": f"{service.target}.{operation}",
    }
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    scope = Scope(service=service.signing_name, region=region, time=f"{day}T000000Z")
    names, request = canonical(
        scope.service,
        method="POST",
        path=target.path,
        query=target.query,
        headers={**headers, "x-amz-date": _PLACE},
        digest="",
    )
    before, after = request.split(_PLACE)
    key = signing_key(credentials.secret_key, day, region, service.signing_name)
    padded = key.ljust(_BLOCK, b"\0")
    # With a body of no bytes the head ends with its length, which differs.
    head, _, _ = encoded_request("POST", target.text, headers, b"").partition(b"content-length")
    return _Frame(
        head=head,
        before=before,
        after=after,
        scope=scope.text,
        authorization=(
            f"{ALGORITHM} Credential={credentials.access_key}/{scope.text}, "
            f"SignedHeaders={names}, Signature="
        ),
        inner=sha256(padded.translate(_INNER)),
        outer=sha256(padded.translate(_OUTER)),
    )


# --- parameters ---------------------------------------------------------------------------------


def _encode() -> Callable[[dict[str, Any]], str]:
    plain = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    # Without it, JSONEncoder.encode makes this object anew for each call: half of what it costs.
    make: Any = getattr(encoder, "c_make_encoder", None)
    if make is None:
        return plain.encode
    # No circles are looked for: what has one ends with RecursionError.
    chunks = make(
        *(None, plain.default, encoder.encode_basestring, None),
        *(":", ",", False, False, False),
    )

    def encode(document: dict[str, Any]) -> str:
        return "".join(chunks(document, 0))

    return encode


encode_parameters = _encode()
