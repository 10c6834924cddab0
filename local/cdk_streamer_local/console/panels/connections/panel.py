"""The panel of connections: who is connected, what each hears of, and a word to one of them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import quote

from cdk_streamer_local.cloud.deployment import DeployedStack
from cdk_streamer_local.console.panel import Body, Panel, Refused, Unknown
from cdk_streamer_local.console.panels.connections.gateway import Open, close, opened
from cdk_streamer_local.console.panels.connections.subjects import (
    ChannelRow,
    SubjectTable,
    Subscription,
)
from cdk_streamer_local.console.panels.requests.apis import ProgressApi, apis_of
from cdk_streamer_local.console.running import Running
from cdk_streamer_runtime.aws import LeanClient
from cdk_streamer_runtime.contract import MESSAGE_BYTES, AuthorizerContext
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import AwsError, Gone, Throttled
from cdk_streamer_runtime.sockets.connections import Caller, ConnectionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRow:
    """One of them; `api` is its construct's path. Times are seconds since the epoch."""

    id: str
    api: str
    stage: str
    owner: str
    tenant: str
    authorizer: Mapping[str, Any]
    connected_at: float
    last_active_at: float
    source_ip: str
    user_agent: str
    received: int
    sent: int
    buffered: int
    subscriptions: Sequence[Subscription]


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """The whole: `total` are open, of which `rows` shows the first."""

    total: int
    rows: Sequence[ConnectionRow]
    channels: Sequence[ChannelRow]
    is_cut: bool
    apis: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    api: ProgressApi
    aws: LeanClient
    table: SubjectTable
    callers: dict[str, Caller | None] = field(default_factory=dict[str, Caller | None])

    def caller_of(self, connection: Open) -> Caller | None:
        """Tell who signed for a connection: no authorizer has spoken there, only the table has."""
        if connection.id not in self.callers:
            store = ConnectionStore(Table(self.aws, self.api.table))
            self.callers[connection.id] = store.caller_of(connection.id)
        return self.callers[connection.id]


class Connections(Panel):
    """Read from the gateway, and from the tables of all APIs."""

    name: ClassVar[str] = "connections"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: Running | None = None
        self._sources: Sequence[_Source] = ()

    def read(self, running: Running) -> Glance:
        """Give what is connected."""
        sources = self._found(running)
        subjects = [source.table.read() for source in sources]
        heard: dict[str, list[Subscription]] = {}
        for each in subjects:
            for connection, subscriptions in each.by_connection.items():
                heard.setdefault(connection, []).extend(subscriptions)
        total, found = opened(running.host.gateway)
        names = _names(running, [source.api for source in sources])
        return Glance(
            total=total,
            rows=[
                _row(each, names, _caller(each, sources), heard.get(each.id, ())) for each in found
            ],
            channels=[channel for each in subjects for channel in each.channels],
            is_cut=any(each.is_cut for each in subjects),
            apis=sorted(names.values()),
        )

    def act(self, running: Running, verb: str, body: Body) -> object:
        """Close the connection `id`, or send it the `text`."""
        id = str(body.get("id"))
        match verb:
            case "close":
                close(running.host.gateway, id)
            case "send":
                self._send(running, id, str(body.get("text", "")))
            case _:
                raise Unknown(f"connections cannot {verb!r}")
        return {}

    def close(self) -> None:
        """End the connections to the tables."""
        for source in self._sources:
            source.aws.close()

    def _send(self, running: Running, id: str, text: str) -> None:
        """Post as a function does: by the management API, signed."""
        size = len(text.encode())
        if size > MESSAGE_BYTES:
            raise Refused(f"a message has at most {MESSAGE_BYTES} bytes, got {size}; send less")
        _, found = opened(running.host.gateway)
        connection = next((each for each in found if each.id == id), None)
        if connection is None:
            raise Unknown("the connection is gone")
        authority = running.host.gateway.authority
        place = f"http://{authority}/_aws/execute-api/{connection.api}/{connection.stage}"
        aws = running.aws(_stack_of(running, connection.api))
        try:
            url = f"{place}/@connections/{quote(id, safe='')}"
            aws.rest("execute-api", "POST", url, body=text.encode())
        except Gone:
            raise Unknown("the connection is gone") from None
        except Throttled:
            raise Refused("the client does not read what it gets; wait, or close it") from None
        except AwsError as fault:
            raise Refused(f"the gateway refused it: {fault}") from None
        finally:
            aws.close()

    def _found(self, running: Running) -> Sequence[_Source]:
        with self._lock:
            if self._running is not running:
                sources: list[_Source] = []
                for api in apis_of(running):
                    aws = running.aws(api.stack)
                    sources.append(_Source(api=api, aws=aws, table=SubjectTable(aws, api)))
                self.close()
                self._running, self._sources = running, sources
            return self._sources


def _names(running: Running, apis: Sequence[ProgressApi]) -> dict[str, str]:
    """Give the construct of each WebSocket API, by the engine's id."""
    sockets = {
        id: resource.construct_path
        for _, resource, id in running.resources("AWS::ApiGatewayV2::Api")
        if resource.properties.get("ProtocolType") == "WEBSOCKET"
    }
    return sockets | {api.id: api.name for api in apis}


def _stack_of(running: Running, api: str) -> DeployedStack:
    for stack, _, id in running.resources("AWS::ApiGatewayV2::Api"):
        if id == api:
            return stack
    raise Unknown("the connection's API is gone")


def _caller(connection: Open, sources: Sequence[_Source]) -> tuple[str, str]:
    """Give owner and tenant; empty where nobody told."""
    if connection.authorizer:
        owner = connection.authorizer.get(AuthorizerContext.OWNER, "")
        return str(owner), str(connection.authorizer.get(AuthorizerContext.TENANT, ""))
    source = next((each for each in sources if each.api.id == connection.api), None)
    caller = source.caller_of(connection) if source else None
    return (caller.owner, caller.tenant) if caller else ("", "")


def _row(
    connection: Open,
    names: Mapping[str, str],
    caller: tuple[str, str],
    subscriptions: Sequence[Subscription],
) -> ConnectionRow:
    owner, tenant = caller
    return ConnectionRow(
        id=connection.id,
        api=names.get(connection.api, connection.api),
        stage=connection.stage,
        owner=owner,
        tenant=tenant,
        authorizer=connection.authorizer,
        connected_at=connection.connected_at,
        last_active_at=connection.last_active_at,
        source_ip=connection.source_ip,
        user_agent=connection.user_agent,
        received=connection.received,
        sent=connection.sent,
        buffered=connection.buffered,
        subscriptions=subscriptions,
    )
