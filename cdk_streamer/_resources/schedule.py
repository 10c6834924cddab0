"""Schedules that invoke functions of the runtime."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

import jsii
from aws_cdk import (
    Duration,
    Stack,
    aws_iam as iam,
    aws_lambda as lambda_,
    aws_scheduler as scheduler,
    aws_sqs as sqs,
)
from constructs import Construct

from cdk_streamer._resources.function import RuntimeFunction

_USE_KEY = ("kms:Decrypt", "kms:GenerateDataKey")


def invoke_by_schedule(
    function: RuntimeFunction,
    expression: scheduler.ScheduleExpression,
    *,
    description: str,
    oldest: int,
    attempts: int,
    lambdas_attempts: int,
    event: Mapping[str, object] | None = None,
    failures: sqs.IQueue | None = None,
) -> lambda_.EventInvokeConfig:
    """Let EventBridge Scheduler invoke a function; gives how Lambda treats what it then queues.

    By hand: the role that CDK's own target makes stands in the stack and not in the construct.

    oldest: seconds after which nobody tries any more.
    attempts, lambdas_attempts: how often Scheduler tries again to invoke, and Lambda to run.
    failures: where what could not be done goes; the function must be allowed to send there.
    """
    role = _new_role(function, failures)
    scheduler.CfnSchedule(
        function,
        "Schedule",
        description=description,
        schedule_expression=expression.expression_string,
        schedule_expression_timezone=_zone(expression),
        flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
        target=scheduler.CfnSchedule.TargetProperty(
            arn=function.function.function_arn,
            role_arn=role.role_arn,
            input=None if event is None else json.dumps(event, separators=(",", ":")),
            dead_letter_config=(
                scheduler.CfnSchedule.DeadLetterConfigProperty(arn=failures.queue_arn)
                if failures
                else None
            ),
            retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                maximum_event_age_in_seconds=oldest, maximum_retry_attempts=attempts
            ),
        ),
    )
    # Lambda itself would keep invocations for hours, and repeat them twice, of use or not.
    return lambda_.EventInvokeConfig(
        function,
        "Invocations",
        function=function.function,
        max_event_age=Duration.seconds(oldest),
        retry_attempts=lambdas_attempts,
        on_failure=cast("lambda_.IDestination", _Failures(failures)) if failures else None,
    )


@jsii.implements(lambda_.IDestination)
class _Failures:
    """A destination that grants nothing: CDK's own would grant more than sending."""

    def __init__(self, queue: sqs.IQueue) -> None:
        self._arn = queue.queue_arn

    def bind(
        self,
        scope: Construct,
        fn: lambda_.IFunction,
        *,
        type: lambda_.DestinationType,  # noqa: A002 - its interface's own
    ) -> lambda_.DestinationConfig:
        del scope, fn, type
        return lambda_.DestinationConfig(destination=self._arn)


def _zone(expression: scheduler.ScheduleExpression) -> str | None:
    # It says nothing of a rate.
    zone = None if expression.expression_string.startswith("rate(") else expression.time_zone
    return None if zone is None else zone.timezone_name


def _new_role(function: RuntimeFunction, failures: sqs.IQueue | None) -> iam.Role:
    stack = Stack.of(function)
    group = stack.format_arn(
        service="scheduler", resource="schedule-group", resource_name="default"
    )
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    principal = iam.ServicePrincipal(
        "scheduler.amazonaws.com",
        conditions={"StringEquals": {"aws:SourceAccount": stack.account, "aws:SourceArn": group}},
    )
    arn = function.function.function_arn
    statements = [iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[arn])]
    if failures is not None:
        send = iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[failures.queue_arn])
        statements.append(send)
        key = failures.encryption_master_key
        if key is not None:
            use = iam.PolicyStatement(actions=list(_USE_KEY), resources=[key.key_arn])
            statements.append(use)
    return iam.Role(
        function,
        "ScheduleRole",
        assumed_by=cast("iam.IPrincipal", principal),
        inline_policies={"Invoke": iam.PolicyDocument(minimize=True, statements=statements)},
    )
