"""Reads just enough of a PEM public key to refuse a wrong one before it is deployed.

By hand, since synth has no cryptography library; the authorizer checks the key again with one.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

RSA_BITS = 2048

_PEM = re.compile(r"\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*")
_SEQUENCE, _INTEGER, _BIT_STRING, _OBJECT_ID = 0x30, 0x02, 0x03, 0x06

# Object identifiers in DER: RFC 3279, RFC 5480, RFC 8410
_RSA = bytes.fromhex("2a864886f70d010101")
_EC = bytes.fromhex("2a8648ce3d0201")
_ED25519 = bytes.fromhex("2b6570")
_CURVES = {
    bytes.fromhex("2a8648ce3d030107"): "ES256",
    bytes.fromhex("2b81040022"): "ES384",
    bytes.fromhex("2b81040023"): "ES512",
}
_RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")


def algorithms_of(pem: str) -> tuple[str, ...]:
    """Give the signature algorithms of a public key; raises ValueError for an unfit one."""
    if "PRIVATE KEY" in pem:
        raise ValueError(
            "public_key is a private key: never put one here, replace it at the issuer, and take "
            "its public half with: openssl pkey -in key.pem -pubout"
        )
    if "CERTIFICATE" in pem:
        raise ValueError(
            "public_key is a certificate; take its key with: openssl x509 -in file -pubkey -noout"
        )
    found = _PEM.fullmatch(pem)
    if not found:
        raise ValueError(
            "public_key must be a PEM that starts with -----BEGIN PUBLIC KEY-----; "
            "a shared secret cannot be used, since who checks a token could also make one"
        )
    try:
        return _algorithms(base64.b64decode("".join(found[1].split()), validate=True))
    except (binascii.Error, IndexError, _Malformed):
        raise ValueError("public_key is damaged; copy the whole PEM again") from None


class _Malformed(Exception):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class _Element:
    tag: int
    content: bytes

    def children(self) -> Iterator[_Element]:
        at = 0
        while at < len(self.content):
            element, at = _read(self.content, at)
            yield element


def _algorithms(der: bytes) -> tuple[str, ...]:
    algorithm, key = _parts(_read(der, 0)[0], _SEQUENCE, _SEQUENCE, _BIT_STRING)
    kind, *parameters = algorithm.children()
    if kind.content == _ED25519:
        return ("EdDSA",)
    if kind.content == _EC:
        curve = next((each.content for each in parameters), b"")
        if curve in _CURVES:
            return (_CURVES[curve],)
    if kind.content == _RSA:
        modulus, _ = _parts(_read(key.content, 1)[0], _SEQUENCE, _INTEGER, _INTEGER)
        bits = int.from_bytes(modulus.content, "big").bit_length()
        if bits < RSA_BITS:
            raise ValueError(f"public_key must have at least {RSA_BITS} bits, got {bits}")
        return _RSA_ALGORITHMS
    raise ValueError("public_key must be RSA, P-256, P-384, P-521 or Ed25519; make such a key")


def _parts(element: _Element, tag: int, *tags: int) -> tuple[_Element, ...]:
    parts = tuple(element.children())
    if element.tag != tag or tuple(part.tag for part in parts) != tags:
        raise _Malformed
    return parts


def _read(der: bytes, at: int) -> tuple[_Element, int]:
    tag, length, at = der[at], der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, at = int.from_bytes(der[at : at + size], "big"), at + size
    end = at + length
    if end > len(der):
        raise _Malformed
    return _Element(tag=tag, content=der[at:end]), end
