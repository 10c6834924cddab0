"""An API whose callers sign, for the test of signatures."""

from aws_cdk import App, Stack

from cdk_streamer import AsyncRequestApi, Auth

app = App()
stack = Stack(app, "Signed")
AsyncRequestApi(
    stack,
    "Api",
    handlers="handlers",
    auth=Auth.iam(scopes={"arn:aws:iam::000000000000:user/writer": ["write"]}),
)
app.synth()
