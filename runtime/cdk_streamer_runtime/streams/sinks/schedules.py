"""Sinks for EventBridge Scheduler: create or change a schedule, and remove it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from cdk_streamer_runtime.contract.streams import ResourceKind
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.outcome import digest
from cdk_streamer_runtime.streams.pipelines.steps import Call
from cdk_streamer_runtime.streams.sinks.limits import SCHEDULE_NAME_CHARACTERS
from cdk_streamer_runtime.streams.sinks.requests import (
    Request,
    Wanted,
    call,
    known_as,
    needed,
    text_of,
    use,
)

_JSON = {"content-type": "application/json"}
_EXISTS, _UNKNOWN = "ConflictException", "ResourceNotFoundException"


def create_schedule(
    *,
    group: str,
    request: str = "create_schedule_request",
    response: str = "create_schedule_response",
    name: str = "create_schedule",
) -> Call:
    """Give a step that makes a schedule, or changes the one of this name.

    A request is what CreateSchedule takes, at least `ScheduleExpression` and `Target`. Default: its
    name is made of the event's id and of what it does, it starts in its minute, and it is removed
    once it has ended.
    """

    def send(wanted: Wanted, world: World) -> dict[str, Any]:
        given = needed(wanted.request, "ScheduleExpression", "Target")
        parameters = _parameters(given, world)
        address = world.resources.address(ResourceKind.SCHEDULE_GROUP, group)
        own = given.get("Name") or wanted.id_with(parameters)
        own = known_as(own, SCHEDULE_NAME_CHARACTERS)
        parameters |= {"GroupName": address, "ClientToken": digest(own, parameters)}
        body = json.dumps(parameters).encode()
        path = f"/schedules/{quote(own, safe='')}"
        try:
            world.aws.rest("scheduler", "POST", path, body=body, headers=_JSON)
        except AwsError as error:
            if error.code != _EXISTS:
                raise
            world.aws.rest("scheduler", "PUT", path, body=body, headers=_JSON)
        return {"Name": own}

    actions = ("scheduler:CreateSchedule", "scheduler:UpdateSchedule")
    uses = (use(ResourceKind.SCHEDULE_GROUP, group, *actions),)
    return call(name=name, request=request, response=response, send=send, uses=uses)


def delete_schedule(
    *,
    group: str,
    request: str = "delete_schedule_request",
    response: str = "delete_schedule_response",
    name: str = "delete_schedule",
) -> Call:
    """Give a step that removes a schedule: `{"Name": ...}`; harmless where there is none."""

    def send(wanted: Wanted, world: World) -> dict[str, Any]:
        own = known_as(needed(wanted.request, "Name")["Name"], SCHEDULE_NAME_CHARACTERS)
        address = quote(world.resources.address(ResourceKind.SCHEDULE_GROUP, group), safe="")
        path = f"/schedules/{quote(own, safe='')}?groupName={address}"
        try:
            world.aws.rest("scheduler", "DELETE", path)
        except AwsError as error:
            if error.code != _UNKNOWN:
                raise
        return {"Name": own}

    uses = (use(ResourceKind.SCHEDULE_GROUP, group, "scheduler:DeleteSchedule"),)
    return call(name=name, request=request, response=response, send=send, uses=uses)


def _parameters(given: Request, world: World) -> dict[str, Any]:
    target = dict(given["Target"])
    if "Input" in target:
        target["Input"] = text_of(target["Input"], world)
    defaults = {"FlexibleTimeWindow": {"Mode": "OFF"}, "ActionAfterCompletion": "DELETE"}
    rest = {name: value for name, value in given.items() if name != "Name"}
    return {**defaults, **rest, "Target": target}
