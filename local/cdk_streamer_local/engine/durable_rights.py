"""Names the permission that a call about durable executions needs; in the engine's process.

The engine knows of none, and lets everybody in. What executions do about themselves stays open to
all: the managed policy that allows it on AWS is none of the engine's.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from cdk_streamer_local.engine.durable_places import asker_of

_VERSION = "/2025-12-01"
_EXECUTION = re.compile(rf"{_VERSION}/durable-executions/(?P<arn>.+/durable-execution/[^/]+/[^/]+)"
                        r"(?P<rest>/\w+)?")  # fmt: skip
_CALLBACK = re.compile(rf"{_VERSION}/durable-execution-callbacks/(?P<id>.+)/(?P<verb>\w+)")
_LIST = re.compile(rf"{_VERSION}/functions/(?P<function>.+)/durable-executions")
_OF_EXECUTION = {
    "": "GetDurableExecution",
    "/history": "GetDurableExecutionHistory",
    "/stop": "StopDurableExecution",
}
_OF_CALLBACK = {
    "succeed": "SendDurableExecutionCallbackSuccess",
    "fail": "SendDurableExecutionCallbackFailure",
    "heartbeat": "SendDurableExecutionCallbackHeartbeat",
}


class Need(NamedTuple):
    """A permission, and on what."""

    action: str
    resource: str


def need_of(path: str, arns: Mapping[str, str]) -> Need | None:
    """Tell what a call needs; `arns` are executions by the last part of their address."""
    path = unquote(path)
    if found := _EXECUTION.fullmatch(path):
        action = _OF_EXECUTION.get(found["rest"] or "")
        return Need(f"lambda:{action}", found["arn"]) if action else None
    if found := _CALLBACK.fullmatch(path):
        action = _OF_CALLBACK.get(found["verb"])
        return Need(f"lambda:{action}", arns.get(asker_of(found["id"]), "*")) if action else None
    if found := _LIST.fullmatch(path):
        return Need("lambda:ListDurableExecutionsByFunction", found["function"])
    return None


def tell_rights(actions: Any, arns: Mapping[str, str]) -> None:  # noqa: ANN401 - a module of the engine
    """Have the engine ask for these permissions."""
    action_of: Callable[..., Any] = actions.extract_iam_action
    resource_of: Callable[..., str] = actions.extract_resource_arn

    def action(service: str, method: str, path: str, *rest: Any) -> Any:  # noqa: ANN401
        need = need_of(path, arns)
        return need.action if need else action_of(service, method, path, *rest)

    def resource(service: str, method: str, path: str, *rest: Any) -> str:  # noqa: ANN401
        need = need_of(path, arns)
        return need.resource if need else resource_of(service, method, path, *rest)

    actions.extract_iam_action = action
    actions.extract_resource_arn = resource
