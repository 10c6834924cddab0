"""The development issuer: its keys, its documents, its tokens, and the runtime's view of them."""

from __future__ import annotations

import json
import stat
import time
import urllib.error
import urllib.request
from pathlib import Path

import jwt
import pytest

from cdk_streamer_local.engine.certificate import server_certificate
from cdk_streamer_local.errors import BadArgument
from cdk_streamer_local.record import Audience, Record
from cdk_streamer_local.tokens.issuer import DISCOVERY_PATH, Issuer
from cdk_streamer_local.tokens.keys import ALGORITHMS, signing_key
from cdk_streamer_local.tokens.token import Claims, mint
from cdk_streamer_runtime.auth.authorizer import Authorizer
from cdk_streamer_runtime.auth.claims import Rules
from cdk_streamer_runtime.auth.denial import Denied
from cdk_streamer_runtime.auth.https_source import HttpsSource
from cdk_streamer_runtime.auth.jwks import Jwks

ISSUER = "https://id.example.com/"
AUDIENCE = Audience(
    issuer=ISSUER, audience="reports,other", algorithms="RS256,ES256", tenant_claim="tenant"
)
RUNNING = Record(
    pid=1,
    endpoint="",
    ca_bundle="",
    sockets=(),
    http_apis=(),
    rest_apis=(),
    outputs={},
    audiences=[AUDIENCE],
)


def now() -> int:
    return time.time_ns() // 1_000_000


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def issuer(keys):
    made = [signing_key(keys, name) for name in ALGORITHMS]
    with_keys = Issuer(server_certificate(), lambda: made)
    yield with_keys
    with_keys.close()


@pytest.fixture(scope="module")
def authorizer(issuer):
    bundle = str(server_certificate().bundle)
    return Authorizer(
        rules=Rules(
            issuer=ISSUER,
            audience=frozenset({"reports"}),
            algorithms=frozenset(ALGORITHMS),
            tenant_claim="tenant",
            leeway_seconds=30,
        ),
        keys=Jwks(HttpsSource(issuer.jwks_url, ca_bundle=bundle, timeout=30), now),
        clock=now,
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_runtime_accepts_a_token_of_each_algorithm(authorizer, keys, algorithm):
    token = mint(
        signing_key(keys, algorithm),
        Claims(
            issuer=ISSUER, audience="reports", subject="alice", tenant="acme", scopes=["a", "b"]
        ),
    )

    identity = authorizer.accept(token)

    assert (identity.owner, identity.tenant) == ("alice", "acme")


@pytest.mark.parametrize("seconds", [-1, -3600])
def test_the_runtime_refuses_a_token_that_was_made_expired(authorizer, keys, seconds):
    claims = Claims(
        issuer=ISSUER, audience="reports", subject="alice", tenant="acme", seconds=seconds
    )

    with pytest.raises(Denied) as denied:
        authorizer.accept(mint(signing_key(keys, "ES256"), claims))

    assert denied.value.reason.name == "EXPIRED"


def test_the_runtime_refuses_a_token_of_another_key(authorizer, tmp_path):
    foreign = signing_key(tmp_path, "ES256")
    claims = Claims(issuer=ISSUER, audience="reports", subject="alice", tenant="acme")

    with pytest.raises(Denied):
        authorizer.accept(mint(foreign, claims))


def test_a_key_is_made_once_and_for_its_user_alone(tmp_path):
    first = signing_key(tmp_path / "keys", "RS256,ES256")
    second = signing_key(tmp_path / "keys", "RS256,ES256")

    assert first.id == second.id
    assert first.algorithm == "ES256"
    (file,) = (tmp_path / "keys").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_no_key_is_made_for_algorithms_that_nobody_has(tmp_path):
    with pytest.raises(BadArgument, match="no tokens can be made for the algorithms 'HS256'"):
        signing_key(tmp_path, "HS256")


def test_the_discovery_document_leads_to_the_public_keys(issuer):
    tls = server_certificate().context()
    with urllib.request.urlopen(issuer.address + DISCOVERY_PATH, context=tls) as answer:
        document = json.load(answer)
    with urllib.request.urlopen(document["jwks_uri"], context=tls) as answer:
        published = json.load(answer)["keys"]

    assert [key["alg"] for key in published] == list(ALGORITHMS)
    assert all("d" not in key and key["kid"] for key in published)


def test_nothing_else_is_served(issuer):
    tls = server_certificate().context()

    with pytest.raises(urllib.error.HTTPError) as missing:
        urllib.request.urlopen(f"{issuer.address}/keys.pem", context=tls)

    assert missing.value.code == 404
    missing.value.close()


# --- tokens of a running app


def test_a_token_has_the_authorizers_issuer_and_its_first_audience(tmp_path):
    claims = claims_of(RUNNING.token(tmp_path, sub="alice", tenant="acme", scopes=["a", "b"]))

    assert {name: claims[name] for name in ("iss", "aud", "sub", "tenant", "scope")} == {
        "iss": ISSUER,
        "aud": "reports",
        "sub": "alice",
        "tenant": "acme",
        "scope": "a b",
    }


def test_whom_nobody_names_is_the_developer_of_the_local_tenant(tmp_path):
    claims = claims_of(RUNNING.token(tmp_path))

    assert (claims["sub"], claims["tenant"]) == ("developer", "local")


def test_an_api_of_one_tenant_gets_tokens_without_any(tmp_path):
    record = with_audiences(Audience(**{**vars_of(AUDIENCE), "tenant_claim": ""}))

    assert "tenant" not in claims_of(record.token(tmp_path))


def test_a_tenant_for_an_api_of_one_is_refused(tmp_path):
    record = with_audiences(Audience(**{**vars_of(AUDIENCE), "tenant_claim": ""}))

    with pytest.raises(BadArgument, match="the API has one tenant, so no token can name 'acme'"):
        record.token(tmp_path, tenant="acme")


def test_among_several_issuers_one_must_be_chosen(tmp_path):
    other = Audience(**{**vars_of(AUDIENCE), "issuer": "https://other/"})
    record = with_audiences(AUDIENCE, other)

    with pytest.raises(BadArgument, match="no issuer was named; name one of: https://id"):
        record.token(tmp_path)
    assert claims_of(record.token(tmp_path, issuer="https://other/"))["iss"] == "https://other/"


def test_an_app_without_authorizers_has_no_tokens(tmp_path):
    with pytest.raises(BadArgument, match="no authorizer of this app checks tokens; use Auth"):
        with_audiences().token(tmp_path)


def with_audiences(*audiences: Audience) -> Record:
    return Record(
        pid=1,
        endpoint="",
        ca_bundle="",
        sockets=(),
        http_apis=(),
        rest_apis=(),
        outputs={},
        audiences=list(audiences),
    )


def vars_of(audience: Audience) -> dict[str, str]:
    names = ("issuer", "audience", "algorithms", "tenant_claim")
    return {name: getattr(audience, name) for name in names}


def test_the_folder_of_keys_is_for_its_user_alone(tmp_path: Path):
    signing_key(tmp_path / "keys", "ES256")

    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
