"""Names permissions that the engine knows by other names or not at all; in the engine's process.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from cdk_streamer_local.engine.message_moves import source_of

_MAPPING = re.compile(r"/\d{4}-\d{2}-\d{2}/event-source-mappings/[^/]+/?")
_OF_MAPPING = {
    "GET": "lambda:GetEventSourceMapping",
    "PUT": "lambda:UpdateEventSourceMapping",
    "DELETE": "lambda:DeleteEventSourceMapping",
}
_MOVES = frozenset({"StartMessageMoveTask", "ListMessageMoveTasks", "CancelMessageMoveTask"})
_TARGET = "AmazonSQS."

Headers = Mapping[str, str]

# Who makes the call that is under way, by the access key.
_caller: ContextVar[str] = ContextVar("caller", default="")


class Rights:
    """The engine's judgement, for parts of ours that need more than one permission."""

    def __init__(
        self,
        evaluator: Any,  # noqa: ANN401 - modules of the engine
        responses: Any,  # noqa: ANN401
        access_key: Callable[..., str],
        *,
        are_enforced: bool,
    ) -> None:
        self._evaluator = evaluator
        self._responses = responses
        self._access_key = access_key
        self._are_enforced = are_enforced

    def call_begins(self, headers: Headers, query: Mapping[str, Any]) -> None:
        """Remember who calls."""
        _caller.set(self._access_key(headers, query))

    def refusal(self, action: str, arn: str) -> str | None:
        """Tell why the caller may not do this to a resource, or None if it may."""
        return self._refusal(_caller.get(), action, arn)

    def refusal_of_invocation(self, authorization: str, region: str, arn: str) -> str | None:
        """Tell why a signer may not invoke a function, or None if it may."""
        key = self._access_key({"authorization": authorization}, {})
        account = arn.split(":")[4]
        with self._responses.request_scope(account, region):
            return self._refusal(key, "lambda:InvokeFunction", arn)

    def _refusal(self, key: str, action: str, arn: str) -> str | None:
        if not self._are_enforced:
            return None
        _, _, service, region, *_ = arn.split(":")
        denied = self._evaluator.enforce(key, action, service, region, resource_arn=arn)
        if denied is None:
            return None
        who = getattr(denied, "principal_arn", "") or "the caller"
        return (
            f"User: {who} is not authorized to perform: {action} on resource: {arn} because no "
            f"identity-based policy allows the {action} action"
        )


def tell_rights(actions: Any, rights: Rights) -> None:  # noqa: ANN401 - a module of the engine
    """Have the engine ask for these permissions."""
    action_of: Callable[..., Any] = actions.extract_iam_action
    resource_of: Callable[..., str] = actions.extract_resource_arn

    def action(service: str, method: str, path: str, headers: Headers, *rest: Any) -> Any:  # noqa: ANN401
        if move_of(service, headers):
            rights.call_begins(headers, rest[1])
        named = mapping_action(service, method, path)
        return named or action_of(service, method, path, headers, *rest)

    def resource(service: str, method: str, path: str, headers: Headers, *rest: Any) -> str:  # noqa: ANN401
        if move_of(service, headers):
            return source_of(json.loads(rest[0] or b"{}")) or "*"
        return resource_of(service, method, path, headers, *rest)

    actions.extract_iam_action = action
    actions.extract_resource_arn = resource


def mapping_action(service: str, method: str, path: str) -> str | None:
    """Name what a call about one event source mapping needs."""
    if service != "lambda" or _MAPPING.fullmatch(path) is None:
        return None
    return _OF_MAPPING.get(method)


def move_of(service: str, headers: Headers) -> str | None:
    """Name the operation, if it is about moving messages."""
    operation = headers.get("x-amz-target", "").removeprefix(_TARGET)
    return operation if service == "sqs" and operation in _MOVES else None
