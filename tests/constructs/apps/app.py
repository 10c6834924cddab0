"""An app for synthesis in a process of its own, from whatever directory."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import App, Stack

from cdk_streamer import AsyncRequestApi, Auth, ProgressWebSocket

app = App()
stack = Stack(app, "Reports")
auth = Auth.jwt(issuer="https://id.example.com/", audience=["reports"])
AsyncRequestApi(stack, "Api", handlers=Path(__file__).parent / "handlers", auth=auth)
ProgressWebSocket(stack, "Socket", auth=auth)
app.synth()
