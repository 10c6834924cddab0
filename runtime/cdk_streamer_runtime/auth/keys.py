"""Public keys of an issuer, each bound to the algorithms that it may check.

Only here cryptography and PyJWT are used, and both are imported when the first key is read: the
authorizer's asset alone carries them.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, cast

from cdk_streamer_runtime.auth import base64url
from cdk_streamer_runtime.auth.denial import Denied, Reason
from cdk_streamer_runtime.auth.token import KEY_ID_LENGTH, SIGNATURE_BYTES, Token

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurve, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from jwt.algorithms import Algorithm

    Material: TypeAlias = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

_TYPES = "RSA, P-256, P-384, P-521 or Ed25519"

RSA_BITS = range(2048, SIGNATURE_BYTES * 8 + 1)

_RSA_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
# FIPS 186-5, section A.1.1
_RSA_EXPONENTS = range(65_537, 2**256)
# RFC 7518, section 3.4
_CURVE_ALGORITHMS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A key and what it may be used for."""

    key_id: str | None
    algorithms: frozenset[str]
    material: Material = field(repr=False)

    @classmethod
    def from_pem(cls, text: str) -> PublicKey:
        """Read a PEM public key; raises ValueError for anything else, weak keys included."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        try:
            material = load_pem_public_key(text.encode())
        except (ValueError, UnsupportedAlgorithm):
            raise ValueError(
                "public_key is not a PEM public key; it starts with -----BEGIN PUBLIC KEY-----"
            ) from None
        algorithms = _algorithms(material)
        return cls(key_id=None, algorithms=algorithms, material=cast("Material", material))

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> PublicKey:
        """Read a JSON Web Key (RFC 7517); raises ValueError unless it is fit to check tokens."""
        operations = jwk.get("key_ops", ["verify"])
        if jwk.get("use", "sig") != "sig" or not _holds(operations, "verify"):
            raise ValueError("the key is not for signatures")
        if "d" in jwk:
            raise ValueError("the key is private")
        key_id = jwk.get("kid")
        if key_id is not None and not (
            isinstance(key_id, str) and 0 < len(key_id) <= KEY_ID_LENGTH
        ):
            raise ValueError("the key's id is not a short text")
        material = _material(jwk)
        algorithms = _algorithms(material)
        if "alg" in jwk:
            algorithms &= {jwk["alg"]} if isinstance(jwk["alg"], str) else set()
        if not algorithms:
            raise ValueError("the key's algorithm does not fit its type")
        return cls(key_id=key_id, algorithms=algorithms, material=material)

    def verify(self, token: Token) -> None:
        """Check the signature; raises Denied if it was not made with this key's private half."""
        if token.algorithm not in self.algorithms:
            raise Denied(Reason.ALGORITHM)
        verifier = _verifiers()[token.algorithm]
        if not verifier.verify(token.signed, self.material, token.signature):
            raise Denied(Reason.SIGNATURE)


@functools.cache
def _verifiers() -> Mapping[str, Algorithm]:
    from jwt.algorithms import get_default_algorithms

    return get_default_algorithms()


def preload() -> None:
    """Import what checks signatures, while a function still starts and nobody waits."""
    _verifiers()


def _holds(values: object, value: str) -> bool:
    return isinstance(values, list) and value in cast("list[object]", values)


def _algorithms(material: object) -> frozenset[str]:
    """Give the algorithms that a key may check; raises ValueError for weak and foreign keys."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(material, ed25519.Ed25519PublicKey):
        return frozenset({"EdDSA"})
    if isinstance(material, ec.EllipticCurvePublicKey) and material.curve.name in _CURVE_ALGORITHMS:
        return frozenset({_CURVE_ALGORITHMS[material.curve.name]})
    if not isinstance(material, rsa.RSAPublicKey):
        raise ValueError(f"the key is not {_TYPES}")  # noqa: TRY004 - the key is wrong
    numbers = material.public_numbers()
    if material.key_size not in RSA_BITS or numbers.e not in _RSA_EXPONENTS:
        raise ValueError(
            f"an RSA key needs {RSA_BITS[0]} to {RSA_BITS[-1]} bits and an exponent of at least "
            f"{_RSA_EXPONENTS[0]}, got {material.key_size} bits and {numbers.e}"
        )
    if numbers.n % 2 == 0:
        raise ValueError("an RSA key's modulus is the product of two odd primes")
    return _RSA_ALGORITHMS


def _material(jwk: Mapping[str, object]) -> Material:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    match jwk.get("kty"), jwk.get("crv"):
        case "RSA", _:
            return rsa.RSAPublicNumbers(_number(jwk, "e"), _number(jwk, "n")).public_key()
        case "EC", "P-256":
            return _point(jwk, ec.SECP256R1())
        case "EC", "P-384":
            return _point(jwk, ec.SECP384R1())
        case "EC", "P-521":
            return _point(jwk, ec.SECP521R1())
        case "OKP", "Ed25519":
            return ed25519.Ed25519PublicKey.from_public_bytes(_bytes(jwk, "x"))
        case _:
            raise ValueError(f"the key is not {_TYPES}")


def _point(jwk: Mapping[str, object], curve: EllipticCurve) -> EllipticCurvePublicKey:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

    coordinates = _bytes(jwk, "x"), _bytes(jwk, "y")
    # Each of them: together they are checked below, where one may borrow from the other.
    if any(len(coordinate) != (curve.key_size + 7) // 8 for coordinate in coordinates):
        raise ValueError("a coordinate has the wrong length")
    # Refuses a point that is not on the curve.
    return EllipticCurvePublicKey.from_encoded_point(curve, b"\x04" + b"".join(coordinates))


def _number(jwk: Mapping[str, object], name: str) -> int:
    return int.from_bytes(_bytes(jwk, name), "big")


def _bytes(jwk: Mapping[str, object], name: str) -> bytes:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise ValueError(f"the key has no {name!r}")  # noqa: TRY004 - the key is wrong
    return base64url.decode(value)
