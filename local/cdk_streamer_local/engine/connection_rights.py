"""Judges calls of the management API of WebSocket APIs; in the engine's process.

The engine is asked with the very request. It has no connection itself, so whom it lets through is
told that the connection is gone.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from cdk_streamer_local.engine.durable_messages import Application, Message, Request, ask

_GONE = 410
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request")


class ConnectionRights:
    """The engine's verdicts, and what the next signatures of the same key are checked with."""

    def __init__(
        self,
        application: Application,
        evaluator: Any,  # noqa: ANN401 - modules of the engine
        responses: Any,  # noqa: ANN401
        signatures: Any,  # noqa: ANN401
        *,
        are_enforced: bool,
    ) -> None:
        self._application = application
        self._evaluator = evaluator
        self._responses = responses
        self._signatures = signatures
        self._are_enforced = are_enforced

    async def judge(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Tell whether a call is allowed, with its signing key, or what to answer."""
        request = _request(question)
        told = await ask(self._application, _scope(request), request)
        if told.status == _GONE:
            return {"allowed": True, "key": self._signing_key(request)}
        error = (value for name, value in told.headers if name.lower() == b"x-amzn-errortype")
        return {
            "allowed": False,
            "status": told.status,
            "body": told.body.decode(errors="replace"),
            "error": next(error, b"ForbiddenException").decode("latin-1"),
        }

    def _signing_key(self, request: Request) -> str | None:
        """Give what is good for this service, region and day alone; None where nobody must sign."""
        found = _CREDENTIAL.search(request.header(b"authorization"))
        if found is None or not self._are_enforced:
            return None
        access_key, *scope = found.groups()
        if self._evaluator.is_root_access_key(access_key):
            return None
        account = self._responses._account_from_sts_session(  # noqa: SLF001
            access_key
        ) or self._evaluator.find_iam_access_key_account(access_key)
        credential = self._evaluator.resolve_credential(access_key, account)
        key = self._signatures.derive_signing_key(credential.secret_access_key, *scope)
        return base64.b64encode(key).decode()


def _request(question: Mapping[str, Any]) -> Request:
    return Request(
        method=question["method"],
        path=question["path"],
        query=question["query"].encode("latin-1"),
        headers=tuple(
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in question["headers"]
        ),
        body=base64.b64decode(question["body"]),
    )


def _scope(request: Request) -> Message:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "https",  # as it would be on AWS, however the gateway was reached
        "path": unquote(request.path),
        "raw_path": request.path.encode("latin-1"),
        "query_string": request.query,
        "root_path": "",
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 443),
    }
