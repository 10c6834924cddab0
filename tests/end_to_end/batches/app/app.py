"""The application of the batches' tests: one that publishes to another region, one that asks."""

from __future__ import annotations

from aws_cdk import (
    App,
    CfnOutput,
    Duration,
    Environment,
    Stack,
    aws_lambda as lambda_,
    aws_sqs as sqs,
)

from cdk_streamer import BatchTarget, DurableBatch

HERE, THERE = "eu-west-1", "eu-central-1"
QUEUE = "published"  # it has a name, since no template refers to a resource of another region

app = App()
sqs.Queue(Stack(app, "There", env=Environment(region=THERE)), "Published", queue_name=QUEUE)
stack = Stack(app, "Here", env=Environment(region=HERE))
remote = sqs.Queue.from_queue_arn(
    stack, "Remote", stack.format_arn(service="sqs", region=THERE, resource=QUEUE)
)
reader = lambda_.Function(
    stack,
    "Reader",
    runtime=lambda_.Runtime.PYTHON_3_13,
    handler="index.handler",
    code=lambda_.Code.from_inline(
        "def handler(event, context):\n"
        "    return {'failed': [i['id'] for i in event['items'] if i['id'] == 'item-7']}\n"
    ),
)
targets = {"Publishing": BatchTarget.queue(remote), "Asking": BatchTarget.function(reader)}
for name, target in targets.items():
    batch = DurableBatch(
        stack,
        name,
        handlers="handlers",
        target=target,
        chunk_size=10,
        max_concurrency=3,
        retry_delay=Duration.seconds(1),
        dashboard=False,
        alarms=False,
    )
    CfnOutput(stack, f"{name}Alias", value=batch.alias.function_arn)
app.synth()
