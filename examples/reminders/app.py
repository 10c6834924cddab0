"""Reminders: a daily batch in one region, which publishes to a mailer's queue in another."""

from __future__ import annotations

import os

from aws_cdk import (
    Acknowledgment,
    App,
    CfnOutput,
    Duration,
    Environment,
    RemovalPolicy,
    Stack,
    TimeZone,
    Validations,
    aws_dynamodb as dynamodb,
    aws_scheduler as scheduler,
    aws_sqs as sqs,
)

from cdk_streamer import BatchTarget, DurableBatch, RateLimit

HOME, MAILER = "eu-west-1", "eu-central-1"
QUEUE = "reminders"  # it has a name, since no template refers to a resource of another region

app = App()

# The mailer belongs to somebody else; it is here so that there is one.
mailer = Stack(app, "Mailer", env=Environment(region=MAILER))
dead_letters = sqs.Queue(
    mailer, "DeadLetters", enforce_ssl=True, retention_period=Duration.days(14)
)
Validations.of(dead_letters).acknowledge(
    Acknowledgment(id="Serverless-SQSRedrivePolicy", reason="what was given up ends here")
)
queue = sqs.Queue(
    mailer,
    "Reminders",
    queue_name=QUEUE,
    enforce_ssl=True,
    retention_period=Duration.days(4),
    dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=5),
)

stack = Stack(app, "Office", env=Environment(region=HOME))
users = dynamodb.Table(
    stack,
    "Users",
    partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
    sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
    billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
    point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
        point_in_time_recovery_enabled=True
    ),
    removal_policy=RemovalPolicy.RETAIN,
)
remote = sqs.Queue.from_queue_arn(
    stack, "Mailer", stack.format_arn(service="sqs", region=MAILER, resource=QUEUE)
)
daily = DurableBatch(
    stack,
    "Daily",
    handlers="handlers",
    target=BatchTarget.queue(remote),
    rate_limit=RateLimit.per_second(200),
    tolerated_failure_percentage=1,
    retry_delay=Duration.seconds(1),
    schedule=scheduler.ScheduleExpression.cron(
        hour="6", minute="0", time_zone=TimeZone.EUROPE_DUBLIN
    ),
    environment={
        "USERS": users.table_name,
        "CALENDAR": os.environ.get("CALENDAR", "https://calendar.example.com"),
    },
)
users.grant(daily.function, "dynamodb:Query", "dynamodb:PutItem")

CfnOutput(mailer, "QueueUrl", value=queue.queue_url)
CfnOutput(stack, "UsersTable", value=users.table_name)
CfnOutput(stack, "GivenUp", value=daily.dead_letter_queue.queue_url)
app.synth()
