"""The function that switches polling off and on, tries one message, and does what operators ask."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from aws_cdk import (
    ArnFormat,
    Duration,
    Stack,
    aws_events as events,
    aws_iam as iam,
    aws_scheduler as scheduler,
)
from constructs import Construct

from cdk_streamer._code.assets import runtime_code
from cdk_streamer._code.package import Package
from cdk_streamer._resources import tables
from cdk_streamer._resources.findings import acknowledge
from cdk_streamer._resources.function import Defaults, RuntimeFunction
from cdk_streamer._resources.schedule import invoke_by_schedule
from cdk_streamer._sinks.delivery import Delivery
from cdk_streamer._sinks.rows import rows
from cdk_streamer._sinks.settings import SinkSettings
from cdk_streamer._sinks.storage import Storage
from cdk_streamer_runtime.contract import EntryPoint
from cdk_streamer_runtime.contract.sinks import (
    RECONCILE_SECONDS,
    ControllerCommand,
    SinkControllerEnvironment,
    SinkRow,
)

_BATCH_SIZE, _AT_ONCE = 10, 2  # the least that an event source can be limited to
_ATTEMPTS = 2
_RECONCILE: Mapping[str, str] = {"command": ControllerCommand.RECONCILE.value}
_LATER = "the next look, five minutes later, does what was left undone"
# After each of them the event source may be on again, whatever it was before.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-event-codes.html
_DEPLOYED = (
    "CREATE_COMPLETE",
    "IMPORT_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """The function, with all that invokes it."""

    function: RuntimeFunction

    @classmethod
    def create(
        cls,
        scope: Construct,
        *,
        delivery: Delivery,
        settings: SinkSettings,
        storage: Storage,
        defaults: Defaults,
    ) -> Controller:
        """Create them in `scope`."""
        function = RuntimeFunction(
            scope,
            "Controller",
            description="Pauses a sink, tries whether its downstream is back, and redrives",
            entry_point=EntryPoint.SINK_CONTROLLER,
            package=Package(code=runtime_code(scope)),
            environment=_environment(scope.node.path, delivery, settings, storage),
            timeout=Duration.seconds(settings.controller_seconds),
            defaults=defaults,
            # What it sends to itself is delayed until a pause is over, again and again.
            repeats=True,
            why_nothing_is_kept=_LATER,
        )
        _allow_rest(function, delivery, settings)
        _allow_queues(function, storage)
        storage.commands.invoke(function, batch_size=_BATCH_SIZE, max_concurrency=_AT_ONCE)
        _reconcile_by_schedule(function)
        _reconcile_after_deployments(function)
        return cls(function=function)


def _environment(
    name: str, delivery: Delivery, settings: SinkSettings, storage: Storage
) -> SinkControllerEnvironment:
    environment = SinkControllerEnvironment(
        sink_name=name,
        table_name=storage.table.table_name,
        queue_url=storage.messages.queue.queue_url,
        controller_queue_url=storage.commands.queue.queue_url,
        function_arn=delivery.function.function.function_arn,
        mapping_id=delivery.source.event_source_mapping_id,
        queue_arn=storage.messages.queue.queue_arn,
        dead_letter_queue_arn=storage.messages.dead_letters.queue_arn,
        dead_letter_queue_url=storage.messages.dead_letters.queue_url,
        redrive_per_second=settings.redrive.messages_per_second,
    )
    return settings.with_breaker(environment)


def _allow_rest(function: RuntimeFunction, delivery: Delivery, settings: SinkSettings) -> None:
    arn = Stack.of(function).format_arn(
        service="lambda",
        resource="event-source-mapping",
        resource_name=delivery.source.event_source_mapping_id,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    function.allow("lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping", on=arn)
    if settings.breaker is not None:
        function.allow("lambda:InvokeFunction", on=delivery.function.function.function_arn)


def _allow_queues(function: RuntimeFunction, storage: Storage) -> None:
    messages, table = storage.messages, storage.table
    circuit, probe = rows(SinkRow.CIRCUIT), rows(SinkRow.PROBE)
    tables.allow(function, table, "GetItem", "PutItem", "UpdateItem", only=circuit)
    tables.allow(
        function,
        table,
        *("BatchGetItem", "DeleteItem", "GetItem", "PutItem", "UpdateItem"),
        only=probe,
    )
    storage.commands.allow_send(function)
    storage.commands.allow_hide(function)
    function.allow(
        *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"),
        *("sqs:GetQueueAttributes", "sqs:SendMessage"),
        on=messages.queue.queue_arn,
    )
    # What moves messages does it with the rights of whoever started it.
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
    function.allow(
        *("sqs:StartMessageMoveTask", "sqs:ListMessageMoveTasks"),
        *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
        on=messages.dead_letters.queue_arn,
    )


def _reconcile_by_schedule(function: RuntimeFunction) -> None:
    options = invoke_by_schedule(
        function,
        scheduler.ScheduleExpression.rate(Duration.seconds(RECONCILE_SECONDS)),
        description="Lets a sink's controller compare what is with what should be",
        oldest=RECONCILE_SECONDS,
        attempts=_ATTEMPTS,
        lambdas_attempts=_ATTEMPTS,
        event=_RECONCILE,
    )
    acknowledge(options, _LATER, "Serverless-LambdaAsyncFailureDestination")


def _reconcile_after_deployments(function: RuntimeFunction) -> None:
    stack = Stack.of(function)
    pattern: Mapping[str, Any] = {
        "source": ["aws.cloudformation"],
        "detail-type": ["CloudFormation Stack Status Change"],
        "detail": {
            "stack-id": [stack.stack_id],
            "status-details": {"status": list(_DEPLOYED)},
        },
    }
    rule = events.CfnRule(
        function,
        "Deployments",
        description="Tells a sink's controller that a deployment may have switched polling on",
        event_pattern=pattern,
        state="ENABLED",
        targets=[
            events.CfnRule.TargetProperty(
                id="Controller",
                arn=function.function.function_arn,
                input=json.dumps(_RECONCILE, separators=(",", ":")),
            )
        ],
    )
    acknowledge(rule, _LATER, "Serverless-EventBusDLQ")
    function.function.add_permission(
        "Deployments",
        principal=cast("iam.IPrincipal", iam.ServicePrincipal("events.amazonaws.com")),
        source_arn=rule.attr_arn,
    )
