"""WebSocket APIs as the engine has them now: routes, integrations, authorizers, stages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Ask = Callable[[Mapping[str, object]], Awaitable[Mapping[str, Any]]]

CONNECT, DISCONNECT, DEFAULT = "$connect", "$disconnect", "$default"
_FUNCTIONS = "/functions/"
_FRESH_SECONDS = 1.0
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
INTEGRATION_SECONDS = 29.0


class IntegrationKind(StrEnum):
    """What is behind a route, as far as it is known here."""

    LAMBDA = "AWS_PROXY"
    LAMBDA_WITHOUT_PROXY = "AWS"
    MOCK = "MOCK"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """What a route leads to; `function` is an ARN or a name, for a function."""

    kind: IntegrationKind
    function: str = ""
    seconds: float = INTEGRATION_SECONDS

    @property
    def is_function(self) -> bool:
        """Tell whether there is a function to be invoked."""
        return self.kind in {IntegrationKind.LAMBDA, IntegrationKind.LAMBDA_WITHOUT_PROXY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorizer:
    """The function that decides who may connect, and what a request must bring to be asked."""

    function: str
    identity_sources: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route; `authorization` is NONE, AWS_IAM or CUSTOM and matters at `$connect` alone."""

    key: str
    integration: Integration | None = None
    authorization: str = "NONE"
    authorizer: Authorizer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One WebSocket API; `stages` are the variables of each."""

    id: str
    account: str
    region: str
    selection: str
    routes: Mapping[str, Route] = field(default_factory=dict[str, Route])
    stages: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    def method_arn(self, stage: str, route: str) -> str:
        """Give the address that policies name the route by."""
        return f"arn:aws:execute-api:{self.region}:{self.account}:{self.id}/{stage}/{route}"

    @classmethod
    def decode(cls, api_id: str, told: Mapping[str, Any]) -> Api:
        """Read what the engine told."""
        integrations = {name: _integration(one) for name, one in told["integrations"].items()}
        authorizers = {
            name: Authorizer(
                function=_function(one.get("authorizerUri") or ""),
                identity_sources=tuple(one.get("identitySource") or ()),
            )
            for name, one in told["authorizers"].items()
        }
        routes = [_route(one, integrations, authorizers) for one in told["routes"]]
        return cls(
            id=api_id,
            account=told["account"],
            region=told["region"],
            selection=told["selection"],
            routes={route.key: route for route in routes},
            stages=told["stages"],
        )


class Apis:
    """Descriptions of the APIs, a second old at most; `clock` only ever goes on."""

    def __init__(self, ask: Ask, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._known: dict[str, tuple[float, asyncio.Future[Api | None]]] = {}

    async def find(self, api_id: str) -> Api | None:
        """Give a WebSocket API, or None for an id that is none's."""
        now = self._clock()
        at, described = self._known.get(api_id, (now - _FRESH_SECONDS, None))
        if described is None or now - at >= _FRESH_SECONDS:
            self._forget_stale(now)
            described = asyncio.ensure_future(self._describe(api_id))
            self._known[api_id] = (now, described)
            described.add_done_callback(lambda done: self._forget_failed(api_id, done))
        return await asyncio.shield(described)

    async def _describe(self, api_id: str) -> Api | None:
        told = await self._ask({"kind": "describe", "api": api_id})
        return Api.decode(api_id, told) if told.get("protocol") == "WEBSOCKET" else None

    def _forget_failed(self, api_id: str, done: asyncio.Future[Api | None]) -> None:
        """Let the next one ask again: an engine that comes back is heard at once."""
        known = self._known.get(api_id)
        if done.exception() is not None and known is not None and known[1] is done:
            del self._known[api_id]

    def _forget_stale(self, now: float) -> None:
        """Keep no more ids than were asked for lately: anybody may ask for any."""
        self._known = {
            name: known for name, known in self._known.items() if now - known[0] < _FRESH_SECONDS
        }


def _route(
    told: Mapping[str, Any],
    integrations: Mapping[str, Integration],
    authorizers: Mapping[str, Authorizer],
) -> Route:
    target = str(told.get("target") or "").rpartition("/")[2]
    return Route(
        key=told["routeKey"],
        integration=integrations.get(target),
        authorization=str(told.get("authorizationType") or "NONE").upper(),
        authorizer=authorizers.get(told.get("authorizerId") or ""),
    )


def _integration(told: Mapping[str, Any]) -> Integration:
    kind = str(told.get("integrationType") or "")
    if kind == "MOCK":
        return Integration(kind=IntegrationKind.MOCK)
    uri = str(told.get("integrationUri") or "")
    if kind not in {"AWS_PROXY", "AWS"} or not uri or (kind == "AWS" and _FUNCTIONS not in uri):
        return Integration(kind=IntegrationKind.OTHER)
    milliseconds = float(told.get("timeoutInMillis") or INTEGRATION_SECONDS * 1000)
    return Integration(
        kind=IntegrationKind(kind),
        function=_function(uri),
        seconds=min(milliseconds / 1000, INTEGRATION_SECONDS),
    )


def _function(uri: str) -> str:
    """Give the function inside the address of an integration."""
    return uri.partition(_FUNCTIONS)[2].partition("/invocations")[0] or uri
