"""Alarms and dashboard of timers: what they look at is really measured, and says what to do."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from aws_cdk import Duration

from cdk_streamer_runtime import contract
from cdk_streamer_runtime.contract.timers import TIMER_DIMENSION, TimerMetric
from tests.constructs.stacks import (
    called_template,
    full_timer,
    full_timer_template,
    new_stack,
    new_timer,
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

# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
OF_REST_APIS = {
    ("AWS/ApiGateway", name, ("ApiName", "Stage")) for name in ("Count", "4XXError", "5XXError")
}
ALARMS = sorted(resources(full_timer_template(), ALARM))


def sources() -> list[Source]:
    alarms = [
        source
        for alarm in resources(full_timer_template(), ALARM).values()
        for source in of_alarm(alarm)
    ]
    return alarms + [source for widget in widgets() for source in of_widget(widget)]


def widgets() -> list[dict[str, Any]]:
    return body_of(the(full_timer_template(), DASHBOARD, "Timer"))["widgets"]


def alarm(name: str) -> dict[str, Any]:
    return the(full_timer_template(), ALARM, f"TimerAlarms{name}")


# --- what they look at ----------------------------------------------------------------------------


def test_every_metric_is_really_emitted():
    looked_at = {(namespace, name, tuple(dims)) for namespace, name, dims in sources()}
    assert len(looked_at) >= 15
    assert looked_at - EMITTED - DOCUMENTED - OF_REST_APIS == set()


def test_every_metric_of_ours_has_the_name_that_the_functions_emit_under():
    functions = resources(full_timer_template(), "AWS::Lambda::Function").values()
    told = [function["Environment"]["Variables"] for function in functions]
    names = {
        variables.get("CDK_STREAMER_NAME") or variables["CDK_STREAMER_TIMER_NAME"]
        for variables in told
    }
    looked_at = {
        dimensions[TIMER_DIMENSION]
        for namespace, _, dimensions in sources()
        if namespace == contract.METRIC_NAMESPACE
    }
    assert looked_at == names == {"Reports/Timer"}


def test_every_metric_of_aws_is_about_a_resource_of_this_kind():
    about = {
        (dimension, json.dumps(value))
        for namespace, _, dimensions in sources()
        if namespace in {"AWS/Lambda", "AWS/SQS"}
        for dimension, value in dimensions.items()
    }
    assert {dimension for dimension, _ in about} == set(KINDS)
    assert [
        (dimension, value)
        for dimension, value in about
        if not any(
            f'"{name}"' in value for name in resources(full_timer_template(), KINDS[dimension])
        )
    ] == []


def test_the_metrics_of_the_api_are_those_of_its_stage():
    about = {
        json.dumps(dimensions)
        for namespace, _, dimensions in sources()
        if namespace == "AWS/ApiGateway"
    }
    api = the(full_timer_template(), "AWS::ApiGateway::RestApi", "Timer")
    assert {json.loads(each)["ApiName"] for each in about} == {api["Name"]} == {"Reports/Timer"}


def test_the_dashboard_shows_every_metric_of_ours():
    shown = {
        name
        for widget in widgets()
        for namespace, name, _ in of_widget(widget)
        if namespace == contract.METRIC_NAMESPACE
    }
    assert shown == set(TimerMetric)


def test_the_dashboard_shows_the_errors_of_every_function():
    shown = {
        dimensions["FunctionName"]
        for widget in widgets()
        for _, name, dimensions in of_widget(widget)
        if name == "Errors"
    }
    assert shown == set(resources(full_timer_template(), "AWS::Lambda::Function"))


def test_there_is_a_method_for_every_metric():
    metrics = {
        getattr(full_timer(), name)().metric_name
        for name in dir(full_timer())
        if name.startswith("metric_")
    }
    assert metrics == set(TimerMetric)


# --- alarms ---------------------------------------------------------------------------------------


def test_every_dead_letter_queue_has_an_alarm():
    watched = {
        dimensions["QueueName"]["Fn::GetAtt"][0]
        for found in resources(full_timer_template(), ALARM).values()
        for _, name, dimensions in of_alarm(found)
        if name == "ApproximateNumberOfMessagesVisible"
    }
    queues = resources(full_timer_template(), "AWS::SQS::Queue")
    assert watched == {name for name in queues if "DeadLetters" in name}


def test_a_service_that_does_not_tick_rings():
    lag = alarm("WatermarkLag")
    assert lag["MetricName"] == TimerMetric.WATERMARK_LAG
    assert (lag["TreatMissingData"], lag["Statistic"]) == ("breaching", "Maximum")
    assert lag["ComparisonOperator"] == "GreaterThanThreshold"
    assert (lag["Threshold"], lag["Period"], lag["EvaluationPeriods"]) == (180, 60, 2)


def test_a_longer_look_ahead_may_lag_longer():
    template = called_template(look_ahead=Duration.minutes(10))
    assert the(template, ALARM, "TimerAlarmsWatermarkLag")["Threshold"] == 600


@pytest.mark.parametrize("name", [name for name in ALARMS if "WatermarkLag" not in name])
def test_nothing_measured_elsewhere_is_no_alarm(name: str):
    found = resources(full_timer_template(), ALARM)[name]
    assert found["TreatMissingData"] == "notBreaching"
    assert found["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_what_to_do_and_where_to_read_on(name: str):
    description = resources(full_timer_template(), ALARM)[name]["AlarmDescription"]
    page, _, section = description.rpartition(": ")[2].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    assert section in {heading.lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_tells_whom_it_should(name: str):
    found = resources(full_timer_template(), ALARM)[name]
    assert found["AlarmActions"] == ["arn:aws:sns:eu-west-1:123456789012:alarms"]


def test_a_firing_that_is_delayed_and_worked_on_is_not_too_old():
    callback = the(full_timer_template(), "AWS::Lambda::Function", "TimerCallback")
    assert alarm("FanOutAge")["Threshold"] > contract.MAX_DELAY_SECONDS + callback["Timeout"]


def test_the_alarms_are_attributes_and_all_of_them_by_iteration():
    alarms = full_timer().alarms
    assert alarms.watermark_lag.node.path == "Reports/Timer/Alarms/WatermarkLag"
    assert len(list(alarms)) == len(ALARMS) == 7


def test_alarms_and_dashboard_can_be_left_out():
    stack = new_stack()
    timer = new_timer(stack, alarms=False, dashboard=False)
    template = template_of(stack)
    assert resources(template, ALARM) == resources(template, DASHBOARD) == {}
    with pytest.raises(ValueError, match="has alarms=False; leave it out to get them"):
        _ = timer.alarms
    with pytest.raises(ValueError, match="has dashboard=False; leave it out to get one"):
        _ = timer.dashboard
