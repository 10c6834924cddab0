"""The poller: timers, and a callback that polls a feed at each firing."""

from __future__ import annotations

import os

from aws_cdk import App, CfnOutput, Duration, Stack

from cdk_streamer import PeriodicTimer

app = App()
stack = Stack(app, "Poller")
timer = PeriodicTimer(
    stack,
    "Timer",
    handlers="handlers",
    shards=4,
    callback_timeout=Duration.seconds(10),
    environment={"FEEDS": os.environ.get("FEEDS", "https://feeds.example.com")},
)
CfnOutput(stack, "Url", value=timer.url)
app.synth()
