"""The AsyncRequestApis and ProgressWebSockets of an app, by what their own functions are told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cdk_streamer_local.cloud.apis import Api
from cdk_streamer_local.cloud.deployment import DeployedStack
from cdk_streamer_local.console.panels.deployed import Deployed, DeployedFunctions
from cdk_streamer_local.console.running import Running
from cdk_streamer_runtime.contract import (
    CallerRules,
    ConnectionEnvironment,
    EntryPoint,
    Environment,
    MessageEnvironment,
)
from cdk_streamer_runtime.sockets.origins import Origins

_ENDPOINT = re.compile(r"https://(?P<api>[a-z0-9]+)\.execute-api\.[^/]+/(?P<stage>[^/]+)/?")
_RUNNERS = (EntryPoint.WORKER, EntryPoint.DURABLE, EntryPoint.MESSAGE, EntryPoint.HTTP)
_PARTS = frozenset({*_RUNNERS, EntryPoint.CONNECTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part(Environment):
    """What every function of an API is told."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressApi:
    """One API. `id` and `stage` are the engine's; `issuer` is whose tokens it takes, if any.

    `url` is its address, `plain_url` that for browsers. `runners` are the labels of the functions
    that run its actions. `bucket` holds large results. `has_tenants`: its tokens name one.
    `origins` are the pages that may connect; None: all may.
    """

    name: str
    id: str
    stage: str
    url: str
    plain_url: str
    issuer: str | None
    has_tenants: bool
    is_signed: bool
    origins: Sequence[str] | None
    has_requests: bool
    retention: int
    table: str
    bucket: str | None
    runners: Sequence[str]
    stack: DeployedStack = field(repr=False)


def apis_of(running: Running) -> list[ProgressApi]:
    """Give them all, in the order of the templates."""
    functions = [each for each in DeployedFunctions().read(running) if each.entry_point in _PARTS]
    apis: list[ProgressApi] = []
    for function in functions:
        if function.entry_point == EntryPoint.MESSAGE:
            told = MessageEnvironment.from_variables(function.variables)
            own = [
                each
                for each in functions
                if each.stack is function.stack and _name(each) == told.name
            ]
            apis += _api(running, told, function.stack, own)
    return apis


def _name(function: Deployed) -> str:
    return _Part.from_variables(function.variables).name


def _api(
    running: Running, told: MessageEnvironment, stack: DeployedStack, own: Sequence[Deployed]
) -> list[ProgressApi]:
    endpoint = _ENDPOINT.match(told.endpoint)
    if endpoint is None:
        return []
    address = _address(running.record.sockets, f"/{endpoint['api']}/{endpoint['stage']}")
    authorizers = (wired.authorizer for wired in running.system.wired)
    authorizer = next((each for each in authorizers if each and each.name == told.name), None)
    return [
        ProgressApi(
            name=told.name,
            id=endpoint["api"],
            stage=endpoint["stage"],
            url=address.url if address else "",
            plain_url=address.plain_url if address else "",
            issuer=authorizer.issuer if authorizer else None,
            has_tenants=authorizer is not None and bool(authorizer.tenant_claim),
            is_signed=CallerRules.from_text(_door(own).callers).signed,
            origins=_origins(_door(own)),
            has_requests=told.requests,
            retention=told.retention_seconds,
            table=told.table_name,
            bucket=told.bucket_name,
            runners=[
                each.function.label
                for entry in _RUNNERS
                for each in own
                if each.entry_point == entry
            ],
            stack=stack,
        )
    ]


def _address(sockets: Sequence[Api], place: str) -> Api | None:
    return next((socket for socket in sockets if socket.url.endswith(place)), None)


def _door(own: Sequence[Deployed]) -> ConnectionEnvironment:
    """Give what the function behind `$connect` is told of callers."""
    functions = (each for each in own if each.entry_point == EntryPoint.CONNECTION)
    return ConnectionEnvironment.from_variables(next(functions).variables)


def _origins(door: ConnectionEnvironment) -> Sequence[str] | None:
    allowed = Origins.from_text(door.origins).allowed
    return None if allowed is None else sorted(allowed)
