"""An issuer of tokens that also forges them: every part can be replaced by raw bytes."""

from __future__ import annotations

import base64
import functools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm, get_default_algorithms

NOW = int(time.time())  # the handler's tests run by the real clock
ISSUER = "https://id.example.com/"
AUDIENCE = "reports"
TENANT = "acme-tenant-marker"
OWNER = "alice-owner-marker"
ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)

ABSENT: Any = object()


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


@functools.cache
def key(name: str) -> Any:
    """Give the private key of this name, the same one in every test."""
    makers: dict[str, Callable[[], Any]] = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "weak": lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505 - to be refused
        "cubic": lambda: rsa.generate_private_key(3, 2048),
        "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
        "k256": lambda: ec.generate_private_key(ec.SECP256K1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "ed448": ed448.Ed448PrivateKey.generate,
    }
    return makers[name.removeprefix("stranger-")]()


def key_name(algorithm: str) -> str:
    names = {"ES256": "p256", "ES384": "p384", "ES512": "p521", "EdDSA": "ed25519"}
    return names.get(algorithm, "rsa")


def pem(name: str) -> bytes:
    return key(name).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def der(name: str) -> bytes:
    return key(name).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def jwk(name: str, /, **members: object) -> dict[str, Any]:
    """Write the public key as JSON Web Key; a member that is ABSENT is left out."""
    algorithm = {
        "rsa": RSAAlgorithm, "weak": RSAAlgorithm, "cubic": RSAAlgorithm,
        "ed25519": OKPAlgorithm, "ed448": OKPAlgorithm,
    }.get(name.removeprefix("stranger-"), ECAlgorithm)  # fmt: skip
    public: dict[str, Any] = algorithm.to_jwk(key(name).public_key(), as_dict=True)
    public.pop("key_ops", None)
    document = {"kid": name, "use": "sig", **public, **members}
    return {member: value for member, value in document.items() if value is not ABSENT}


def jwks(*entries: object) -> bytes:
    return compact({"keys": list(entries)})


def published() -> bytes:
    """Give the JWKS of this issuer: five good keys, and seven that must not be used."""
    secret = {"kty": "oct", "kid": "secret", "use": "sig", "alg": "HS256", "k": encode(b"k" * 32)}
    return jwks(
        *(jwk(name) for name in ("rsa", "p256", "p384", "p521", "ed25519")),
        *(jwk(name) for name in ("weak", "cubic", "k256", "ed448")),
        jwk("p256", kid="for-encryption", use="enc"),
        secret,
        "not a key",
    )


@functools.cache
def _signers() -> Any:
    return get_default_algorithms()


def sign(data: bytes, *, algorithm: str, name: str | None = None) -> bytes:
    return _signers()[algorithm].sign(data, key(name or key_name(algorithm)))


def claims(**changes: object) -> dict[str, object]:
    """Give the claims of a good token; a claim that is ABSENT is left out."""
    document: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": OWNER,
        "tenant": TENANT,
        "iat": NOW - 60,
        "exp": NOW + 3600,
        "scope": "read write",
        **changes,
    }
    return {name: value for name, value in document.items() if value is not ABSENT}


def header(algorithm: str = "ES256", /, **changes: object) -> dict[str, object]:
    document: dict[str, object] = {
        "alg": algorithm,
        "kid": key_name(algorithm),
        "typ": "JWT",
        **changes,
    }
    return {name: value for name, value in document.items() if value is not ABSENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The three parts of a token before they are encoded."""

    header: bytes
    claims: bytes
    signature: bytes

    def __str__(self) -> str:
        return ".".join(map(encode, (self.header, self.claims, self.signature)))


def parts(
    *,
    algorithm: str = "ES256",
    name: str | None = None,
    signed_as: str | None = None,
    head: bytes | dict[str, object] | None = None,
    body: bytes | dict[str, object] | None = None,
) -> Parts:
    """Make a token whose signature is right for its bytes, whatever the bytes are.

    `algorithm` fills the header and `signed_as` makes the signature, with the key called `name`.
    """
    head = header(algorithm) if head is None else head
    body = claims() if body is None else body
    head_bytes = head if isinstance(head, bytes) else compact(head)
    body_bytes = body if isinstance(body, bytes) else compact(body)
    data = f"{encode(head_bytes)}.{encode(body_bytes)}".encode()
    signature = sign(data, algorithm=signed_as or algorithm, name=name)
    return Parts(header=head_bytes, claims=body_bytes, signature=signature)


def token(**arguments: Any) -> str:
    return str(parts(**arguments))
