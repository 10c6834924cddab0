"""Alarms and dashboard of batches: what they look at is really measured, and says what to do."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from cdk_streamer_runtime import contract
from cdk_streamer_runtime.contract.batches import BATCH_DIMENSION, BatchMetric
from tests.constructs.stacks import (
    full_batch,
    full_batch_template,
    new_batch,
    new_stack,
    resources,
    template_of,
    the,
)
from tests.constructs.test_operations import (
    ALARM,
    DASHBOARD,
    DOCUMENTED,
    EMITTED,
    KINDS,
    ROOT,
    Source,
    body_of,
    of_alarm,
    of_widget,
)

# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
OF_LAMBDA = {("AWS/Lambda", "AsyncEventsDropped", ("FunctionName",))}
ALARMS = sorted(resources(full_batch_template(), ALARM))


def sources(template: dict[str, Any]) -> list[Source]:
    alarms = [source for each in resources(template, ALARM).values() for source in of_alarm(each)]
    widgets = body_of(the(template, DASHBOARD, "Daily"))["widgets"]
    return alarms + [source for widget in widgets for source in of_widget(widget)]


def alarm(id: str) -> dict[str, Any]:
    return the(full_batch_template(), ALARM, f"DailyAlarms{id}")


# --- what they look at ----------------------------------------------------------------------------


def test_every_metric_is_really_emitted():
    looked_at = {
        (namespace, name, tuple(dimensions))
        for namespace, name, dimensions in sources(full_batch_template())
    }
    assert len(looked_at) >= 12
    assert looked_at - EMITTED - DOCUMENTED - OF_LAMBDA == set()


def test_every_metric_of_ours_has_the_name_that_the_function_emits_under():
    environment = the(full_batch_template(), "AWS::Lambda::Function", "DailyDurableFunction")
    told = environment["Environment"]["Variables"]["CDK_STREAMER_BATCH_NAME"]
    looked_at = {
        dimensions[BATCH_DIMENSION]
        for namespace, _, dimensions in sources(full_batch_template())
        if namespace == contract.METRIC_NAMESPACE
    }
    assert looked_at == {told} == {"Reports/Daily"}


def test_every_metric_of_aws_is_about_a_resource_of_this_kind():
    template = full_batch_template()
    about = {
        (dimension, json.dumps(value))
        for namespace, _, dimensions in sources(template)
        if namespace.startswith("AWS/")
        for dimension, value in dimensions.items()
    }
    strangers = [
        (dimension, value)
        for dimension, value in about
        if not any(f'"{id}"' in value for id in resources(template, KINDS[dimension]))
    ]
    assert strangers == []


def test_the_dashboard_shows_every_metric_of_ours():
    widgets = body_of(the(full_batch_template(), DASHBOARD, "Daily"))["widgets"]
    shown = {
        metric
        for widget in widgets
        for namespace, metric, _ in of_widget(widget)
        if namespace == contract.METRIC_NAMESPACE
    }
    assert shown == set(BatchMetric)


def test_there_is_a_method_for_every_metric():
    found = full_batch()
    metrics = {
        getattr(found, name)().metric_name for name in dir(found) if name.startswith("metric_")
    }
    assert metrics == set(BatchMetric)


# --- alarms ---------------------------------------------------------------------------------------


def test_a_batch_that_failed_in_any_way_rings():
    failures = alarm("Failures")
    names = [
        each["MetricStat"]["Metric"]["MetricName"]
        for each in failures["Metrics"]
        if "MetricStat" in each
    ]
    assert names == [
        "BatchesFailed",
        "DurableExecutionFailed",
        "DurableExecutionTimedOut",
        "AsyncEventsDropped",
    ]
    assert (failures["Threshold"], failures["EvaluationPeriods"]) == (1, 1)


def test_every_queue_that_should_be_empty_has_an_alarm():
    watched = {
        dimensions["QueueName"]["Fn::GetAtt"][0]
        for found in resources(full_batch_template(), ALARM).values()
        for _, metric, dimensions in of_alarm(found)
        if metric == "ApproximateNumberOfMessagesVisible"
    }
    assert watched == resources(full_batch_template(), "AWS::SQS::Queue").keys()


@pytest.mark.parametrize("id", ALARMS)
def test_nothing_measured_is_no_alarm(id: str):
    found = resources(full_batch_template(), ALARM)[id]
    assert found["TreatMissingData"] == "notBreaching"
    assert found["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


@pytest.mark.parametrize("id", ALARMS)
def test_an_alarm_says_what_to_do_and_where_to_read_on(id: str):
    description = resources(full_batch_template(), ALARM)[id]["AlarmDescription"]
    page, _, section = description.rpartition(": ")[2].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    assert section in {heading.lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("id", ALARMS)
def test_an_alarm_tells_whom_it_should(id: str):
    found = resources(full_batch_template(), ALARM)[id]
    assert found["AlarmActions"] == ["arn:aws:sns:eu-west-1:123456789012:alarms"]


def test_the_alarms_are_attributes_and_all_of_them_by_iteration():
    alarms = full_batch().alarms
    assert alarms.failures.node.path == "Reports/Daily/Alarms/Failures"
    assert len(list(alarms)) == len(ALARMS) == 4


def test_what_is_not_scheduled_has_no_alarms_of_a_schedule():
    alarms = new_batch(new_stack()).alarms
    assert (alarms.starter_errors, alarms.start_failures) == (None, None)
    assert len(list(alarms)) == 2


def test_a_batch_of_requests_rings_by_its_own_metric():
    stack = new_stack()
    new_batch(stack, handlers=None)
    looked_at = {name for _, name, _ in of_alarm(the(template_of(stack), ALARM, "DailyAlarmsFail"))}
    assert looked_at == {"BatchesFailed"}
