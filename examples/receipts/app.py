"""Receipts: an API, a batch that reads images, and a sink that spares a small database."""

from __future__ import annotations

import os

from aws_cdk import App, CfnOutput, Duration, Stack
from reader import Reader
from storage import Database, Images

from cdk_streamer import (
    AsyncRequestApi,
    Auth,
    BatchTarget,
    CircuitBreaker,
    DurableBatch,
    RateLimit,
    ThrottledSink,
)

app = App()
stack = Stack(app, "Receipts")
images = Images(stack, "Images")
database = Database(stack, "Database")
places = {"BUCKET": images.bucket.bucket_name, "SECRET": database.secret.secret_arn}

# What clients ask, and what unpacks their archives and runs the batches.
api = AsyncRequestApi(
    stack,
    "Api",
    handlers="handlers",
    auth=Auth.jwt(issuer="https://id.example.com/", audience=["receipts"]),
    environment=places,
    durable=Duration.hours(1),
)
assert api.durable is not None  # noqa: S101 - tells the type
images.grant_unpack(api.durable)

# Of five connections four are taken at most: one is left for a probe, or for a person.
ledger = ThrottledSink(
    stack,
    "Ledger",
    handlers="handlers",
    environment=places,
    max_concurrency=4,
    batch_size=5,
    rate_limit=RateLimit.per_second(float(os.environ.get("RATE", "8"))),
    circuit_breaker=CircuitBreaker(pause=Duration.seconds(5), longest_pause=Duration.seconds(20)),
    timeout=Duration.seconds(30),
)
database.grant_connect(ledger.function)

# Chunks of images are read side by side, and what they say goes to the sink.
reader = Reader(
    stack,
    "Reader",
    handler="handlers.reader.handler",
    layer=ledger.runtime_layer,
    environment=places,
)
images.grant_read(reader.function)
ledger.grant_send(reader.function)
receipts = DurableBatch(
    stack,
    "Receipts",
    target=BatchTarget.function(reader.function),
    chunk_size=10,
    max_concurrency=8,
    tolerated_failure_percentage=10,
)
receipts.grant_run(api)

# The same without a sink, to be seen failing: twenty functions, each of which keeps a connection.
hasty = Reader(
    stack,
    "HastyReader",
    handler="handlers.reader.direct",
    layer=ledger.runtime_layer,
    environment=places,
)
images.grant_read(hasty.function)
database.grant_connect(hasty.function)
at_once = DurableBatch(
    stack,
    "AtOnce",
    target=BatchTarget.function(hasty.function),
    chunk_size=int(os.environ.get("AT_ONCE", "15")),
    max_concurrency=20,
    max_attempts=1,
)
at_once.grant_run(api)

CfnOutput(stack, "Url", value=api.url)
CfnOutput(stack, "Secret", value=database.secret.secret_arn)
CfnOutput(stack, "Controller", value=ledger.controller.function_name)
CfnOutput(stack, "Queue", value=ledger.queue.queue_url)
CfnOutput(stack, "DeadLetters", value=ledger.dead_letter_queue.queue_url)
CfnOutput(stack, "Rejected", value=ledger.rejected_queue.queue_url)
app.synth()
