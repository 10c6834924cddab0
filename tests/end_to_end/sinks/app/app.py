"""The application of the sinks' tests: one sink for each thing that they promise, and a sender."""

from __future__ import annotations

from typing import Any

from aws_cdk import App, Duration, Stack, aws_lambda as lambda_

from cdk_streamer import CircuitBreaker, Idempotency, RateLimit, Redrive, ThrottledSink

app = App()
stack = Stack(app, "Sinks")


def sink(id: str, *, breaker: CircuitBreaker | None = None, **how: Any) -> ThrottledSink:
    """Make a sink that calls the downstream of the tests."""
    return ThrottledSink(
        stack,
        id,
        handlers="handlers",
        circuit_breaker=breaker,
        timeout=Duration.seconds(10),
        dashboard=False,
        alarms=False,
        **how,
    )


breaker = CircuitBreaker(failures=1, pause=Duration.seconds(5), longest_pause=Duration.seconds(5))
sinks = [
    sink("Ledger", breaker=breaker, idempotency=Idempotency()),
    sink("Hanging", breaker=breaker, batch_size=3),
    sink("Paced", rate_limit=RateLimit.per_second(10), batch_size=5, max_concurrency=4),
    sink("Strict", max_receive_count=3, redrive=Redrive.per_second(100), idempotency=Idempotency()),
    sink("Orders", fifo=True, ordered_by="account", max_concurrency=3),
]
outbox = lambda_.Function(
    stack,
    "Outbox",
    runtime=lambda_.Runtime.PYTHON_3_13,
    handler="send.handler",
    code=lambda_.Code.from_asset("outbox"),
    layers=[sinks[0].runtime_layer],
    timeout=Duration.seconds(30),
)
for each in sinks:
    each.grant_send(outbox)
app.synth()
