"""The development issuer's signing keys: one for each algorithm, kept with the app."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from cdk_streamer_local.errors import BadArgument

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    PrivateKey: TypeAlias = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey

# In this order one is chosen: what is small and quick to make comes first.
ALGORITHMS = (
    *("ES256", "EdDSA", "ES384", "ES512"),
    *("RS256", "PS256", "RS384", "PS384", "RS512", "PS512"),
)
_CURVES = {"ES256": "SECP256R1", "ES384": "SECP384R1", "ES512": "SECP521R1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key for one algorithm."""

    algorithm: str
    id: str
    private: PrivateKey = field(repr=False)

    @property
    def jwk(self) -> Mapping[str, Any]:
        """Give the public half as a JSON Web Key."""
        return {
            **_public_members(self.algorithm, self.private),
            "kid": self.id,
            "alg": self.algorithm,
            "use": "sig",
        }


def signing_key(folder: Path, algorithms: str) -> SigningKey:
    """Give the key for the best of the comma separated algorithms; made at the first call."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    allowed = algorithms.split(",")
    algorithm = next((name for name in ALGORITHMS if name in allowed), None)
    if algorithm is None:
        raise BadArgument(
            f"no tokens can be made for the algorithms {algorithms!r}",
            remedy=f"let the authorizer accept one of {', '.join(ALGORITHMS)}",
        )
    file = folder / f"{algorithm}.pem"
    if not file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _store(file, _KINDS[algorithm[:2]](algorithm))
    private = cast("PrivateKey", load_pem_private_key(file.read_bytes(), password=None))
    members = json.dumps(_public_members(algorithm, private), sort_keys=True)
    return SigningKey(
        algorithm=algorithm,
        id=hashlib.sha256(members.encode()).hexdigest()[:16],
        private=private,
    )


def _store(file: Path, key: PrivateKey) -> None:
    from cryptography.hazmat.primitives import serialization

    content = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    partial = file.with_suffix(f".{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    partial.replace(file)


def _rsa(_: str) -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def _elliptic(algorithm: str) -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(getattr(ec, _CURVES[algorithm])())


def _edwards(_: str) -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    return ed25519.Ed25519PrivateKey.generate()


_KINDS: Mapping[str, Callable[[str], PrivateKey]] = {
    "RS": _rsa,
    "PS": _rsa,
    "ES": _elliptic,
    "Ed": _edwards,
}


def _public_members(algorithm: str, private: PrivateKey) -> dict[str, Any]:
    from jwt.algorithms import get_default_algorithms

    converter: Any = get_default_algorithms()[algorithm]
    members = converter.to_jwk(private.public_key())
    return json.loads(members) if isinstance(members, str) else members
