"""Tokens that are bad in one respect each."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.end_to_end.deployment import Deployment

Forge = Callable[[Deployment], str]
ATTACKER = ec.generate_private_key(ec.SECP256R1())


def _parts(deployment: Deployment) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the header and the claims of a good token."""
    token = deployment.token(sub="ann")
    header = jwt.get_unverified_header(token)
    return header, jwt.decode(token, options={"verify_signature": False})


def _claiming(**changes: Any) -> Forge:
    """Sign well what must not be claimed; None leaves a claim out."""

    def forge(deployment: Deployment) -> str:
        header, claims = _parts(deployment)
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        return _signed(deployment, header, json.dumps(claims))

    return forge


def _headed(**changes: Any) -> Forge:
    """Sign well under a header that must not be."""

    def forge(deployment: Deployment) -> str:
        header, claims = _parts(deployment)
        return _signed(deployment, header | changes, json.dumps(claims))

    return forge


def _twice_the_subject(deployment: Deployment) -> str:
    header, claims = _parts(deployment)
    return _signed(deployment, header, json.dumps(claims)[:-1] + ', "sub": "eve"}')


def _signed_by_attacker(deployment: Deployment) -> str:
    header, claims = _parts(deployment)
    return jwt.encode(claims, ATTACKER, algorithm="ES256", headers=header)


def _unsigned(deployment: Deployment) -> str:
    header, claims = _parts(deployment)
    return f"{_text(json.dumps(header | {'alg': 'none'}))}.{_text(json.dumps(claims))}."


def _signed_with_public_key(deployment: Deployment) -> str:
    """Use the public key, which everybody has, as the secret of a symmetric signature."""
    header, claims = _parts(deployment)
    public = deployment.signing_key.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    content = f"{_text(json.dumps(header | {'alg': 'HS256'}))}.{_text(json.dumps(claims))}"
    return f"{content}.{_bytes(hmac.digest(public, content.encode(), hashlib.sha256))}"


def _changed_after_signing(deployment: Deployment) -> str:
    header, _, signature = deployment.token(sub="ann").split(".")
    _, claims = _parts(deployment)
    return f"{header}.{_text(json.dumps(claims | {'sub': 'eve'}))}.{signature}"


def _signed(deployment: Deployment, header: dict[str, Any], claims: str) -> str:
    signer = jwt.get_algorithm_by_name(_parts(deployment)[0]["alg"])
    content = f"{_text(json.dumps(header))}.{_text(claims)}"
    return f"{content}.{_bytes(signer.sign(content.encode(), deployment.signing_key))}"


def _text(text: str) -> str:
    return _bytes(text.encode())


def _bytes(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


NOW = int(time.time())
FORGERIES: dict[str, Forge] = {
    "no token at all": lambda _: "nonsense",
    "two segments": lambda deployment: deployment.token().rpartition(".")[0],
    "no signature": _unsigned,
    "the signature of another key": _signed_by_attacker,
    "a symmetric signature by the public key": _signed_with_public_key,
    "claims changed after signing": _changed_after_signing,
    "a member twice": _twice_the_subject,
    "an unknown key": _headed(kid="unknown"),
    "a key set of its own": _headed(jku="https://evil.example/jwks.json"),
    "a key of its own": _headed(jwk={"kty": "EC"}),
    "a critical extension": _headed(crit=["exp"]),
    "another type": _headed(typ="dpop+jwt"),
    "an end in the past": lambda deployment: deployment.token(expires=-60),
    "an end that is text": _claiming(exp=str(NOW + 3600)),
    "no end": _claiming(exp=None),
    "a beginning in the future": _claiming(nbf=NOW + 3600),
    "an issue in the future": _claiming(iat=NOW + 3600, exp=NOW + 7200),
    "no issue": _claiming(iat=None),
    "another issuer": _claiming(iss="https://evil.example/"),
    "another audience": _claiming(aud="somebody-else"),
    "no audience": _claiming(aud=None),
    "no subject": _claiming(sub=None),
    "an empty subject": _claiming(sub=""),
    "no tenant": _claiming(tenant=None),
    "the claims of an id token": _claiming(nonce="n"),
}
