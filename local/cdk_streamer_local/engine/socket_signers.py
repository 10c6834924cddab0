"""Judges handshakes that are signed: by the engine's own rules; in the engine's process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

Question = Mapping[str, Any]


class Signers:
    """The engine's judgement of a signed handshake, and who signed it."""

    def __init__(
        self,
        apis: Any,  # noqa: ANN401 - modules of the engine
        responses: Any,  # noqa: ANN401
        access_key: Callable[..., str],
        resolve: Callable[..., Any],
    ) -> None:
        self._apis = apis
        self._responses = responses
        self._access_key = access_key
        self._resolve = resolve

    def judge(self, question: Question) -> dict[str, Any]:
        """Give `refusal`, a status and a text, or the signer's `identity`."""
        named: dict[str, str] = {name.lower(): value for name, value in question["headers"]}
        query = parse_qs(question["query"], keep_blank_values=True)
        with self._responses.request_scope(question["account"], question["region"]):
            refusal = self._apis._authorize_ws_iam(  # noqa: SLF001
                _scope(question), question["arn"], named, query, question["region"]
            )
            if refusal:
                return {"refusal": list(refusal)}
            return {"identity": _identity_of(self._resolve(self._access_key(named, query)))}


def _scope(question: Question) -> dict[str, Any]:
    """Give the handshake as the engine's server would have shown it."""
    path: str = question["path"]
    return {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": question["query"].encode(),
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
            for name, value in question["headers"]
        ],
    }


def _identity_of(signer: Mapping[str, Any] | None) -> dict[str, Any]:
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
