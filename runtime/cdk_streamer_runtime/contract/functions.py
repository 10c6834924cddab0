"""Settings of the functions of AsyncRequestApi and ProgressWebSocket.

A module of its own, so that only functions that read them make these classes when they start.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from cdk_streamer_runtime.contract.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizerEnvironment(Environment):
    """Settings of the authorizer of both APIs. `audience` and `algorithms` are comma separated.

    `table_name` is where tickets are; without it none is accepted.
    """

    name: str
    issuer: str
    audience: str
    algorithms: str
    jwks_url: str | None = None
    public_key: str | None = None
    tenant_claim: str = "tenant"
    leeway_seconds: int = 30
    allow_query_token: bool = False
    table_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionEnvironment(Environment):
    """Settings of the function behind `$connect` and `$disconnect`.

    `origins` are comma separated; a browser's page from elsewhere is refused. None: all may come.
    `callers` is a CallerRules.
    """

    name: str
    table_name: str
    origins: str | None = None
    callers: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEnvironment(Environment):
    """Settings of the function behind `$default`.

    `entry_point` is `module:attribute` of the user's AsyncApp. `requests` tells whether async
    actions can be accepted, which needs an AsyncRequestApi around the socket. `durable` tells
    whether actions may ask for the durable executor, which has `durable_timeout_seconds` for each.
    `webhook_hosts` are the `hosts` of the WebhookEnvironment.
    """

    name: str
    table_name: str
    endpoint: str
    entry_point: str | None = None
    requests: bool = False
    durable: bool = False
    durable_timeout_seconds: int = 31_622_400
    bucket_name: str | None = None
    webhook_queue_url: str | None = None
    webhook_hosts: str | None = None
    worker_timeout_seconds: int = 900
    retention_seconds: int = 604_800


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpEnvironment(MessageEnvironment):
    """Settings of the function behind the HTTP API: the same requests, asked for without a socket.

    `tickets` tells whether it may hand out tickets for `$connect`. `callers` is a CallerRules.
    """

    tickets: bool = False
    callers: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatcherEnvironment(Environment):
    """Settings of the function that turns stored requests into work, and of its repeater."""

    name: str
    work_queue_url: str
    watch_queue_url: str
    lease_seconds: int = 60
    durable_function: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherEnvironment(Environment):
    """Settings of the function that repairs what a crash left behind."""

    name: str
    table_name: str
    endpoint: str
    work_queue_url: str
    watch_queue_url: str
    lease_seconds: int = 60
    retention_seconds: int = 604_800
    durable_function: str | None = None
    webhook_queue_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerEnvironment(Environment):
    """Settings of the function that runs the user's async actions.

    A claim that came late is told to the watch queue; without one the watcher finds it by itself.
    """

    name: str
    table_name: str
    endpoint: str
    entry_point: str
    work_queue_url: str
    worker_timeout_seconds: int = 900
    lease_seconds: int = 60
    retention_seconds: int = 604_800
    max_rate: int = 10
    watch_queue_url: str | None = None
    bucket_name: str | None = None
    webhook_queue_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DurableEnvironment(Environment):
    """Settings of the durable function, which runs the actions that ask for that executor.

    It asks the watch queue for the next attempt, which is an execution of its own.
    """

    name: str
    table_name: str
    endpoint: str
    entry_point: str
    watch_queue_url: str
    execution_timeout_seconds: int
    retention_seconds: int = 604_800
    max_rate: int = 10
    bucket_name: str | None = None
    webhook_queue_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEnvironment(Environment):
    """Settings of the function that tells a caller's own server how a request ended.

    `hosts` are comma separated, `*.example.com` stands for all below; None: any public host.
    """

    name: str
    table_name: str
    queue_url: str
    secret_arn: str
    hosts: str | None = None
    bucket_name: str | None = None
    retention_seconds: int = 604_800


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherEnvironment(Environment):
    """Settings of any function that `ProgressWebSocket.grant_publish` let publish to channels."""

    name: str
    table_name: str
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerRules:
    """How a function knows its caller where API Gateway itself has checked who it is.

    `signed` tells that callers sign, by AWS_IAM; `scopes` are what they may do: ARNs of roles and
    users with scopes, space separated. `tenant_claim` is for API Gateway's JWT authorizer; empty:
    all callers are one tenant.
    """

    signed: bool = False
    tenant_claim: str = ""
    scopes: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])

    def to_text(self) -> str:
        """Write them for a function's environment."""
        return json.dumps(dataclasses.asdict(self), separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str | None) -> Self:
        """Read them; None: the defaults."""
        return cls(**json.loads(text)) if text else cls()
