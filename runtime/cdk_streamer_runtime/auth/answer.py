"""What API Gateway is told: who may connect, and the one answer for everybody else."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cdk_streamer_runtime.auth.credential import is_http
from cdk_streamer_runtime.auth.identity import Identity
from cdk_streamer_runtime.contract import Route
from cdk_streamer_runtime.contract.timers import TimerRoute

# No wildcards from a caller: in a policy they would reach beyond this API and stage.
_STAGE = r"(arn:[a-z0-9-]+:execute-api:[a-z0-9-]*:[0-9]*:[A-Za-z0-9]+/[^/*?$\s]+/)"
_ROUTE_ARN = re.compile(rf"{_STAGE}\$connect", re.ASCII)
_METHOD_ARN = re.compile(rf"{_STAGE}[A-Z]+/periodic([/:].*)?", re.ASCII | re.DOTALL)


def allow(event: Mapping[str, object], identity: Identity) -> dict[str, object]:
    """Let the caller use this API and stage; raises ValueError for a foreign event.

    API Gateway asks at `$connect` only, and AWS's own example names only that route. The policy
    names the others too, and nothing else: an evaluation at later messages would pass as well.
    Over REST it names the routes of timers, and nothing of what the caller wrote.
    """
    if is_http(event):
        return {"isAuthorized": True, "context": identity.to_context()}
    return {
        "principalId": identity.principal,
        "policyDocument": _policy("Allow", _resources(str(event.get("methodArn")))),
        "context": identity.to_context(),
    }


def deny(event: object = None) -> dict[str, object]:
    """Refuse, in the same words for every reason: the caller gets 403 and learns nothing.

    An explicit policy and not the exception that gives 401: an exception counts as an error of
    the function, so strangers could ring the operator's alarm.
    """
    if is_http(event):
        return {"isAuthorized": False}
    return {"principalId": "denied", "policyDocument": _policy("Deny", ["*"])}


def _resources(arn: str) -> list[str]:
    if found := _ROUTE_ARN.fullmatch(arn):
        return [found[1] + route for route in Route]
    if found := _METHOD_ARN.fullmatch(arn):
        return [found[1] + route.resource for route in TimerRoute]
    raise ValueError("the event's methodArn is neither a $connect route's nor a timer's")


def _policy(effect: str, resources: list[str]) -> dict[str, object]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resources}
    return {"Version": "2012-10-17", "Statement": [statement]}
