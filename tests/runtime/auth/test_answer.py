"""What API Gateway is told."""

from __future__ import annotations

import re

import pytest

from cdk_streamer_runtime.auth import answer
from cdk_streamer_runtime.auth.identity import Identity
from tests.runtime.auth.events import METHOD_ARN, connect

TIMER_ROUTES = [
    METHOD_ARN.replace("$connect", route)
    for route in (
        *("PUT/periodic/*", "GET/periodic/*", "PATCH/periodic/*", "DELETE/periodic/*"),
        *("GET/periodic/*/occurrences", "GET/periodic", "POST/periodic:batch"),
    )
]
ALICE = Identity(tenant="acme", owner="alice", expires=1_900_000_000, scopes=frozenset({"b", "a"}))
STAGE = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/live/"


def test_an_accepted_caller_may_use_the_three_routes_of_this_api_and_stage() -> None:
    policy = answer.allow(connect(), ALICE)["policyDocument"]

    assert policy == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Action": "execute-api:Invoke",
                "Effect": "Allow",
                "Resource": [f"{STAGE}$connect", f"{STAGE}$disconnect", f"{STAGE}$default"],
            }
        ],
    }


def test_the_context_tells_later_messages_who_speaks_in_texts() -> None:
    assert answer.allow(connect(), ALICE)["context"] == {
        "tenant": "acme",
        "owner": "alice",
        "expires": "1900000000",
        "scopes": "a b",
    }


def test_the_principal_tells_logs_apart_without_telling_who_it_is() -> None:
    principals = {
        str(answer.allow(connect(), caller)["principalId"])
        for caller in (
            ALICE,
            Identity(tenant="acme", owner="bob", expires=1, scopes=frozenset()),
            Identity(tenant="acmea", owner="lice", expires=1, scopes=frozenset()),
            Identity(tenant="", owner="acmealice", expires=1, scopes=frozenset()),
        )
    }

    assert len(principals) == 4
    assert all(re.fullmatch(r"[0-9a-f]{32}", principal) for principal in principals)


def test_the_principal_of_a_caller_stays_when_tokens_change() -> None:
    renewed = Identity(tenant="acme", owner="alice", expires=2, scopes=frozenset({"c"}))

    assert renewed.principal == ALICE.principal


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_the_policy_stays_in_its_partition(partition: str) -> None:
    arn = METHOD_ARN.replace("arn:aws:", f"arn:{partition}:")

    policy = str(answer.allow(connect(methodArn=arn), ALICE)["policyDocument"])

    assert policy.count(f"'arn:{partition}:execute-api:") == 3


@pytest.mark.parametrize(
    "call",
    [
        "GET/periodic", "PUT/periodic/nightly", "GET/periodic/a%3Ab/occurrences",
        "POST/periodic:batch", "PUT/periodic/*", "DELETE/periodic/../../$connect",
    ],
)  # fmt: skip
def test_over_rest_the_policy_names_the_routes_of_timers_and_nothing_that_was_asked_for(
    call: str,
) -> None:
    stage = METHOD_ARN.removesuffix("$connect")

    answered = answer.allow(connect(methodArn=stage + call), ALICE)

    policy = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": TIMER_ROUTES}
    assert answered["policyDocument"] == {"Version": "2012-10-17", "Statement": [policy]}
    assert answered["context"] == ALICE.to_context()


@pytest.mark.parametrize(
    "arn",
    [
        None, "", "*", "$connect", 1, "arn:aws:execute-api:*:*:*/*/$connect",
        METHOD_ARN.replace("a1b2c3d4e5", "*"), METHOD_ARN.replace("live", "*"),
        METHOD_ARN.replace("live", "li?e"), METHOD_ARN.replace("live", "${stage}"),
        METHOD_ARN.replace("live", ""), METHOD_ARN.replace("$connect", "$default"),
        METHOD_ARN.replace("$connect", "*"), METHOD_ARN.replace("/$connect", "/GET/$connect"),
        METHOD_ARN.replace("execute-api", "s3"), METHOD_ARN.replace("execute-api", "*"),
        METHOD_ARN.replace("$connect", "GET/periodical"),
        METHOD_ARN.replace("$connect", "GET/other"),
        METHOD_ARN.replace("live/$connect", "*/GET/periodic"),
        METHOD_ARN.replace("$connect", "*/periodic/a"), METHOD_ARN.replace("$connect", "periodic"),
        f"{METHOD_ARN}\n", f" {METHOD_ARN}", METHOD_ARN.replace("123456789012", "*"),
    ],
)  # fmt: skip
def test_no_policy_is_made_for_a_resource_that_is_not_one_route(arn: object) -> None:
    with pytest.raises(ValueError, match="methodArn"):
        answer.allow(connect(methodArn=arn), ALICE)


def test_a_denial_names_nothing_and_nobody() -> None:
    assert answer.deny() == {
        "principalId": "denied",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": ["*"]}],
        },
    }
