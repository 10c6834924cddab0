"""A socket whose callers sign, for the test of signatures."""

from aws_cdk import App, Stack

from cdk_streamer import Auth, ProgressWebSocket

app = App()
stack = Stack(app, "Signed")
ProgressWebSocket(
    stack,
    "Socket",
    handlers="handlers",
    auth=Auth.iam(scopes={"arn:aws:iam::000000000000:user/writer": ["write"]}),
)
app.synth()
