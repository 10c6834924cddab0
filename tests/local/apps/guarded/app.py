"""An API with an authorizer of its own, the one that docs/auth.md shows."""

from aws_cdk import App, Stack, aws_lambda as lambda_

from cdk_streamer import AsyncRequestApi, Auth

app = App()
stack = Stack(app, "Guarded")
authorizer = lambda_.Function(
    stack,
    "Authorizer",
    runtime=lambda_.Runtime.PYTHON_3_13,
    handler="index.handler",
    code=lambda_.Code.from_asset("authorizer"),
)
AsyncRequestApi(
    stack,
    "Api",
    handlers="handlers",
    auth=Auth.custom(authorizer, http_identity_source=["$request.header.X-Api-Key"]),
)
app.synth()
