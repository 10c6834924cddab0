"""Calls of the management API, signed as the runtime signs them."""

from __future__ import annotations

import base64
import hmac
import http.client
import json
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from cdk_streamer_local.engine.port import HOST
from cdk_streamer_runtime._sigv4 import Credentials, Scope, signed
from tests.local.gateway.engine import REGION
from tests.local.gateway.running import Running

SECRET_KEY = "secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def error(self) -> str | None:
        return self.headers.get("x-amzn-errortype")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who signs; `secret_key` is right by default."""

    gateway: Running
    name: str = "chat"
    stage: str = "live"
    access_key: str = "AKIDEXAMPLE"
    secret_key: str = SECRET_KEY
    token: str | None = None
    age: float = 0
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def post(self, connection: str, body: bytes = b"hello") -> Told:
        return self.call("POST", connection, body)

    def get(self, connection: str) -> Told:
        return self.call("GET", connection)

    def delete(self, connection: str) -> Told:
        return self.call("DELETE", connection)

    def call(self, method: str, connection: str, body: bytes = b"") -> Told:
        with closing(http.client.HTTPConnection(HOST, self.gateway.port, timeout=10)) as wire:
            return self.over(wire, method, connection, body)

    def over(
        self, wire: http.client.HTTPConnection, method: str, connection: str, body: bytes = b""
    ) -> Told:
        """Call over a connection that may be used again."""
        path = self.path(connection)
        wire.request(method, path, body or None, self.signed(method, path, body))
        return told(wire.getresponse())

    def path(self, connection: str) -> str:
        name = quote(connection, safe="")
        return f"/_aws/execute-api/{self.name}/{self.stage}/@connections/{name}"

    def signed(self, method: str, path: str, body: bytes) -> dict[str, str]:
        moment = time.gmtime(time.time() - self.age)
        return signed(
            Credentials(self.access_key, self.secret_key, self.token),
            Scope("execute-api", REGION, time.strftime("%Y%m%dT%H%M%SZ", moment)),
            method=method,
            path=path,
            headers={"host": f"{HOST}:{self.gateway.port}", **self.headers},
            body=body,
        )


def told(answer: http.client.HTTPResponse) -> Told:
    headers = {name.lower(): value for name, value in answer.getheaders()}
    return Told(status=answer.status, headers=headers, body=answer.read())


def signing_key(secret: str = SECRET_KEY) -> str:
    """Give what the engine hands out for today's signatures."""
    key = f"AWS4{secret}".encode()
    for part in (time.strftime("%Y%m%d", time.gmtime()), REGION, "execute-api", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return base64.b64encode(key).decode()
