"""What authorizers are asked for and what their answers mean."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_local.gateway.authorizers import Verdict, context_of, has_identity, verdict_of

ARN = "arn:aws:execute-api:eu-west-1:123456789012:chat/live/$connect"
INVOKE = "execute-api:Invoke"

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def statement(effect: str, action: object = INVOKE, resource: object = ARN) -> dict[str, object]:
    return {"Effect": effect, "Action": action, "Resource": resource}


def answer(*statements: object, **members: object) -> dict[str, Any]:
    return {"policyDocument": {"Statement": list(statements)}, **members}


@pytest.mark.parametrize("action", [INVOKE, "*", "execute-api:*", "EXECUTE-API:invoke", ["x", "*"]])
@pytest.mark.parametrize(
    "resource",
    [ARN, "*", "arn:aws:execute-api:*", ARN.replace("live", "*"), ARN.replace("chat", "ch?t")],
)
def test_a_statement_that_matches_allows(action: object, resource: object):
    assert verdict_of(answer(statement("Allow", action, resource)), ARN) is Verdict.ALLOW


@pytest.mark.parametrize(
    "other",
    [
        statement("Allow", action="execute-api:ManageConnections"),
        statement("Allow", resource=ARN.replace("live", "test")),
        statement("Allow", resource=ARN.upper()),
        statement("Allow", resource=[]),
        {"Effect": "Allow"},
        "Allow",
        None,
    ],
)
def test_a_statement_about_something_else_does_not_allow(other: object):
    assert verdict_of(answer(other), ARN) is Verdict.SILENT


def test_one_denial_outweighs_every_permission():
    both = answer(statement("Allow"), statement("Deny", resource="*"), statement("Allow"))

    assert verdict_of(both, ARN) is Verdict.DENY


def test_a_single_statement_needs_no_list():
    assert verdict_of({"policyDocument": {"Statement": statement("Allow")}}, ARN) is Verdict.ALLOW


@pytest.mark.parametrize("context", [{"a": []}, {"a": {}}, "text", [1]])
def test_a_context_that_is_not_flat_makes_the_answer_unclear(context: object):
    assert verdict_of(answer(statement("Allow"), context=context), ARN) is Verdict.UNCLEAR


@given(said=anything)
def test_nothing_but_a_policy_allows(said: object):
    assert verdict_of(said, ARN) is Verdict.UNCLEAR


@given(statements=st.lists(anything, max_size=3))
def test_no_statement_is_too_odd_to_be_read(statements: list[object]):
    assert verdict_of(answer(*statements), ARN) is Verdict.SILENT


def test_what_is_said_of_a_client_is_text():
    said = answer(principalId=7, context={"yes": True, "no": False, "n": 1.5, "nothing": None})

    assert context_of(said) == {"yes": "true", "no": "false", "n": "1.5", "principalId": "7"}


@pytest.mark.parametrize(
    ("source", "is_there"),
    [
        ("route.request.header.Auth", True),
        ("route.request.header.AUTH", True),
        ("route.request.header.Empty", False),
        ("route.request.header.Other", False),
        ("route.request.querystring.t", True),
        ("route.request.querystring.T", False),
        ("stageVariables.color", True),
        ("stageVariables.size", False),
        ("context.connectionId", True),
        ("nonsense", False),
    ],
)
def test_an_identity_is_there_or_not(source: str, is_there: bool):  # noqa: FBT001
    headers = (("auth", "x"), ("Empty", ""))

    assert has_identity([source], headers, {"t": "1"}, {"color": "red"}) is is_there
