"""What invokes the ticker: a schedule, once a minute."""

from __future__ import annotations

from typing import cast

from aws_cdk import (
    Duration,
    Stack,
    aws_iam as iam,
    aws_lambda as lambda_,
    aws_scheduler as scheduler,
)

from cdk_streamer._resources.findings import acknowledge
from cdk_streamer._resources.function import RuntimeFunction

# A tick that comes a minute late is another's.
_OLDEST = 60
_ATTEMPTS = 2


def invoke_every_minute(function: RuntimeFunction) -> None:
    """Let EventBridge Scheduler invoke a function, the first time at once.

    By hand: the role that CDK's own target makes stands in the stack and not in the construct.
    """
    arn = function.function.function_arn
    role = _new_role(function, arn)
    scheduler.CfnSchedule(
        function,
        "Schedule",
        description="Wakes the dispatchers of timers",
        schedule_expression="rate(1 minute)",
        flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
        target=scheduler.CfnSchedule.TargetProperty(
            arn=arn,
            role_arn=role.role_arn,
            retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                maximum_event_age_in_seconds=_OLDEST, maximum_retry_attempts=_ATTEMPTS
            ),
        ),
    )
    # Lambda itself would keep invocations for hours, and repeat them when they are of no use.
    options = lambda_.EventInvokeConfig(
        function,
        "Invocations",
        function=function.function,
        max_event_age=Duration.seconds(_OLDEST),
        retry_attempts=0,
    )
    acknowledge(
        options,
        "the next minute's tick does what was left undone",
        "Serverless-LambdaAsyncFailureDestination",
    )


def _new_role(function: RuntimeFunction, arn: str) -> iam.Role:
    stack = Stack.of(function)
    group = stack.format_arn(
        service="scheduler", resource="schedule-group", resource_name="default"
    )
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    principal = iam.ServicePrincipal(
        "scheduler.amazonaws.com",
        conditions={"StringEquals": {"aws:SourceAccount": stack.account, "aws:SourceArn": group}},
    )
    invoke = iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[arn])
    return iam.Role(
        function,
        "ScheduleRole",
        assumed_by=cast("iam.IPrincipal", principal),
        inline_policies={"Invoke": iam.PolicyDocument(minimize=True, statements=[invoke])},
    )
