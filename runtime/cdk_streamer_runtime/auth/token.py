"""The form of a token, read strictly and before any key is looked at.

Libraries forgive: padding, spare bits, a member twice, headers that they do not know. Each of
these lets two readers see two tokens in one text, so all of them are refused here. Only the
compact form of RFC 7515, section 3.1, is a token.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cdk_streamer_runtime.auth import base64url, json_object
from cdk_streamer_runtime.auth.denial import Denied, Reason
from cdk_streamer_runtime.contract import TOKEN_BYTES

# The rest of TOKEN_BYTES is for the claims.
HEADER_BYTES = 1024
SIGNATURE_BYTES = 1024  # RSA with 8,192 bits
KEY_ID_LENGTH = 256

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)

# An allow-list: jku, x5u, x5c and jwk let the token choose its key; crit, b64 and zip its meaning.
_HEADER_MEMBERS = frozenset({"alg", "kid", "typ"})

# RFC 7515, section 4.1.9, and RFC 9068, section 4: media types, so any case, prefix or not.
_TYPES = frozenset({"jwt", "at+jwt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token of the right form. Nothing that it says is proven until its signature is."""

    algorithm: str
    key_id: str | None
    claims: Mapping[str, object] = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Token:
        """Read a token; raises Denied for any other text."""
        if len(text) > TOKEN_BYTES:
            raise Denied(Reason.SIZE)
        segments = _COMPACT.fullmatch(text)
        if segments is None:
            raise Denied(Reason.FORM)
        header, claims, signature = (_decode(segment) for segment in segments.groups())
        if len(header) > HEADER_BYTES or len(signature) > SIGNATURE_BYTES:
            raise Denied(Reason.SIZE)
        algorithm, key_id = _header(header)
        return cls(
            algorithm=algorithm,
            key_id=key_id,
            claims=_object(claims, Reason.CLAIMS),
            signed=text.rpartition(".")[0].encode("ascii"),
            signature=signature,
        )


def _decode(segment: str) -> bytes:
    try:
        return base64url.decode(segment)
    except ValueError:
        raise Denied(Reason.FORM) from None


def _object(data: bytes, reason: Reason) -> Mapping[str, object]:
    try:
        return json_object.read(data)
    except ValueError:
        raise Denied(reason) from None


def _header(data: bytes) -> tuple[str, str | None]:
    members = _object(data, Reason.HEADER)
    if not members.keys() <= _HEADER_MEMBERS:
        raise Denied(Reason.HEADER)
    type_ = members.get("typ", "JWT")
    if not isinstance(type_, str) or type_.lower().removeprefix("application/") not in _TYPES:
        raise Denied(Reason.TYPE)
    algorithm = members.get("alg")
    if not isinstance(algorithm, str):
        raise Denied(Reason.ALGORITHM)
    if "kid" not in members:
        return algorithm, None
    key_id = members["kid"]
    if not isinstance(key_id, str) or not 0 < len(key_id) <= KEY_ID_LENGTH:
        raise Denied(Reason.HEADER)
    return algorithm, key_id
