"""The application of the streams' tests: each kind of source, and many flavors of rules."""

from __future__ import annotations

from aws_cdk import (
    App,
    Duration,
    RemovalPolicy,
    Stack,
    aws_dynamodb as dynamodb,
    aws_kinesis as kinesis,
    aws_s3 as s3,
    aws_sqs as sqs,
)

from cdk_streamer import StreamProcessor, StreamResource, StreamSource

app = App()
stack = Stack(app, "Streams")
QUIET = {"handlers": "handlers", "dashboard": False, "alarms": False}


def new_table(id: str) -> dynamodb.Table:
    """Create a table with a stream."""
    return dynamodb.Table(
        stack,
        id,
        partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
        time_to_live_attribute="ttl",
    )


commands, store = new_table("Commands"), new_table("Store")
things = kinesis.Stream(stack, "Things", shard_count=1, stream_mode=kinesis.StreamMode.PROVISIONED)
mails = sqs.Queue(stack, "Mails", enforce_ssl=True)
archive = s3.Bucket(stack, "Archive", enforce_ssl=True, removal_policy=RemovalPolicy.RETAIN)

trigger = StreamProcessor(
    stack,
    "Trigger",
    source=StreamSource.dynamodb(commands),
    entry_point="handlers.trigger:handler",
    **QUIET,
)
listener = StreamProcessor(
    stack,
    "Listener",
    source=StreamSource.kinesis(things),
    entry_point="handlers.listener:handler",
    timeout=Duration.seconds(6),
    bus=trigger.bus,
    resources={
        "mails": mails,
        "archive": StreamResource.bucket(archive, prefixes=["mails/"]),
        "store": store,
    },
    **QUIET,
)
StreamProcessor(
    stack,
    "Strict",
    source=StreamSource.kinesis(things, retry_attempts=1, parallelization_factor=2),
    entry_point="handlers.strict:handler",
    bus=trigger.bus,
    table=listener.table,
    resources={"archive": archive},
    # What a rule does with the archive is left out.
    grants={"table": ["dynamodb:UpdateItem"]},
    filter=True,
    **QUIET,
)
StreamProcessor(
    stack,
    "Evaluator",
    source=StreamSource.dynamodb(store),
    entry_point="handlers.evaluator:handler",
    bus=trigger.bus,
    table=store,
    **QUIET,
)
StreamProcessor(
    stack,
    "Audience",
    source=StreamSource.event_bus(trigger.bus),
    entry_point="handlers.audience:handler",
    timeout=Duration.seconds(3),
    bus=trigger.bus,
    table=listener.table,
    claims=trigger.claims,
    **QUIET,
)
StreamProcessor(
    stack,
    "Tasks",
    source=StreamSource.sqs(fifo=True),
    entry_point="handlers.tasks:handler",
    timeout=Duration.seconds(2),  # what fails comes again after six times as long
    bus=trigger.bus,
    table=listener.table,
    **QUIET,
)
app.synth()
