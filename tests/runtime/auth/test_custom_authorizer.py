"""The authorizer that docs/auth.md shows, asked by both APIs, and what comes of its answer."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from cdk_streamer_runtime.callers import Caller, Callers
from cdk_streamer_runtime.contract import CONNECTION_SECONDS, CallerRules
from tests.runtime.auth.events import METHOD_ARN, connect

PAGE = Path(__file__).parents[3] / "docs" / "auth.md"
NOW = 1_700_000_000
HTTP_ARN = "arn:aws:execute-api:eu-central-1:123456789012:h1t2t3p4a5/live/POST/requests"


@pytest.fixture
def authorize() -> Any:
    pattern = re.compile(r"^```python\n(# authorizer/.*?)^```$", re.MULTILINE | re.DOTALL)
    (block,) = pattern.findall(PAGE.read_text())
    names: dict[str, Any] = {}
    exec(compile(block, "docs/auth.md", "exec"), names)  # noqa: S102 - our own page
    names["PARTNERS"] = {hashlib.sha256(b"a key").hexdigest(): ("acme", "importer")}
    return names["handler"]


def http_event(headers: dict[str, str]) -> dict[str, Any]:
    """Give what an HTTP API sends in payload format 1.0.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
    """
    return {
        "version": "1.0",
        "type": "REQUEST",
        "methodArn": HTTP_ARN,
        "identitySource": headers.get("x-api-key"),
        "headers": headers,
        "requestContext": {"stage": "live"},
    }


def behind(event: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """Give the event of the function behind, with what API Gateway makes of an answer."""
    context = {name: str(value) for name, value in answer["context"].items()}
    if event.get("version") == "1.0":
        request = {"http": {}, "timeEpoch": NOW * 1000, "authorizer": {"lambda": context}}
    else:
        request = {"connectedAt": NOW * 1000, "authorizer": {**context, "principalId": "partner"}}
    return {"requestContext": request}


EVENTS = {
    METHOD_ARN: lambda key: connect({"X-Api-Key": [key]}),
    HTTP_ARN: lambda key: http_event({"x-api-key": key}),
}


@pytest.mark.parametrize("arn", EVENTS)
def test_a_partner_is_let_in_and_known(authorize: Any, arn: str):
    event = EVENTS[arn]("a key")
    answer = authorize(event, None)
    (statement,) = answer["policyDocument"]["Statement"]

    assert (statement["Effect"], statement["Resource"]) == ("Allow", arn)
    assert Callers(rules=CallerRules()).of(behind(event, answer)) == Caller(
        tenant="acme",
        owner="importer",
        expires=NOW + CONNECTION_SECONDS,
        scopes=frozenset({"reports:write"}),
    )


@pytest.mark.parametrize("arn", EVENTS)
@pytest.mark.parametrize("key", ["", "another key"])
def test_nobody_else_is(authorize: Any, arn: str, key: str):
    answer = authorize(EVENTS[arn](key), None)

    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert "context" not in answer
