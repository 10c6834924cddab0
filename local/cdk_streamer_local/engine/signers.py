"""Tells the function behind `$connect` who signed, as API Gateway does; in the engine's process.

The engine checks signatures and leaves the signer out of the event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

Signer = Mapping[str, Any]

# Of the handshake that this task is at; a task is one connection.
_signer: ContextVar[Signer | None] = ContextVar("signer", default=None)


def tell_signers(apis: Any, access_key: Callable[..., str], resolve: Callable[..., Any]) -> None:  # noqa: ANN401 - a module of the engine
    """Have the engine's WebSocket APIs name the signer at `$connect`."""
    authorize, describe = apis._authorize_ws_iam, apis._ws_request_context  # noqa: SLF001

    def authorize_and_remember(
        scope: Any,  # noqa: ANN401
        arn: str,
        headers: Mapping[str, str],
        query: Mapping[str, list[str]],
        region: str,
    ) -> object:
        refusal = authorize(scope, arn, headers, query, region)
        _signer.set(None if refusal else resolve(access_key(headers, query)))
        return refusal

    def describe_with_signer(*arguments: Any) -> dict[str, Any]:  # noqa: ANN401
        context: dict[str, Any] = describe(*arguments)
        if context["eventType"] == "CONNECT":
            context["identity"] |= identity_of(_signer.get())
        return context

    apis._authorize_ws_iam = authorize_and_remember  # noqa: SLF001
    apis._ws_request_context = describe_with_signer  # noqa: SLF001


def identity_of(signer: Signer | None) -> dict[str, Any]:
    """Give the members that API Gateway has in the `identity` of a signed request.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
    """
    known = signer or {}
    session: Mapping[str, Any] = known.get("session") or {}
    return {
        "accountId": known.get("accountId"),
        "accessKey": known.get("accessKey"),
        "caller": known.get("userId"),
        "user": known.get("userId"),
        "userArn": known.get("userArn"),
        "cognitoIdentityId": session.get("_identity_id"),
    }
