"""Alarms and dashboard of sinks: what they look at is really measured, and says what to do."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from aws_cdk import Duration

from cdk_streamer_runtime import contract
from cdk_streamer_runtime.contract.sinks import SINK_DIMENSION, SinkMetric
from tests.constructs.stacks import (
    full_sink,
    full_sink_template,
    new_sink,
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

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
OF_QUEUES = {("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", ("QueueName",))}
ALARMS = sorted(resources(full_sink_template(), ALARM))
OF_AWS = {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"}


def sources() -> list[Source]:
    alarms = [
        source
        for alarm in resources(full_sink_template(), ALARM).values()
        for source in of_alarm(alarm)
    ]
    return alarms + [source for widget in widgets() for source in of_widget(widget)]


def widgets() -> list[dict[str, Any]]:
    return body_of(the(full_sink_template(), DASHBOARD, "Ledger"))["widgets"]


def alarm(name: str) -> dict[str, Any]:
    return the(full_sink_template(), ALARM, f"LedgerAlarms{name}")


# --- what they look at ----------------------------------------------------------------------------


def test_every_metric_is_really_emitted():
    looked_at = {(namespace, name, tuple(dims)) for namespace, name, dims in sources()}
    assert len(looked_at) >= 15
    assert looked_at - EMITTED - DOCUMENTED - OF_QUEUES == set()


def test_every_metric_of_ours_has_the_name_that_the_functions_emit_under():
    functions = resources(full_sink_template(), "AWS::Lambda::Function").values()
    names = {each["Environment"]["Variables"]["CDK_STREAMER_SINK_NAME"] for each in functions}
    looked_at = {
        dimensions[SINK_DIMENSION]
        for namespace, _, dimensions in sources()
        if namespace == contract.METRIC_NAMESPACE
    }
    assert looked_at == names == {"Reports/Ledger"}


def test_every_metric_of_aws_is_about_a_resource_of_this_kind():
    about = {
        (dimension, json.dumps(value))
        for namespace, _, dimensions in sources()
        if namespace.startswith("AWS/")
        for dimension, value in dimensions.items()
    }
    strangers = [
        (dimension, value)
        for dimension, value in about
        if not any(
            f'"{name}"' in value for name in resources(full_sink_template(), KINDS[dimension])
        )
    ]
    assert about
    assert strangers == []


def test_the_dashboard_shows_every_metric_of_ours():
    shown = {
        name
        for widget in widgets()
        for namespace, name, _ in of_widget(widget)
        if namespace == contract.METRIC_NAMESPACE
    }
    assert shown == set(SinkMetric)


def test_the_dashboard_shows_the_errors_of_both_functions():
    shown = {
        dimensions["FunctionName"]
        for widget in widgets()
        for _, name, dimensions in of_widget(widget)
        if name == "Errors"
    }
    assert shown == set(resources(full_sink_template(), "AWS::Lambda::Function"))


def test_there_is_a_method_for_every_metric():
    found = full_sink()
    metrics = {
        getattr(found, name)().metric_name
        for name in dir(found)
        if name.startswith("metric_") and name != "metric_delivery_rate"
    }
    assert metrics == {*SinkMetric, *OF_AWS}


def test_the_delivery_rate_is_what_was_delivered_a_second():
    rate = full_sink().metric_delivery_rate(Duration.minutes(1))
    assert rate.expression == "delivered / PERIOD(delivered)"
    assert rate.period.to_seconds() == 60


# --- alarms ---------------------------------------------------------------------------------------


def test_every_queue_that_should_be_empty_has_an_alarm():
    watched = {
        dimensions["QueueName"]["Fn::GetAtt"][0][:-8]
        for found in resources(full_sink_template(), ALARM).values()
        for _, name, dimensions in of_alarm(found)
        if name == "ApproximateNumberOfMessagesVisible"
    }
    assert watched == {"LedgerMessagesDeadLetters", "LedgerCommandsDeadLetters", "LedgerRejected"}


def test_a_pause_of_an_hour_rings():
    paused = alarm("Paused")
    assert (paused["MetricName"], paused["Statistic"]) == (SinkMetric.CIRCUIT_OPEN, "Minimum")
    assert (paused["Period"], paused["EvaluationPeriods"], paused["Threshold"]) == (900, 4, 1)


def test_a_message_that_waits_for_an_hour_rings():
    age = alarm("Age")
    assert age["Dimensions"][0]["Value"]["Fn::GetAtt"][0].startswith("LedgerMessagesQueue")
    assert (age["Statistic"], age["Threshold"], age["Period"]) == ("Maximum", 3_600, 60)


@pytest.mark.parametrize("name", ALARMS)
def test_nothing_measured_is_no_alarm(name: str):
    found = resources(full_sink_template(), ALARM)[name]
    assert found["TreatMissingData"] == "notBreaching"
    assert found["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_what_to_do_and_where_to_read_on(name: str):
    description = resources(full_sink_template(), ALARM)[name]["AlarmDescription"]
    page, _, section = description.rpartition(": ")[2].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    assert section in {heading.lower().replace(" ", "-").replace("'", "") for heading in headings}


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_tells_whom_it_should(name: str):
    found = resources(full_sink_template(), ALARM)[name]
    assert found["AlarmActions"] == ["arn:aws:sns:eu-west-1:123456789012:alarms"]


def test_the_alarms_are_attributes_and_all_of_them_by_iteration():
    alarms = full_sink().alarms
    assert alarms.paused.node.path == "Reports/Ledger/Alarms/Paused"
    assert len(list(alarms)) == len(ALARMS) == 7


def test_alarms_and_dashboard_can_be_left_out():
    stack = new_stack()
    sink = new_sink(stack, alarms=False, dashboard=False)
    template = template_of(stack)
    assert resources(template, ALARM) == resources(template, DASHBOARD) == {}
    with pytest.raises(ValueError, match="has alarms=False; leave it out to get them"):
        _ = sink.alarms
    with pytest.raises(ValueError, match="has dashboard=False; leave it out to get one"):
        _ = sink.dashboard
