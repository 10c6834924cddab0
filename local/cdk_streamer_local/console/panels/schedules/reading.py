"""What schedules and rules there are in the engine, of templates and made since."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from cdk_streamer_local.cloud.deployment import DeployedStack
from cdk_streamer_local.console.panels.deployed import queue_labels
from cdk_streamer_local.console.panels.schedules.expressions import next_of
from cdk_streamer_local.console.reach import Reach, place_of
from cdk_streamer_local.console.running import Running
from cdk_streamer_local.engine.schedule_glances import OCCASIONS_PATH

RUN_PREFIX = "cdk-streamer-run-"  # of schedules that exist for one run by hand
_TYPES = ("AWS::Scheduler::Schedule", "AWS::Events::Rule")


class Kind(StrEnum):
    """What it is."""

    SCHEDULE = "schedule"
    RULE = "rule"  # by time
    PATTERN = "pattern"  # a rule that matches events


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Who is invoked. `function` is the label of one of the app's, `queue` an ARN."""

    arn: str
    label: str
    function: str = ""
    queue: str = ""
    input: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """One schedule or rule. `group` is a schedule's group or a rule's bus."""

    arn: str
    name: str
    group: str
    kind: Kind
    label: str
    stack: str
    description: str
    expression: str
    zone: str
    pattern: Any
    state: str
    next: float | None
    last: float | None
    count: int
    targets: Sequence[Target]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    stack: DeployedStack
    now: float
    invoked: Mapping[str, tuple[float, int]]
    since: Mapping[str, float]
    labels: Mapping[str, tuple[str, str, str]]
    functions: Mapping[str, str]
    queues: Mapping[str, str]

    def target(self, told: Mapping[str, Any]) -> Target:
        """Name a target in the app's words."""
        arn = str(told["Arn"])
        last = arn.rpartition(":")[2]
        text = told.get("Input") or ""
        if ":lambda:" in arn:
            name = arn.partition(":function:")[2].split(":")[0]
            label = self.functions.get(name, "")
            return Target(arn=arn, label=label or name, function=label, input=text)
        queue = arn if ":sqs:" in arn else ""
        return Target(arn=arn, label=self.queues.get(last, last), queue=queue, input=text)

    def row(
        self, told: Mapping[str, Any], kind: Kind, group: str, targets: Sequence[Mapping[str, Any]]
    ) -> ScheduleRow:
        """Put what a service tells together with what the engine did."""
        arn, expression = str(told["Arn"]), str(told.get("ScheduleExpression") or "")
        told_zone = told.get("ScheduleExpressionTimezone") or "UTC"
        label, stack, zone = self.labels.get(told["Name"], (told["Name"], "", told_zone))
        last, count = self.invoked.get(arn, (None, 0))
        begin = told.get("StartDate")
        after = max(self.now, begin.timestamp()) if isinstance(begin, datetime) else self.now
        is_on = told.get("State") == "ENABLED"
        pattern = told.get("EventPattern")
        return ScheduleRow(
            arn=arn,
            name=told["Name"],
            group=group,
            kind=kind,
            label=label,
            stack=stack,
            description=told.get("Description") or "",
            expression=expression,
            zone=zone,
            pattern=json.loads(pattern) if pattern else None,
            state=str(told.get("State", "")).lower(),
            next=next_of(expression, after, self.since.get(arn)) if is_on else None,
            last=last,
            count=count,
            targets=[self.target(each) for each in targets],
        )


class ScheduleReader:
    """Reads them; what can only change with its date is asked for once."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._schedules: dict[tuple[str, datetime], Mapping[str, Any]] = {}
        self._targets: dict[str, Sequence[Mapping[str, Any]]] = {}
        self._of: object = None

    def read(self, running: Running, now: float) -> Sequence[ScheduleRow]:
        """Give those of all places in which the app has stacks."""
        if self._of is not running.system:
            self._targets, self._of = {}, running.system
        labels = dict(_labels(running))
        functions = {function.name: function.label for function in running.system.functions}
        places = {place_of(stack): stack for stack in running.system.stacks}
        rows: list[ScheduleRow] = []
        for stack in places.values():
            told = json.loads(self._reach.aws(running, stack).rest("lambda", "GET", OCCASIONS_PATH))
            look = _Look(
                stack=stack,
                now=now,
                invoked=told["invoked"],
                since=told["since"],
                labels=labels,
                functions=functions,
                queues=queue_labels(running),
            )
            rows += [*self._of_scheduler(look), *self._of_events(look)]
        return rows

    def _of_scheduler(self, look: _Look) -> Iterator[ScheduleRow]:
        client: Any = look.stack.services.client("scheduler")
        for page in client.get_paginator("list_schedules").paginate():
            for told in page["Schedules"]:
                if told["Name"].startswith(RUN_PREFIX):
                    continue
                key = (told["Arn"], told["LastModificationDate"])
                if key not in self._schedules:
                    self._schedules[key] = client.get_schedule(
                        Name=told["Name"], GroupName=told["GroupName"]
                    )
                whole = self._schedules[key]
                yield look.row(whole, Kind.SCHEDULE, told["GroupName"], [whole["Target"]])

    def _of_events(self, look: _Look) -> Iterator[ScheduleRow]:
        client: Any = look.stack.services.client("events")
        for bus in client.list_event_buses()["EventBuses"]:
            for told in client.list_rules(EventBusName=bus["Name"])["Rules"]:
                arn = told["Arn"]
                if arn not in self._targets:
                    found = client.list_targets_by_rule(Rule=told["Name"], EventBusName=bus["Name"])
                    self._targets[arn] = found["Targets"]
                kind = Kind.RULE if told.get("ScheduleExpression") else Kind.PATTERN
                yield look.row(told, kind, bus["Name"], self._targets[arn])


def _labels(running: Running) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """Give what the app calls each, its stack, and its time zone, which the engine forgets."""
    for stack, resource, name in running.resources(*_TYPES):
        label = resource.construct_path.partition("/")[2]
        zone = str(resource.properties.get("ScheduleExpressionTimezone") or "UTC")
        yield name.rpartition("|")[2], (label, stack.template.name, zone)
