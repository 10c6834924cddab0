"""Weak configuration is refused before anything is deployed."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import CfnParameter, Duration, Stack, aws_cognito as cognito
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from cdk_streamer import Auth
from cdk_streamer._auth.jwt import ALGORITHMS
from cdk_streamer_runtime.contract import AuthorizerEnvironment
from tests.constructs.pems import private_pem, public_pem
from tests.constructs.stacks import new_socket, new_stack, template_of, the

VALID: dict[str, Any] = {"issuer": "https://id.example.com/", "audience": ["reports"]}
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = public_pem(RSA_KEY)


def deployed(**settings: Any) -> AuthorizerEnvironment:
    """Give what the authorizer would read."""
    stack = new_stack()
    new_socket(stack, auth=Auth.jwt(**(VALID | settings)))
    function = the(template_of(stack), "AWS::Lambda::Function", "SocketAuthorizer")
    return AuthorizerEnvironment.from_variables(function["Environment"]["Variables"])


def test_the_keys_are_looked_for_beside_the_issuer():
    settings = deployed()
    assert settings.issuer == "https://id.example.com/"
    assert settings.jwks_url == "https://id.example.com/.well-known/jwks.json"
    assert settings.public_key is None


def test_everything_said_reaches_the_authorizer():
    settings = deployed(
        audience=["reports", "admin"],
        jwks_url="https://keys.example.com/jwks",
        algorithms=["ES256"],
        tenant_claim="org",
        leeway=Duration.seconds(5),
        allow_query_token=True,
    )
    assert settings == AuthorizerEnvironment(
        name="Reports/Socket",
        issuer="https://id.example.com/",
        audience="reports,admin",
        algorithms="ES256",
        jwks_url="https://keys.example.com/jwks",
        tenant_claim="org",
        leeway_seconds=5,
        allow_query_token=True,
    )


def test_the_default_algorithms_need_two_different_keys():
    assert deployed().algorithms == "RS256,PS256,ES256,EdDSA"


def test_a_pinned_key_decides_the_algorithms():
    settings = deployed(public_key=PEM)
    assert settings.public_key == PEM
    assert settings.jwks_url is None
    assert settings.algorithms == "RS256,RS384,RS512,PS256,PS384,PS512"


def test_no_tenant_claim_makes_one_tenant():
    assert deployed(tenant_claim=None).tenant_claim == ""


def test_tokens_in_query_strings_are_an_exception():
    assert deployed().allow_query_token is False


def test_an_issuer_of_the_same_stack_can_be_named():
    stack = new_stack()
    pool = cognito.UserPool(stack, "Users")
    auth = Auth.jwt(issuer=pool.user_pool_provider_url, audience=["reports"])
    new_socket(stack, auth=auth)
    function = the(template_of(stack), "AWS::Lambda::Function", "SocketAuthorizer")
    url = function["Environment"]["Variables"]["CDK_STREAMER_JWKS_URL"]
    assert url["Fn::Join"][1][-1].endswith("/.well-known/jwks.json")


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"issuer": "http://id.example.com/"}, "issuer must be an https URL"),
        ({"issuer": "id.example.com"}, "issuer must be an https URL"),
        ({"issuer": ""}, "issuer must be an https URL"),
        ({"issuer": "https://id.example.com/?a=b"}, "without query and fragment"),
        ({"issuer": "https://"}, "issuer must be an https URL"),
        ({"audience": []}, "audience must name at least one API"),
        ({"audience": [""]}, "audience must name at least one API"),
        ({"audience": ["a,b"]}, "without commas"),
        ({"audience": "reports"}, r"use \['reports'\]"),
        ({"jwks_url": "http://id.example.com/jwks"}, "keys over plain http"),
        ({"jwks_url": "https://user:pass@id.example.com/jwks"}, "without credentials"),
        ({"jwks_url": "https://id.example.com/jwks", "public_key": PEM}, "exclude each other"),
        ({"public_key": ""}, "-----BEGIN PUBLIC KEY-----"),
        ({"public_key": "a secret of thirty-two characters"}, "a shared secret cannot be used"),
        ({"public_key": private_pem(RSA_KEY)}, "never put one here"),
        ({"public_key": PEM.replace("PUBLIC KEY", "CERTIFICATE")}, "openssl x509"),
        ({"public_key": PEM[:200] + PEM[210:]}, "copy the whole PEM again"),
        ({"algorithms": []}, "leave it out for a safe choice"),
        ({"algorithms": ["HS256"]}, "algorithms must be some of RS256"),
        ({"algorithms": ["none"]}, "algorithms must be some of RS256"),
        ({"algorithms": ["ES256"], "public_key": PEM}, "algorithms must be some of RS256"),
        ({"leeway": Duration.minutes(6)}, "at most 300 seconds"),
    ],
)
def test_weak_configuration_is_refused_with_the_remedy(settings: dict[str, Any], remedy: str):
    with pytest.raises(ValueError, match=remedy):
        Auth.jwt(**(VALID | settings))


def test_a_leeway_that_nobody_knows_yet_is_refused():
    seconds = CfnParameter(new_stack(), "Leeway", type="Number").value_as_number
    with pytest.raises(ValueError, match="leeway must be at most 300 seconds"):
        Auth.jwt(**VALID, leeway=Duration.seconds(seconds))


@pytest.mark.parametrize(
    ("key", "algorithms"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (ec.generate_private_key(ec.SECP521R1()), "ES512"),
        (ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
        (
            rsa.generate_private_key(public_exponent=65537, key_size=3072),
            "RS256,RS384,RS512,PS256,PS384,PS512",
        ),
    ],
)
def test_a_key_says_what_it_can_check(key: Any, algorithms: str):
    assert deployed(public_key=public_pem(key)).algorithms == algorithms


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        (
            rsa.generate_private_key(public_exponent=65537, key_size=1024),  # noqa: S505 - the point
            "at least 2048 bits, got 1024",
        ),
        (ec.generate_private_key(ec.SECP256K1()), "must be RSA, P-256, P-384, P-521 or Ed25519"),
        (ec.generate_private_key(ec.SECP224R1()), "must be RSA, P-256, P-384, P-521 or Ed25519"),
    ],
)
def test_a_weak_or_foreign_key_is_refused(key: Any, remedy: str):
    with pytest.raises(ValueError, match=remedy):
        Auth.jwt(**VALID, public_key=public_pem(key))


def test_the_algorithms_are_those_that_the_authorizer_knows():
    stack: Stack = new_stack()
    new_socket(stack, auth=Auth.jwt(**VALID, algorithms=ALGORITHMS))
    function = the(template_of(stack), "AWS::Lambda::Function", "SocketAuthorizer")
    assert function["Environment"]["Variables"]["CDK_STREAMER_ALGORITHMS"].split(",") == list(
        ALGORITHMS
    )
