"""The constructs themselves, for tests of tokens and of edits."""

from aws_cdk import App, Stack

from cdk_streamer import AsyncRequestApi, Auth

app = App()
stack = Stack(app, "Secured")
AsyncRequestApi(
    stack,
    "Api",
    handlers="handlers",
    auth=Auth.jwt(issuer="https://id.example.com/", audience=["reports"]),
)
app.synth()
