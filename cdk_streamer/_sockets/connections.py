"""The connections of a WebSocket API's stage: who may post to them, and who may end them."""

from __future__ import annotations

from aws_cdk import (
    Stack,
    aws_apigatewayv2 as apigatewayv2,
    aws_iam as iam,
    aws_lambda as lambda_,
)

from cdk_streamer._resources.findings import acknowledge_wildcard
from cdk_streamer._resources.function import RuntimeFunction

_ACTION = "execute-api:ManageConnections"
_REASON = "the names of connections are made by API Gateway, each when a client connects"


def allow(function: RuntimeFunction, stage: apigatewayv2.IWebSocketStage, *methods: str) -> None:
    """Let a function POST to connections of a stage, or DELETE them."""
    for method in methods:
        connections = arn(stage, f"{method}/@connections/*")
        function.allow(_ACTION, on=connections)
        acknowledge_wildcard(function.role, _REASON, connections)


def grant_post(function: lambda_.Function, stage: apigatewayv2.IWebSocketStage) -> iam.Grant:
    """Let any function post to connections of a stage."""
    connections = arn(stage, "POST/@connections/*")
    # The policy may be in a role of the user's, so the role is what says why.
    acknowledge_wildcard(function.role or function, _REASON, connections)
    return iam.Grant.add_to_principal(
        grantee=function, actions=[_ACTION], resource_arns=[connections]
    )


def arn(stage: apigatewayv2.IWebSocketStage, what: str) -> str:
    """Give the ARN of a route of a stage, or of a method of its connections."""
    # By hand: what CDK's own grants name is every method of every stage.
    return Stack.of(stage).format_arn(
        service="execute-api",
        resource=stage.api.api_id,
        resource_name=f"{stage.stage_name}/{what}",
    )
