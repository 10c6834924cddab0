"""The application of the timers' tests: one service as it comes, and one with every promise.

A third has a dispatcher that runs only when a test lets it.
"""

from __future__ import annotations

from aws_cdk import App, Duration, Stack, aws_lambda as lambda_

from cdk_streamer import Auth, PeriodicTimer

app = App()
stack = Stack(app, "Timers")
PeriodicTimer(
    stack,
    "Plain",
    handlers="handlers",
    shards=2,
    look_ahead=Duration.minutes(1),
    # Failing firings come again after six times as long.
    callback_timeout=Duration.seconds(2),
)
PeriodicTimer(
    stack,
    "Strict",
    handlers="handlers",
    auth=Auth.jwt(issuer="https://id.example.com/", audience=["timers"]),
    shards=1,
    strict=True,
    dedupe=True,
    isolate_owners=True,
    dashboard=False,
    alarms=False,
)
held = PeriodicTimer(stack, "Held", handlers="handlers", shards=1, dashboard=False, alarms=False)
for construct in held.node.find_child("Dispatcher").node.find_all():
    if isinstance(construct, lambda_.CfnEventSourceMapping):
        construct.enabled = False
app.synth()
