"""Schedules and rules run by hand, and turned on and off."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cdk_streamer_local.cloud.services import Services
from cdk_streamer_local.console.panel import Refused
from cdk_streamer_local.console.panels.schedules.reading import RUN_PREFIX, Kind, ScheduleRow

_UPDATED = (
    *("Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate"),
    *("EndDate", "Description", "KmsKeyArn", "Target", "FlexibleTimeWindow"),
    "ActionAfterCompletion",
)


def run(services: Services, row: ScheduleRow) -> None:
    """Have its targets invoked now; raises Refused."""
    match row.kind:
        case Kind.SCHEDULE:
            _run_schedule(services, row)
        case Kind.RULE:
            _run_rule(services, row)
        case Kind.PATTERN:
            raise Refused("it waits for events; put one on its bus that its pattern matches")


def turn(services: Services, row: ScheduleRow, *, on: bool) -> None:
    """Let it invoke its targets, or not."""
    if row.kind is Kind.SCHEDULE:
        client: Any = services.client("scheduler")
        told = client.get_schedule(Name=row.name, GroupName=row.group)
        kept = {name: told[name] for name in _UPDATED if told.get(name) is not None}
        client.update_schedule(**kept, State="ENABLED" if on else "DISABLED")
        return
    events: Any = services.client("events")
    act = events.enable_rule if on else events.disable_rule
    act(Name=row.name, EventBusName=row.group)


def _run_schedule(services: Services, row: ScheduleRow) -> None:
    """Make a schedule of the same target for this second, which removes itself.

    So it is the scheduler that invokes, and whatever it does to the input it does to this one.
    """
    client: Any = services.client("scheduler")
    told = client.get_schedule(Name=row.name, GroupName=row.group)
    client.create_schedule(
        Name=f"{RUN_PREFIX}{uuid.uuid4().hex[:12]}",
        GroupName=row.group,
        ScheduleExpression=f"at({datetime.now(UTC):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=told["Target"],
        ActionAfterCompletion="DELETE",
    )


def _run_rule(services: Services, row: ScheduleRow) -> None:
    client: Any = services.client("events")
    targets = client.list_targets_by_rule(Rule=row.name, EventBusName=row.group)["Targets"]
    if any("InputTransformer" in target or "InputPath" in target for target in targets):
        raise Refused("its input is made of the event, which only EventBridge does; wait for it")
    event = json.dumps(_event(services, row))
    for target in targets:
        _deliver(services, target, target.get("Input") or event)


def _deliver(services: Services, target: Mapping[str, Any], text: str) -> None:
    arn: str = target["Arn"]
    if ":lambda:" in arn:
        client: Any = services.client("lambda")
        client.invoke(FunctionName=arn, InvocationType="Event", Payload=text.encode())
    elif ":sqs:" in arn:
        queues: Any = services.client("sqs")
        url = queues.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
        queues.send_message(QueueUrl=url, MessageBody=text, **_group(target))
    else:
        raise Refused(f"its target {arn!r} is neither a function nor a queue; wait for it")


def _event(services: Services, row: ScheduleRow) -> Mapping[str, Any]:
    """Give what EventBridge sends for a rule by time.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
    """
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": services.account,
        "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "region": services.region,
        "resources": [row.arn],
        "detail": {},
    }


def _group(target: Mapping[str, Any]) -> Mapping[str, str]:
    parameters: Mapping[str, str] = target.get("SqsParameters") or {}
    group = parameters.get("MessageGroupId")
    return {"MessageGroupId": group} if group else {}
