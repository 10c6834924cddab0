"""Functions that publish to the channels of a socket."""

from __future__ import annotations

from aws_cdk import (
    aws_apigatewayv2 as apigatewayv2,
    aws_dynamodb as dynamodb,
    aws_iam as iam,
    aws_lambda as lambda_,
)
from constructs import Construct

from cdk_streamer._resources import tables
from cdk_streamer._resources.function import RuntimeFunction
from cdk_streamer._sockets import connections
from cdk_streamer_runtime.contract import PublisherEnvironment

# What the store of channels does.
CHANNEL_ACTIONS = ("PutItem", "UpdateItem")

_SOCKET = "cdk-streamer:socket"
_VARIABLES = PublisherEnvironment(name="", table_name="", endpoint="").to_variables().keys()


def grant_publish(
    function: lambda_.Function | lambda_.IFunction,
    *,
    socket: Construct,
    name: str,
    table: dynamodb.ITable,
    stage: apigatewayv2.IWebSocketStage,
) -> iam.Grant:
    """Give a function settings and permissions; raises ValueError if it cannot have them."""
    if not isinstance(function, lambda_.Function):
        raise ValueError(  # noqa: TRY004 - a bad argument is a ValueError
            f"grant_publish sets variables of the function, and {function.node.path!r} is "
            "imported, a version or an alias; pass the lambda_.Function itself"
        )
    _claim(function, socket)
    settings = PublisherEnvironment(
        name=name, table_name=table.table_name, endpoint=stage.callback_url
    )
    for variable, value in settings.to_variables().items():
        function.add_environment(variable, value)
    granted = tables.grant(function, table, *CHANNEL_ACTIONS)
    return granted.combine(connections.grant_post(function, stage))


def _claim(function: lambda_.Function, socket: Construct) -> None:
    """Refuse a function that belongs to another socket, since its variables can name only one."""
    around = function.node.scope
    if isinstance(around, RuntimeFunction) and around.has_any(_VARIABLES):
        claimed = around.node.scope not in {socket, socket.node.scope}
    else:
        claimed = any(
            entry.type == _SOCKET and entry.data != socket.node.path
            for entry in function.node.metadata
        )
    if claimed:
        raise ValueError(
            f"{function.node.path!r} publishes to another socket, so it cannot publish to "
            f"{socket.node.path!r} too; use two functions"
        )
    function.node.add_metadata(_SOCKET, socket.node.path)
