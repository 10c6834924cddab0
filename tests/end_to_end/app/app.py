"""The application that the end-to-end tests run: a short lease, and a function that publishes."""

from __future__ import annotations

from aws_cdk import App, CfnOutput, Duration, Stack, aws_lambda as lambda_

from cdk_streamer import AsyncRequestApi, Auth

app = App()
stack = Stack(app, "EndToEnd")
api = AsyncRequestApi(
    stack,
    "Api",
    handlers="handlers",
    auth=Auth.jwt(issuer="https://id.example.com/", audience=["end-to-end"]),
    worker_timeout=Duration.minutes(2),
    lease=Duration.seconds(6),
    max_progress_rate=20,
)
publisher = lambda_.Function(
    stack,
    "Publisher",
    runtime=lambda_.Runtime.PYTHON_3_13,
    handler="publish.handler",
    code=lambda_.Code.from_asset("publisher"),
    layers=[api.socket.runtime_layer],
    timeout=Duration.seconds(30),
)
api.socket.grant_publish(publisher)
CfnOutput(stack, "Url", value=api.url)
app.synth()
