"""An app for synthesis in a process of its own, from whatever directory."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import App, Duration, Stack, aws_scheduler as scheduler

from cdk_streamer import (
    AsyncRequestApi,
    Auth,
    DurableBatch,
    PeriodicTimer,
    ProgressWebSocket,
    StreamProcessor,
    StreamSource,
    ThrottledSink,
)

app = App()
stack = Stack(app, "Reports")
auth = Auth.jwt(issuer="https://id.example.com/", audience=["reports"])
handlers = Path(__file__).parent / "handlers"
AsyncRequestApi(stack, "Api", handlers=handlers, auth=auth)
ProgressWebSocket(stack, "Socket", auth=auth)
PeriodicTimer(stack, "Timer", handlers=handlers)
StreamProcessor(stack, "Listener", source=StreamSource.sqs(), handlers=handlers)
DurableBatch(
    stack,
    "Daily",
    handlers=handlers,
    schedule=scheduler.ScheduleExpression.rate(Duration.days(1)),
)
ThrottledSink(stack, "Ledger", handlers=handlers)
app.synth()
