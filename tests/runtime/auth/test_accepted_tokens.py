"""What a good token gives, and how far good goes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.auth.authorizer import Authorizer
from cdk_streamer_runtime.auth.claims import ONLY_TENANT, Rules
from cdk_streamer_runtime.auth.denial import Denied, Reason
from cdk_streamer_runtime.auth.identity import Identity
from cdk_streamer_runtime.auth.jwks import PinnedKey
from cdk_streamer_runtime.auth.keys import PublicKey
from tests.runtime.auth import issuer
from tests.runtime.auth.conftest import Clock
from tests.runtime.auth.issuer import ABSENT, NOW, claims, compact, header, token

ALICE = Identity(
    tenant=issuer.TENANT,
    owner=issuer.OWNER,
    expires=NOW + 3600,
    scopes=frozenset({"read", "write"}),
)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.mark.parametrize("algorithm", issuer.ALGORITHMS)
def test_each_algorithm_is_accepted_with_its_key(algorithm: str, authorizer: Authorizer) -> None:
    assert authorizer.accept(token(algorithm=algorithm)) == ALICE


@pytest.mark.parametrize("algorithm", issuer.ALGORITHMS)
def test_an_algorithm_that_is_not_configured_is_refused(
    algorithm: str, authorizer: Authorizer
) -> None:
    rules = replace(authorizer.rules, algorithms=authorizer.rules.algorithms - {algorithm})

    with pytest.raises(Denied, match=Reason.ALGORITHM):
        replace(authorizer, rules=rules).accept(token(algorithm=algorithm))


@pytest.mark.parametrize(
    "type_", [ABSENT, "JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "Application/JWT"]
)
def test_the_types_of_access_tokens_are_accepted_in_any_case(
    type_: object, authorizer: Authorizer
) -> None:
    assert authorizer.accept(token(head=header(typ=type_))) == ALICE


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["reports"]},
        {"aud": ["other", "billing"]},
        {"scope": ABSENT, "scp": "read write"},
        {"scope": ABSENT, "scp": ["write", "read"]},
        {"scp": ["write", "read"]},
        {"nbf": NOW},
        {"nbf": NOW + 30},
        {"iat": NOW + 30},
        {"token_use": "access"},
        {"typ": "Bearer"},
        {"jti": "1", "azp": "web", "roles": ["a", {"b": [1.5, None, True]}], "deep": [[[[[[1]]]]]]},
    ],
    ids=str,
)
def test_the_same_identity_is_read_from_the_usual_variants(
    changes: dict[str, object], authorizer: Authorizer
) -> None:
    assert authorizer.accept(token(body=claims(**changes))) == ALICE


@pytest.mark.parametrize("changes", [{"scope": ABSENT}, {"scope": ""}, {"scope": "", "scp": []}])
def test_a_token_without_scopes_has_none(
    changes: dict[str, object], authorizer: Authorizer
) -> None:
    assert authorizer.accept(token(body=claims(**changes))).scopes == frozenset()


@pytest.mark.parametrize(
    "owner", ["auth0|5f7c8ec7c33c6c004bbafe82", "a", "x" * 256, "Zoë Ångström", "山田", "a:b/c d#e"]
)
def test_the_owner_is_taken_as_it_is_written(owner: str, authorizer: Authorizer) -> None:
    assert authorizer.accept(token(body=claims(sub=owner))).owner == owner


def test_the_tenant_comes_from_the_claim_that_is_configured(authorizer: Authorizer) -> None:
    rules = replace(authorizer.rules, tenant_claim="https://example.com/organization")
    body = claims(**{"https://example.com/organization": "globex"})

    assert replace(authorizer, rules=rules).accept(token(body=body)).tenant == "globex"


def test_an_api_without_tenants_ignores_the_claim(authorizer: Authorizer) -> None:
    rules = replace(authorizer.rules, tenant_claim="")

    assert replace(authorizer, rules=rules).accept(token()).tenant == ONLY_TENANT


def test_a_token_without_key_id_is_accepted_when_one_key_can_have_signed_it(
    authorizer: Authorizer,
) -> None:
    assert authorizer.accept(token(head=header("EdDSA", kid=ABSENT), signed_as="EdDSA")) == ALICE


@pytest.mark.parametrize("key_id", [ABSENT, "p256", "whatever"])
def test_a_pinned_key_serves_whatever_key_id_a_token_names(
    key_id: object, rules: Rules, clock: Clock
) -> None:
    key = PublicKey.from_pem(issuer.pem("p256").decode())
    pinned = Authorizer(rules=rules, keys=PinnedKey(key), clock=clock)

    assert pinned.accept(token(head=header(kid=key_id))) == ALICE


def test_a_pinned_key_refuses_the_algorithm_of_another_type(rules: Rules, clock: Clock) -> None:
    key = PublicKey.from_pem(issuer.pem("p256").decode())
    pinned = Authorizer(rules=rules, keys=PinnedKey(key), clock=clock)

    with pytest.raises(Denied, match=Reason.ALGORITHM):
        pinned.accept(token(algorithm="RS256"))


def test_a_token_is_good_until_the_second_before_it_expires(
    authorizer: Authorizer, clock: Clock
) -> None:
    clock.advance(3600 - 0.001)

    assert authorizer.accept(token()) == ALICE


def test_the_leeway_does_not_prolong_a_token(authorizer: Authorizer, clock: Clock) -> None:
    clock.advance(3600)

    with pytest.raises(Denied, match=Reason.EXPIRED):
        authorizer.accept(token())


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_the_leeway_ends_to_the_second(claim: str, authorizer: Authorizer) -> None:
    with pytest.raises(Denied, match=Reason.NOT_YET_VALID):
        authorizer.accept(token(body=claims(**{claim: NOW + 31})))


@pytest.mark.parametrize("size", [1024], ids=lambda size: f"{size} bytes")
def test_a_header_may_have_as_many_bytes_as_the_limit(size: int, authorizer: Authorizer) -> None:
    assert authorizer.accept(token(head=compact(header()).ljust(size))) == ALICE


def test_claims_may_have_as_many_bytes_as_what_a_token_of_8_kb_can_hold(
    authorizer: Authorizer,
) -> None:
    body = compact(claims(pad=""))
    longest = token(body=body.replace(b'"pad":""', b'"pad":"' + b"x" * (5950 - len(body)) + b'"'))

    assert authorizer.accept(longest) == ALICE
    assert len(longest) <= 8192


def test_the_other_of_the_two_ecdsa_signatures_gives_the_same_identity(
    authorizer: Authorizer,
) -> None:
    # (r, order - s) is a signature too, and JWS asks for neither of the two: issuers make both.
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    good = issuer.parts()
    s = int.from_bytes(good.signature[32:], "big")
    twin = replace(good, signature=good.signature[:32] + (order - s).to_bytes(32, "big"))

    assert authorizer.accept(str(twin)) == ALICE


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_other_character_anywhere_in_a_good_token_is_refused(data: st.DataObject) -> None:
    algorithm = data.draw(st.sampled_from(["ES256", "RS256", "EdDSA"]))
    good = GOOD_TOKENS[algorithm]
    index = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.sampled_from(f"{LETTERS}.=+/ ").filter(lambda sign: sign != good[index]))

    with pytest.raises(Denied):
        _pinned(algorithm).accept(good[:index] + other + good[index + 1 :])


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_good_token_with_characters_lost_or_added_is_refused(data: st.DataObject) -> None:
    good = GOOD_TOKENS["ES256"]
    start = data.draw(st.integers(0, len(good) - 1))
    end = data.draw(st.integers(start, min(len(good), start + 4)))
    added = data.draw(
        st.text(f"{LETTERS}.=", max_size=4).filter(lambda text: text != good[start:end])
    )

    with pytest.raises(Denied):
        _pinned("ES256").accept(good[:start] + added + good[end:])


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_-]{1,60}(\.[A-Za-z0-9_-]{1,60}){2}"))
def test_no_text_whatever_gives_another_error_than_a_refusal(text: str) -> None:
    with pytest.raises(Denied):
        _pinned("ES256").accept(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
CLAIM_NAMES = ["iss", "aud", "sub", "tenant", "exp", "iat", "nbf", "scope", "scp", "typ", "nonce"]


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(CLAIM_NAMES), JSON, max_size=4))
def test_no_claims_whatever_give_another_error_than_a_refusal(changes: dict[str, object]) -> None:
    text = token(body=claims(**changes))

    try:
        identity = _pinned("ES256").accept(text)
    except Denied as denied:
        outcome: object = denied.reason
    else:
        outcome = (type(identity.tenant), type(identity.owner), type(identity.expires))

    assert isinstance(outcome, Reason) or outcome == (str, str, int)


GOOD_TOKENS = {algorithm: token(algorithm=algorithm) for algorithm in ("ES256", "RS256", "EdDSA")}


def _pinned(algorithm: str) -> Authorizer:
    rules = Rules(
        issuer=issuer.ISSUER,
        audience=frozenset({issuer.AUDIENCE}),
        algorithms=frozenset({algorithm}),
        tenant_claim="tenant",
        leeway_seconds=30,
    )
    key = PublicKey.from_pem(issuer.pem(issuer.key_name(algorithm)).decode())
    return Authorizer(rules=rules, keys=PinnedKey(key), clock=Clock())
