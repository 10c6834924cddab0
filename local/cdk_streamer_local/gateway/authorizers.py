"""What an authorizer needs to be asked, and what its answer means.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, cast

from cdk_streamer_local.gateway.client import Pairs

_ACTION = "execute-api:Invoke"


class Verdict(StrEnum):
    """What a policy says; UNCLEAR is an answer that is none."""

    ALLOW = "allow"
    DENY = "deny"
    SILENT = "silent"
    UNCLEAR = "unclear"


def has_identity(
    sources: Sequence[str],
    headers: Pairs,
    parameters: Mapping[str, str],
    variables: Mapping[str, str],
) -> bool:
    """Tell whether a request brings all that must be there before the authorizer is asked."""
    named = {name.lower(): value for name, value in headers}
    for source in sources:
        place, _, name = source.removeprefix("route.").removeprefix("$").rpartition(".")
        values = {
            "request.header": named.get(name.lower()),
            "request.querystring": parameters.get(name),
            "stageVariables": variables.get(name),
            "context": name,
        }
        if not values.get(place):
            return False
    return True


def verdict_of(answer: object, arn: str) -> Verdict:
    """Read an authorizer's policy for a route."""
    said = _members(answer)
    statements = _members(said.get("policyDocument")).get("Statement")
    if statements is None or not _is_flat(said.get("context")):
        return Verdict.UNCLEAR
    effects = set(_effects(statements, arn))
    if "Deny" in effects:
        return Verdict.DENY
    return Verdict.ALLOW if "Allow" in effects else Verdict.SILENT


def context_of(answer: Mapping[str, Any]) -> dict[str, str]:
    """Give what an authorizer says of the client, as functions are told: all of it is text."""
    context: Mapping[str, Any] = answer.get("context") or {}
    told = {name: _text(value) for name, value in context.items() if value is not None}
    if answer.get("principalId") is not None:
        told["principalId"] = str(answer["principalId"])
    return told


def _effects(statements: object, arn: str) -> Iterator[str]:
    for statement in map(_members, _listed(statements)):
        concerns = _matches(statement.get("Action"), _ACTION)
        if concerns and _matches(statement.get("Resource"), arn):
            yield str(statement.get("Effect"))


def _matches(patterns: object, name: str) -> bool:
    for pattern in _listed(patterns):
        glob = re.escape(str(pattern)).replace(r"\*", ".*").replace(r"\?", ".")
        if re.fullmatch(glob, name, re.IGNORECASE if name == _ACTION else 0):
            return True
    return False


def _members(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _listed(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _is_flat(context: object) -> bool:
    """Tell whether a context has no lists and objects: those make the answer invalid."""
    said = _members(context)
    if context is not None and context != said:
        return False
    return not any(isinstance(value, dict | list) for value in said.values())


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
