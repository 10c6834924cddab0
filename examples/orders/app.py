"""Orders: a table's changes become events, events a view, and two events together a third."""

from __future__ import annotations

from aws_cdk import App, CfnOutput, RemovalPolicy, Stack, aws_dynamodb as dynamodb

from cdk_streamer import StreamProcessor, StreamSource

app = App()
stack = Stack(app, "Shop")

# What commands write: the shop's own table, which has a stream.
orders = dynamodb.Table(
    stack,
    "Orders",
    partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
    sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
    billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
    stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
    point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
        point_in_time_recovery_enabled=True
    ),
    removal_policy=RemovalPolicy.RETAIN,
)

# Changes become events on a bus.
trigger = StreamProcessor(
    stack,
    "Trigger",
    source=StreamSource.dynamodb(orders),
    handlers="handlers",
    entry_point="handlers.trigger:handler",
)

# A view of them, and all of them by their order.
listener = StreamProcessor(
    stack,
    "Listener",
    source=StreamSource.event_bus(trigger.bus),
    handlers="handlers",
    entry_point="handlers.listener:handler",
    bus=trigger.bus,
)

# Paid and packed in time?
evaluator = StreamProcessor(
    stack,
    "Evaluator",
    source=StreamSource.dynamodb(listener.table),
    handlers="handlers",
    entry_point="handlers.evaluator:handler",
    bus=trigger.bus,
    table=listener.table,
)

CfnOutput(stack, "OrdersTable", value=orders.table_name)
CfnOutput(stack, "ViewTable", value=listener.table.table_name)
CfnOutput(stack, "FaultQueue", value=listener.fault_queue.queue_url)
app.synth()
