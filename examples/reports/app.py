"""The reports application: an API, and a bucket for what comes out."""

from __future__ import annotations

from aws_cdk import App, CfnOutput, Stack
from bucket import Files

from cdk_streamer import AsyncRequestApi, Auth

app = App()
stack = Stack(app, "Reports")
files = Files(stack, "Files")
api = AsyncRequestApi(
    stack,
    "Api",
    handlers="handlers",
    auth=Auth.jwt(issuer="https://id.example.com/", audience=["reports"]),
    environment={"BUCKET": files.bucket.bucket_name},
)
files.grant_reporting(api.worker)
CfnOutput(stack, "Url", value=api.url)
CfnOutput(stack, "HttpUrl", value=api.http_url)
app.synth()
