"""Alarms and dashboard: what they look at is really measured, and they say what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cdk_streamer_runtime import contract
from tests.constructs.stacks import (
    full_api,
    full_template,
    new_api,
    new_stack,
    resources,
    template_of,
    the,
)

ALARM, DASHBOARD = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard"
ROOT = Path(__file__).parents[2]
# What an API in memory writes; tests/runtime/test_emitted_metrics.py keeps it true.
EMITTED = {
    (namespace, name, tuple(dimensions))
    for namespace, name, dimensions, _ in json.loads(
        (ROOT / "tests" / "runtime" / "emitted_metrics.json").read_text()
    )
}
# Metrics of AWS with the dimensions that they have, from these pages of its documentation:
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
# https://docs.aws.amazon.com/lambda/latest/dg/durable-monitoring.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
DOCUMENTED = {
    ("AWS/Lambda", "Errors", ("FunctionName",)),
    ("AWS/Lambda", "Duration", ("FunctionName",)),
    ("AWS/Lambda", "IteratorAge", ("FunctionName",)),
    ("AWS/Lambda", "DurableExecutionStarted", ("FunctionName",)),
    ("AWS/Lambda", "DurableExecutionFailed", ("FunctionName",)),
    ("AWS/Lambda", "DurableExecutionTimedOut", ("FunctionName",)),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", ("QueueName",)),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage", ("QueueName",)),
}
KINDS = {"FunctionName": "AWS::Lambda::Function", "QueueName": "AWS::SQS::Queue"}

Source = tuple[str, str, dict[str, Any]]


def of_alarm(alarm: dict[str, Any]) -> list[Source]:
    """Give namespace, name and dimensions of all that an alarm looks at."""
    stats = [m["MetricStat"]["Metric"] for m in alarm.get("Metrics", []) if "MetricStat" in m]
    return [
        (
            metric["Namespace"],
            metric["MetricName"],
            {dimension["Name"]: dimension["Value"] for dimension in metric["Dimensions"]},
        )
        for metric in stats or [alarm]
    ]


def body_of(dashboard: dict[str, Any]) -> dict[str, Any]:
    """Read the text of a dashboard; a token in it becomes the resource that it stands for."""
    delimiter, parts = dashboard["DashboardBody"]["Fn::Join"]
    return json.loads(
        delimiter.join(part if isinstance(part, str) else _resource(part) for part in parts)
    )


def _resource(token: dict[str, Any]) -> str:
    return token["Ref"] if "Ref" in token else token["Fn::GetAtt"][0]


def of_widget(widget: dict[str, Any]) -> list[Source]:
    """Give namespace, name and dimensions of all that a widget shows."""
    found: list[Source] = []
    for line in widget["properties"]["metrics"]:
        words = [word for word in line if isinstance(word, str)]
        if words:
            namespace, name, *dimensions = words
            found.append((namespace, name, dict(zip(dimensions[::2], dimensions[1::2]))))  # noqa: B905 - an odd one fails below
    return found


def sources(template: dict[str, Any]) -> list[Source]:
    alarms = [source for alarm in resources(template, ALARM).values() for source in of_alarm(alarm)]
    body = body_of(the(template, DASHBOARD, "Api"))
    return alarms + [source for widget in body["widgets"] for source in of_widget(widget)]


# --- what they look at ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["alarms", "widgets"])
def test_there_is_something_to_look_at(kind: str):
    alarms = resources(full_template(), ALARM)
    widgets = body_of(the(full_template(), DASHBOARD, "Api"))["widgets"]
    assert len({"alarms": alarms, "widgets": widgets}[kind]) >= 12


def test_every_metric_is_really_emitted():
    looked_at = {
        (namespace, name, tuple(dimensions))
        for namespace, name, dimensions in sources(full_template())
    }
    assert looked_at - EMITTED - DOCUMENTED == set()


def test_every_metric_of_ours_has_the_name_that_the_functions_emit_under():
    names = {
        function["Environment"]["Variables"]["CDK_STREAMER_NAME"]
        for function in resources(full_template(), "AWS::Lambda::Function").values()
    }
    looked_at = {
        dimensions[contract.METRIC_DIMENSION]
        for namespace, _, dimensions in sources(full_template())
        if namespace == contract.METRIC_NAMESPACE
    }
    assert looked_at == names == {"Reports/Api"}


def test_every_metric_of_aws_is_about_a_resource_of_this_kind():
    about = {
        (dimension, json.dumps(value))
        for namespace, _, dimensions in sources(full_template())
        if namespace != contract.METRIC_NAMESPACE
        for dimension, value in dimensions.items()
    }
    assert {dimension for dimension, _ in about} == set(KINDS)
    assert [
        (dimension, value)
        for dimension, value in about
        if not any(f'"{name}"' in value for name in resources(full_template(), KINDS[dimension]))
    ] == []


def test_the_dashboard_shows_every_metric_of_ours():
    body = body_of(the(full_template(), DASHBOARD, "Api"))
    shown = {
        name
        for widget in body["widgets"]
        for namespace, name, _ in of_widget(widget)
        if namespace == contract.METRIC_NAMESPACE
    }
    assert shown == set(contract.Metric)


def test_the_dashboard_shows_the_errors_of_every_function():
    body = body_of(the(full_template(), DASHBOARD, "Api"))
    shown = {
        dimensions["FunctionName"]
        for widget in body["widgets"]
        for _, name, dimensions in of_widget(widget)
        if name == "Errors"
    }
    assert shown == set(resources(full_template(), "AWS::Lambda::Function"))


# --- alarms ---------------------------------------------------------------------------------------


def alarm(name: str) -> dict[str, Any]:
    return the(full_template(), ALARM, f"ApiAlarms{name}")


def test_every_dead_letter_queue_has_an_alarm():
    watched = {
        dimensions["QueueName"]["Fn::GetAtt"][0]
        for found in resources(full_template(), ALARM).values()
        for _, name, dimensions in of_alarm(found)
        if name == "ApproximateNumberOfMessagesVisible"
    }
    queues = resources(full_template(), "AWS::SQS::Queue")
    assert watched == {name for name in queues if "DeadLetters" in name}


@pytest.mark.parametrize("name", sorted(resources(full_template(), ALARM)))
def test_nothing_measured_is_no_alarm(name: str):
    found = resources(full_template(), ALARM)[name]
    assert found["TreatMissingData"] == "notBreaching"
    assert found["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


@pytest.mark.parametrize("name", sorted(resources(full_template(), ALARM)))
def test_an_alarm_says_what_to_do_and_where_to_read_on(name: str):
    description = resources(full_template(), ALARM)[name]["AlarmDescription"]
    page, _, section = description.rpartition(": ")[2].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    assert section in {heading.lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", sorted(resources(full_template(), ALARM)))
def test_an_alarm_tells_whom_it_should(name: str):
    found = resources(full_template(), ALARM)[name]
    assert found["AlarmActions"] == ["arn:aws:sns:eu-west-1:123456789012:alarms"]


def test_a_message_that_is_worked_on_is_not_too_old():
    worker = the(full_template(), "AWS::Lambda::Function", "ApiWorker")
    longest = worker["Timeout"] + contract.MAX_DELAY_SECONDS
    assert alarm("OldestWork")["Threshold"] > longest


def test_the_alarms_are_attributes_and_all_of_them_by_iteration():
    alarms = full_api().alarms
    assert alarms.worker_errors.node.path == "Reports/Api/Alarms/WorkerErrors"
    assert len(list(alarms)) == len(resources(full_template(), ALARM))


def test_what_is_not_there_is_not_watched():
    alarms = new_api(new_stack()).alarms
    absent = (alarms.webhook_dead_letters, alarms.webhook_failures, alarms.durable_failures)
    assert absent == (None, None, None)


def test_alarms_and_dashboard_can_be_left_out():
    stack = new_stack()
    api = new_api(stack, alarms=False, dashboard=False)
    template = template_of(stack)
    assert resources(template, ALARM) == resources(template, DASHBOARD) == {}
    with pytest.raises(ValueError, match="has alarms=False; leave it out to get them"):
        _ = api.alarms
    with pytest.raises(ValueError, match="has dashboard=False; leave it out to get one"):
        _ = api.dashboard
