"""What guards an API, whatever way its callers are told apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from aws_cdk import (
    aws_apigatewayv2 as apigatewayv2,
    aws_dynamodb as dynamodb,
    aws_lambda as lambda_,
)
from constructs import Construct

from cdk_streamer._resources import tables
from cdk_streamer._resources.function import Defaults, RuntimeFunction
from cdk_streamer_runtime.contract import AuthorizerEnvironment, ItemKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What guards `$connect` and the routes of the HTTP API.

    `callers` is what the functions behind both are told in their environment. `authorizer` is
    our own function, if there is one, and `function` whichever decides.
    """

    socket: apigatewayv2.IWebSocketRouteAuthorizer
    http: apigatewayv2.IHttpRouteAuthorizer
    callers: str | None = None
    function: lambda_.IFunction | None = None
    authorizer: Authorizer | None = None

    def accept_tickets(self, table: dynamodb.ITable) -> bool:
        """Let `$connect` accept the tickets in a table; False if this way knows none."""
        if self.authorizer is None:
            return False
        self.authorizer.accept_tickets(table)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorizer:
    """Our own authorizer function, and what its environment says."""

    function: RuntimeFunction
    environment: AuthorizerEnvironment

    def accept_tickets(self, table: dynamodb.ITable) -> None:
        """Let the function end tickets, and touch nothing else in the table."""
        self.function.set_environment(replace(self.environment, table_name=table.table_name))
        tables.allow(
            self.function,
            table,
            "DeleteItem",
            # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
            only={
                "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{ItemKind.TICKET.value}#*"]}
            },
        )


class Way(Protocol):
    """A way to tell who calls."""

    def bind(self, scope: Construct, *, name: str, defaults: Defaults) -> Gate:
        """Create in `scope` what this way needs."""
        ...
