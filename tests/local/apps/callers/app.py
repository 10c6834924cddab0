"""An API with the authorizer that docs/auth.md shows, and one whose callers sign."""

from aws_cdk import App, Stack, aws_lambda as lambda_

from cdk_streamer import AsyncRequestApi, Auth

app = App()
guarded = Stack(app, "Guarded")
authorizer = lambda_.Function(
    guarded,
    "Authorizer",
    runtime=lambda_.Runtime.PYTHON_3_13,
    handler="index.handler",
    code=lambda_.Code.from_asset("authorizer"),
)
AsyncRequestApi(
    guarded,
    "Api",
    handlers="handlers",
    auth=Auth.custom(authorizer, http_identity_source=["$request.header.X-Api-Key"]),
)
AsyncRequestApi(
    Stack(app, "Signed"),
    "Api",
    handlers="handlers",
    auth=Auth.iam(scopes={"arn:aws:iam::000000000000:user/writer": ["write"]}),
)
app.synth()
