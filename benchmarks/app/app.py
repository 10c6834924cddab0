"""An API to measure, and beside it the least that any API on this engine must do."""

from __future__ import annotations

from typing import cast

from aws_cdk import (
    App,
    CfnOutput,
    Stack,
    aws_apigatewayv2 as apigatewayv2,
    aws_apigatewayv2_integrations as integrations,
    aws_iam as iam,
    aws_lambda as lambda_,
)

from cdk_streamer import AsyncRequestApi, Auth

app = App()
stack = Stack(app, "Benchmark")
api = AsyncRequestApi(
    stack,
    "Api",
    handlers="handlers",
    auth=Auth.jwt(issuer="https://id.example.com/", audience=["benchmark"]),
    max_progress_rate=100,
    max_concurrency=20,
)
CfnOutput(stack, "Url", value=api.url)

floor = apigatewayv2.WebSocketApi(stack, "Floor")
stage = apigatewayv2.WebSocketStage(
    stack, "FloorStage", web_socket_api=floor, stage_name="live", auto_deploy=True
)
function = lambda_.Function(
    stack,
    "FloorFunction",
    runtime=lambda_.Runtime.PYTHON_3_13,
    code=lambda_.Code.from_asset("floor"),
    handler="floor.handler",
    layers=[api.socket.runtime_layer],
    environment={"ENDPOINT": stage.callback_url},
)
function.add_to_role_policy(
    iam.PolicyStatement(actions=["execute-api:ManageConnections"], resources=["*"])
)
echo = cast("lambda_.IFunction", function)  # jsii's stubs do not say that it is one
for route, name in (("$connect", "Connect"), ("$default", "Echo")):
    floor.add_route(route, integration=integrations.WebSocketLambdaIntegration(name, echo))
CfnOutput(stack, "FloorUrl", value=stage.url)

bare = apigatewayv2.WebSocketApi(stack, "Bare")  # lets everybody in, and nobody is told
bare_stage = apigatewayv2.WebSocketStage(
    stack, "BareStage", web_socket_api=bare, stage_name="live", auto_deploy=True
)
bare.add_route("$default", integration=integrations.WebSocketLambdaIntegration("Nothing", echo))
CfnOutput(stack, "BareUrl", value=bare_stage.url)
app.synth()
