"""The REST API of timers in memory: requests become events, as API Gateway makes them."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from cdk_streamer_runtime.callers import Caller
from cdk_streamer_runtime.contract import AuthorizerContext, CallerRules
from cdk_streamer_runtime.contract.timers import (
    TimerApiEnvironment,
    TimerRoute,
)
from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.memory import MemoryAws, QueueSchema
from cdk_streamer_runtime.memory.http import HttpAnswer
from cdk_streamer_runtime.memory.platform import MemoryPlatform
from cdk_streamer_runtime.memory.timers import TABLE as SCHEMA, CountedTimerMetrics
from cdk_streamer_runtime.timers.rest.assembly import timer_api
from tests.runtime.observed_aws import ObservedAws
from tests.runtime.timers.world import DEAD, FIRINGS, TABLE

NOW = 1_700_000_000
SHARDS = 16
ANN, BOB = (Caller(tenant="acme", owner=name, expires=NOW + 10_000_000) for name in ("ann", "bob"))
_RESOURCES = {route.partition(" ")[2] for route in TimerRoute}
_PATTERNS = {
    resource: re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]*)", resource))
    for resource in _RESOURCES
}


class Rest:
    """An API on a table of its own; `isolate_owners`: whoever calls has timers of their own."""

    def __init__(
        self,
        *,
        isolate_owners: bool = False,
        look_ahead: int = 180,
        rules: CallerRules | None = None,
    ) -> None:
        self.platform = MemoryPlatform()
        self.platform.now = NOW * 1000
        self.memory = MemoryAws(
            clock=self.platform.clock,
            tables=[SCHEMA],
            queues=[QueueSchema(name=name) for name in (FIRINGS, DEAD)],
        )
        self.aws, self.meter = ObservedAws(self.memory), CountedTimerMetrics()
        settings = TimerApiEnvironment(
            name="timers",
            table_name=TABLE,
            queue_url=self.memory.queue_url(FIRINGS),
            shards=SHARDS,
            look_ahead_seconds=look_ahead,
            isolate_owners=isolate_owners,
            callers=None if rules is None else rules.to_text(),
        )
        self.settings = settings
        self.api = timer_api(settings, aws=self.aws, platform=self.platform, metrics=self.meter)

    def ask(self, method: str, path: str, body: object = None, **options: Any) -> HttpAnswer:
        """Send a request; see `rest_event`."""
        event = rest_event(method, path, body, **options)
        return HttpAnswer.from_event(self.api.handle(event))

    def put(self, id: str, body: object, **options: Any) -> HttpAnswer:
        return self.ask("PUT", f"/periodic/{id}", body, **options)

    def get(self, id: str, **options: Any) -> HttpAnswer:
        return self.ask("GET", f"/periodic/{id}", **options)

    def rev(self, id: str) -> str:
        return self.get(id).headers["etag"]

    def stored(self) -> list[Any]:
        """Give all that is in the table."""
        return self.memory.items(TABLE)

    def sent(self) -> list[str]:
        """Give the bodies of all messages."""
        return self.memory.messages(FIRINGS)


def rest_event(
    method: str,
    path: str,
    body: object = None,
    *,
    query: Mapping[str, str | Sequence[str]] | None = None,
    headers: Mapping[str, str | Sequence[str]] | None = None,
    caller: Caller | None = None,
    identity: Mapping[str, str] | None = None,
    base64: bool = False,
) -> dict[str, Any]:
    """Make an event of payload format 1.0.

    A `body` of str or bytes is sent as it is, anything else as JSON with its content-type.
    `identity` is what AWS_IAM found behind a signature.
    """
    given = {name: _lines(value) for name, value in (headers or {}).items()}
    if body is not None and not isinstance(body, str | bytes):
        given = {"Content-Type": ["application/json"], **given}
        body = encode(body)
    if isinstance(body, bytes) or base64:
        raw = body if isinstance(body, bytes) else str(body).encode()
        body, base64 = b64encode(raw).decode(), True
    resource, parameters = _resource(path)
    asked = {name: _lines(value) for name, value in (query or {}).items()}
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": {name: values[-1] for name, values in given.items()} or None,
        "multiValueHeaders": given or None,
        "queryStringParameters": {name: values[-1] for name, values in asked.items()} or None,
        "multiValueQueryStringParameters": asked or None,
        "pathParameters": parameters,
        "stageVariables": None,
        "requestContext": {
            "requestId": "request-1",
            "requestTimeEpoch": NOW * 1000,
            "identity": {"sourceIp": "203.0.113.7", **(identity or {})},
            **({"authorizer": _context(caller)} if caller else {}),
        },
        "body": body,
        "isBase64Encoded": base64,
    }


def _lines(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _resource(path: str) -> tuple[str, dict[str, str] | None]:
    for resource, pattern in _PATTERNS.items():
        match = pattern.fullmatch(path)
        if match:
            # As AWS does it: encoded.
            return resource, {n: quote(v, safe="%:~") for n, v in match.groupdict().items()} or None
    return path, None


def _context(caller: Caller) -> dict[str, str]:
    return {
        AuthorizerContext.TENANT: caller.tenant,
        AuthorizerContext.OWNER: caller.owner,
        AuthorizerContext.EXPIRES: str(caller.expires),
    }
