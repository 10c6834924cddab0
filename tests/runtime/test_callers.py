"""Who calls: API Gateway says it, in one form for each way to authorize."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from cdk_streamer_runtime.callers import Caller, Callers
from cdk_streamer_runtime.contract import CONNECTION_SECONDS, CallerRules, ErrorCode
from cdk_streamer_runtime.errors import Rejection

NOW = 1_700_000_000
CONTEXT = {"tenant": "acme", "owner": "ann", "expires": "1700003600", "scopes": "read write"}
ANN = Caller(tenant="acme", owner="ann", expires=1_700_003_600, scopes=frozenset({"read", "write"}))
ROLE = "AROAEXAMPLEROLE1"
SESSION = f"{ROLE}:ann@example.com"
ASSUMED = "arn:aws:sts::123456789012:assumed-role/Writer/ann@example.com"
IDENTITY = {"accountId": "123456789012", "caller": SESSION, "userArn": ASSUMED, "user": SESSION}
SIGNED = CallerRules(signed=True)
OURS = CallerRules()


def on_socket(authorizer: Any = None, identity: Any = None) -> dict[str, Any]:
    context = {"routeKey": "$connect", "connectedAt": NOW * 1000, "connectionId": "a"}
    if authorizer is not None:
        context["authorizer"] = authorizer
    return {
        "requestContext": {**context, "identity": {"sourceIp": "203.0.113.7", **(identity or {})}}
    }


def over_http(**authorizer: Any) -> dict[str, Any]:
    context: dict[str, Any] = {"http": {"method": "GET"}, "timeEpoch": NOW * 1000}
    return {"version": "2.0", "requestContext": {**context, "authorizer": authorizer}}


def over_rest(authorizer: Any = None, identity: Any = None) -> dict[str, Any]:
    context: dict[str, Any] = {"resourcePath": "/a", "requestTimeEpoch": NOW * 1000}
    if authorizer is not None:
        context["authorizer"] = {"principalId": "ann", "integrationLatency": 12, **authorizer}
    return {
        "resource": "/a",
        "requestContext": {**context, "identity": {"sourceIp": "203.0.113.7", **(identity or {})}},
    }


def signed(
    caller: str = SESSION, arn: str = ASSUMED, cognito: str | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give what both APIs say of the same signature."""
    identity = {**IDENTITY, "caller": caller, "userArn": arn, "cognitoIdentityId": cognito}
    iam = {
        "accountId": "123456789012",
        "callerId": caller,
        "userArn": arn,
        "userId": caller,
        "cognitoIdentity": {"identityId": cognito, "amr": []} if cognito else None,
    }
    return on_socket(identity=identity), over_http(iam=iam)


def caller(event: dict[str, Any], rules: CallerRules = OURS) -> Caller:
    return Callers.from_text(rules.to_text()).of(event)


def refused(event: dict[str, Any], rules: CallerRules = OURS) -> Rejection:
    with pytest.raises(Rejection) as rejection:
        caller(event, rules)
    return rejection.value


# --- a Lambda authorizer --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event", [on_socket(CONTEXT), over_http(**{"lambda": CONTEXT}), over_rest(CONTEXT)]
)
def test_a_caller_is_what_the_authorizer_said(event: dict[str, Any]):
    assert caller(event) == ANN


@pytest.mark.parametrize("scopes", ["", None])
def test_a_caller_may_have_no_scopes(scopes: str | None):
    assert caller(on_socket({**CONTEXT, "scopes": scopes})).scopes == frozenset()


def test_scopes_may_be_absent():
    context = {name: value for name, value in CONTEXT.items() if name != "scopes"}

    assert caller(on_socket(context)).scopes == frozenset()


@pytest.mark.parametrize("missing", ["tenant", "owner"])
@pytest.mark.parametrize("value", ["absent", None, "", 1.5, True, [], "a\nb", "x" * 257])
def test_nobody_is_let_in_whom_the_authorizer_did_not_name(
    missing: str, value: Any, caplog: pytest.LogCaptureFixture
):
    context = {**CONTEXT, missing: value}
    if value == "absent":
        del context[missing]

    for event in (on_socket(context), over_http(**{"lambda": context})):
        assert refused(event).code is ErrorCode.UNAUTHORIZED
    assert {record.__dict__["reason"] for record in caplog.records} == {
        f"the authorizer gave no usable '{missing}'"
    }


@pytest.mark.parametrize(
    "event",
    [on_socket(), on_socket({}), over_http(), over_http(**{"lambda": None}), over_http(lambdas={})],
)
def test_nobody_is_let_in_without_an_authorizer(event: dict[str, Any]):
    assert refused(event).code is ErrorCode.UNAUTHORIZED


def test_numbers_of_an_authorizer_are_texts_too():
    found = caller(on_socket({"tenant": 7, "owner": 12, "expires": 1_700_003_600}))

    assert (found.tenant, found.owner, found.expires) == ("7", "12", 1_700_003_600)


def test_who_has_no_end_lasts_as_long_as_a_connection_can():
    context = {"tenant": "acme", "owner": "ann"}

    for event in (on_socket(context), over_http(**{"lambda": context}), over_rest(context)):
        assert caller(event).expires == NOW + CONNECTION_SECONDS


@pytest.mark.parametrize("expires", ["soon", "", "1e9", "1.5", True])
def test_an_end_that_is_no_whole_number_of_seconds_is_refused(expires: Any):
    assert refused(on_socket({**CONTEXT, "expires": expires})).code is ErrorCode.UNAUTHORIZED


# --- the JWT authorizer of API Gateway ------------------------------------------------------------

CLAIMS = {"sub": "ann", "org": "acme", "exp": "1700003600", "scope": "read write"}


def test_claims_name_the_caller():
    assert caller(over_http(jwt={"claims": CLAIMS}), CallerRules(tenant_claim="org")) == ANN


def test_without_a_claim_for_it_there_is_one_tenant():
    assert caller(over_http(jwt={"claims": CLAIMS})).tenant == "default"


def test_scopes_may_be_a_list_as_api_gateway_writes_it():
    claims = {"sub": "ann", "exp": "1700003600", "scp": "[read write]"}

    assert caller(over_http(jwt={"claims": claims})).scopes == {"read", "write"}


def test_a_bracket_in_a_scope_is_part_of_it():
    claims = {"sub": "ann", "exp": "1700003600", "scope": "[read write"}

    assert caller(over_http(jwt={"claims": claims})).scopes == {"[read", "write"}


def test_several_tenants_are_nobodys():
    # A list: taken as one name, it would be a tenant of its own.
    event = over_http(jwt={"claims": {**CLAIMS, "org": "[acme globex]"}})

    assert refused(event, CallerRules(tenant_claim="org")).code is ErrorCode.UNAUTHORIZED


@pytest.mark.parametrize("missing", ["sub", "org", "exp"])
def test_a_claim_that_is_missing_refuses(missing: str):
    claims = {name: value for name, value in CLAIMS.items() if name != missing}

    event = over_http(jwt={"claims": claims})
    assert refused(event, CallerRules(tenant_claim="org")).code is ErrorCode.UNAUTHORIZED


# --- AWS_IAM --------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", [*signed(), over_rest(identity=IDENTITY)])
def test_a_signature_names_account_and_role(event: dict[str, Any]):
    assert caller(event, SIGNED) == Caller(
        tenant="123456789012", owner=ROLE, expires=NOW + CONNECTION_SECONDS
    )


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        (f"{ROLE}:another-session", ROLE),
        ("AIDAEXAMPLEUSER1", "AIDAEXAMPLEUSER1"),
        # A federated user has the account's id before the colon, as the root user has alone.
        ("123456789012:bob", "123456789012:bob"),
        ("123456789012", "123456789012"),
    ],
)
def test_the_owner_is_what_stays_the_same(name: str, owner: str):
    assert [caller(event, SIGNED).owner for event in signed(caller=name)] == [owner, owner]


def test_users_of_an_identity_pool_share_a_role_and_are_still_told_apart():
    events = signed(cognito="eu-west-1:ann"), signed(cognito="eu-west-1:bob")

    owners = [[caller(event, SIGNED).owner for event in pair] for pair in events]
    assert owners == [["eu-west-1:ann"] * 2, ["eu-west-1:bob"] * 2]


@pytest.mark.parametrize(
    ("known", "arn"),
    [
        ("arn:aws:iam::123456789012:role/Writer", ASSUMED),
        ("arn:aws:iam::123456789012:role/team/a/Writer", ASSUMED),
        ("arn:aws:iam::123456789012:user/team/ann", "arn:aws:iam::123456789012:user/team/ann"),
    ],
)
def test_scopes_are_those_of_the_principal(known: str, arn: str):
    rules = CallerRules(signed=True, scopes={known: "read write"})

    assert [caller(event, rules).scopes for event in signed(arn=arn)] == [{"read", "write"}] * 2


@pytest.mark.parametrize(
    "known",
    [
        "arn:aws:iam::123456789012:role/Write",
        "arn:aws:iam::123456789012:role/Writer/other",
        "arn:aws:iam::999999999999:role/Writer",
        "arn:aws:iam::123456789012:user/Writer",
        "arn:aws:iam::123456789012:role/ann@example.com",
        "*",
    ],
)
def test_scopes_of_another_principal_are_not_given(known: str):
    rules = CallerRules(signed=True, scopes={known: "read"})

    assert [caller(event, rules).scopes for event in signed()] == [frozenset()] * 2


@pytest.mark.parametrize("event", signed())
def test_a_signature_that_nobody_checked_names_nobody(event: dict[str, Any]):
    assert refused(event).code is ErrorCode.UNAUTHORIZED


@pytest.mark.parametrize(
    "event",
    [
        on_socket(identity={"accountId": None, "caller": None}),
        on_socket(identity={"accountId": "123456789012"}),
        on_socket(identity={"caller": SESSION}),
        over_http(iam={"accountId": "123456789012", "callerId": ""}),
    ],
)
def test_a_request_without_a_signature_names_nobody(event: dict[str, Any]):
    assert refused(event, SIGNED).code is ErrorCode.UNAUTHORIZED


def test_what_a_client_sends_names_nobody():
    event = on_socket()
    event |= {"headers": CONTEXT, "queryStringParameters": CONTEXT, "body": str(CONTEXT)}

    assert refused(event).code is ErrorCode.UNAUTHORIZED


def test_a_refusal_is_logged_without_what_was_given(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    refused(on_socket({**CONTEXT, "tenant": "secret-of-somebody\n"}))

    assert "secret-of-somebody" not in str([record.__dict__ for record in caplog.records])
