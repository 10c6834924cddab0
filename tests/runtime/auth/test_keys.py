"""Only strong public keys for signatures are read, from PEM and from JWK."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from cdk_streamer_runtime.auth.jwks import read_keys
from cdk_streamer_runtime.auth.keys import PublicKey
from tests.runtime.auth import issuer
from tests.runtime.auth.issuer import ABSENT, encode, jwk

NAMES = ["rsa", "p256", "p384", "p521", "ed25519"]


@pytest.mark.parametrize("name", NAMES)
def test_a_jwk_gives_the_same_key_as_its_pem(name: str) -> None:
    from_jwk = PublicKey.from_jwk(jwk(name, kid=ABSENT))

    assert from_jwk == PublicKey.from_pem(issuer.pem(name).decode())


@pytest.mark.parametrize(
    ("name", "algorithms"),
    [
        ("rsa", {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        ("p256", {"ES256"}),
        ("p384", {"ES384"}),
        ("p521", {"ES512"}),
        ("ed25519", {"EdDSA"}),
    ],
)
def test_a_key_serves_the_algorithms_of_its_type(name: str, algorithms: set[str]) -> None:
    assert PublicKey.from_jwk(jwk(name)).algorithms == algorithms


def test_a_jwk_with_an_algorithm_serves_only_that() -> None:
    assert PublicKey.from_jwk(jwk("rsa", alg="PS384")).algorithms == {"PS384"}


@pytest.mark.parametrize(
    "members",
    [
        {"use": ABSENT},
        {"key_ops": ["verify"]},
        {"use": ABSENT, "key_ops": ["sign", "verify"]},
        {"kid": ABSENT},
        {"x5c": ["ignored"], "x5t": "ignored", "ext": True, "issuer": "ignored"},
    ],
    ids=str,
)
def test_a_jwk_may_leave_out_what_is_optional(members: dict[str, object]) -> None:
    assert PublicKey.from_jwk(jwk("p256", **members)).algorithms == {"ES256"}


POINT = jwk("p256")
UNFIT = {
    "use enc": jwk("rsa", use="enc"),
    "use of another type": jwk("rsa", use=["sig"]),
    "use empty": jwk("rsa", use=""),
    "key_ops without verify": jwk("rsa", key_ops=["encrypt"]),
    "key_ops as text": jwk("rsa", key_ops="verify"),
    "key_ops empty": jwk("rsa", key_ops=[]),
    "private": jwk("p256", d=encode(bytes(32))),
    "secret": {"kty": "oct", "kid": "a", "k": encode(b"k" * 64)},
    "secret with an RSA algorithm": {"kty": "oct", "alg": "RS256", "k": encode(b"k" * 64)},
    "no type": jwk("rsa", kty=ABSENT),
    "type in lower case": jwk("rsa", kty="rsa"),
    "type of another type": jwk("rsa", kty=["RSA"]),
    "RSA of 1,024 bits": jwk("weak"),
    "RSA of 16,384 bits": jwk("rsa", n=encode(b"\xff" * 2048)),
    "RSA with exponent 3": jwk("cubic"),
    "RSA with exponent 1": jwk("rsa", e=encode(b"\x01")),
    "RSA with exponent 0": jwk("rsa", e=encode(b"\x00")),
    "RSA with an even exponent": jwk("rsa", e=encode((65_538).to_bytes(3, "big"))),
    "RSA with a giant exponent": jwk("rsa", e=encode(b"\x01" * 33)),
    "RSA with an even modulus": jwk("rsa", n=encode(b"\xff" * 255 + b"\x00")),
    "RSA without modulus": jwk("rsa", n=ABSENT),
    "RSA without exponent": jwk("rsa", e=ABSENT),
    "RSA with a number for its modulus": jwk("rsa", n=65_537),
    "RSA with padding": jwk("rsa", e="AQAB===="),
    "RSA with standard base64": jwk("rsa", n="+/" + jwk("rsa")["n"][2:]),
    "RSA for ES256": jwk("rsa", alg="ES256"),
    "RSA for HS256": jwk("rsa", alg="HS256"),
    "RSA for none": jwk("rsa", alg="none"),
    "RSA for RSA-OAEP": jwk("rsa", alg="RSA-OAEP"),
    "RSA for null": jwk("rsa", alg=None),
    "RSA for a list": jwk("rsa", alg=["RS256"]),
    "P-256 for ES384": jwk("p256", alg="ES384"),
    "secp256k1": jwk("k256"),
    "secp256k1 as P-256": jwk("k256", crv="P-256"),
    "P-256 as P-384": jwk("p256", crv="P-384"),
    "P-192": jwk("p256", crv="P-192"),
    "no curve": jwk("p256", crv=ABSENT),
    "a point off its curve": jwk("p256", y=POINT["x"]),
    "the point at zero": jwk("p256", x=encode(bytes(32)), y=encode(bytes(32))),
    "a coordinate too short": jwk("p256", x=encode(issuer.decode(POINT["x"])[1:])),
    "a coordinate too long": jwk("p256", x=encode(b"\0" + issuer.decode(POINT["x"]))),
    "a coordinate that borrows from the other": jwk(
        "p256",
        x=encode(issuer.decode(POINT["x"]) + issuer.decode(POINT["y"])[:1]),
        y=encode(issuer.decode(POINT["y"])[1:]),
    ),
    "no y": jwk("p256", y=ABSENT),
    "Ed448": jwk("ed448"),
    "X25519": jwk("ed25519", crv="X25519"),
    "Ed25519 too short": jwk("ed25519", x=encode(bytes(31))),
    "Ed25519 as EC": jwk("ed25519", kty="EC"),
    "key id of another type": jwk("rsa", kid=1),
    "key id empty": jwk("rsa", kid=""),
    "key id too long": jwk("rsa", kid="k" * 257),
}


@pytest.mark.parametrize("document", UNFIT.values(), ids=UNFIT.keys())
def test_a_jwk_that_is_not_fit_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(
        ValueError, match=r"key|base64url|coordinate|rsa|e must|n must|32 bytes|point"
    ):
        PublicKey.from_jwk(document)


@pytest.mark.parametrize("document", UNFIT.values(), ids=UNFIT.keys())
def test_a_jwk_that_is_not_fit_leaves_the_others_of_its_set_usable(
    document: dict[str, object],
) -> None:
    keys = read_keys(issuer.jwks(document, jwk("p384", kid="good")))

    assert [key.key_id for key in keys] == ["good"]


@pytest.mark.parametrize("entry", [None, 1, "text", [], True], ids=repr)
def test_an_entry_that_is_no_object_is_left_out(entry: object) -> None:
    assert len(read_keys(issuer.jwks(entry, jwk("rsa")))) == 1


def test_a_key_that_is_listed_twice_counts_once() -> None:
    assert len(read_keys(issuer.jwks(jwk("rsa"), jwk("rsa")))) == 1


@pytest.mark.parametrize(
    "text",
    [
        b"", b"null", b"[]", b"{}", b'{"keys":{}}', b'{"keys":null}', b'{"keys":[],"keys":[]}',
        b"<html></html>", b'{"keys":[', b"\xff", b'{"keys":[{"kid":NaN}]}',
    ],
)  # fmt: skip
def test_a_text_that_is_no_jwks_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_keys(text)


def private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


PEMS = {
    "empty": "",
    "text": "a key",
    "private": private_pem(issuer.key("rsa")),
    "cut short": issuer.pem("rsa").decode()[:100],
    "certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    "RSA of 1,024 bits": issuer.pem("weak").decode(),
    "RSA with exponent 3": issuer.pem("cubic").decode(),
    "secp256k1": issuer.pem("k256").decode(),
    "Ed448": issuer.pem("ed448").decode(),
    "DSA": dsa.generate_private_key(2048)
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode(),
}


@pytest.mark.parametrize("text", PEMS.values(), ids=PEMS.keys())
def test_a_pem_that_is_no_strong_public_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="key"):
        PublicKey.from_pem(text)


def test_a_key_shows_nothing_of_itself_in_a_log() -> None:
    assert "material" not in repr(PublicKey.from_jwk(jwk("rsa")))
