"""Alarms and dashboard of processors: what they look at is really measured, and says what to do."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest
from aws_cdk import Stack

from cdk_streamer import StreamProcessor, StreamSource
from cdk_streamer_runtime import contract
from cdk_streamer_runtime.contract.streams import STREAM_DIMENSION, StreamMetric
from tests.constructs.stacks import (
    full_processor,
    full_processor_template,
    new_action,
    new_processor,
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

# Written by circuit breakers, whose own tests look at them.
OF_BREAKERS = {
    ("CdkStreamer", name, (STREAM_DIMENSION,)) for name in ("CircuitOpenings", "CallsRefused")
}
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
OF_LAMBDA = {("AWS/Lambda", "Throttles", ("FunctionName",))}


@cache
def of_stream() -> StreamProcessor:
    """Give a processor of a Kinesis stream, whose alarms are partly others than a bus's."""
    stack = new_stack()
    return new_processor(stack, alarm_actions=[new_action(stack)])


@cache
def of_stream_template() -> dict[str, Any]:
    return template_of(Stack.of(of_stream()))


TEMPLATES = {"Everything": full_processor_template, "Listener": of_stream_template}
ALARMS = [
    (name, alarm)
    for name, template in TEMPLATES.items()
    for alarm in sorted(resources(template(), ALARM))
    if alarm.startswith(name)
]


def widgets(name: str) -> list[dict[str, Any]]:
    return body_of(the(TEMPLATES[name](), DASHBOARD, name))["widgets"]


def sources(name: str) -> list[Source]:
    found = resources(TEMPLATES[name](), ALARM)
    alarms = [source for id in found if id.startswith(name) for source in of_alarm(found[id])]
    return alarms + [source for widget in widgets(name) for source in of_widget(widget)]


def searched(name: str) -> set[tuple[str, str]]:
    """Give the metrics that a dashboard searches for, with their dimensions."""
    text = json.dumps(widgets(name))
    return set(re.findall(r"SEARCH\('\{CdkStreamer,([^}]+)\} MetricName=\\+\"(\w+)", text))


def alarm(name: str, id: str) -> dict[str, Any]:
    return the(TEMPLATES[name](), ALARM, f"{name}Alarms{id}")


# --- what they look at ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_metric_is_really_emitted(name: str):
    looked_at = {(namespace, metric, tuple(dims)) for namespace, metric, dims in sources(name)}
    looked_at |= {
        ("CdkStreamer", metric, tuple(dims.split(","))) for dims, metric in searched(name)
    }
    assert len(looked_at) >= 15
    assert looked_at - EMITTED - DOCUMENTED - OF_LAMBDA - OF_BREAKERS == set()


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_metric_of_ours_has_the_name_that_the_function_emits_under(name: str):
    functions = resources(TEMPLATES[name](), "AWS::Lambda::Function")
    (told,) = (
        function["Environment"]["Variables"]["CDK_STREAMER_STREAM_NAME"]
        for id, function in functions.items()
        if id.startswith(name)
    )
    looked_at = {
        dimensions[STREAM_DIMENSION]
        for namespace, _, dimensions in sources(name)
        if namespace == contract.METRIC_NAMESPACE
    }
    assert looked_at == {told}


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_metric_of_aws_is_about_a_resource_of_this_kind(name: str):
    about = {
        (dimension, json.dumps(value))
        for namespace, _, dimensions in sources(name)
        if namespace.startswith("AWS/")
        for dimension, value in dimensions.items()
    }
    template = TEMPLATES[name]()
    strangers = [
        (dimension, value)
        for dimension, value in about
        if not any(f'"{id}"' in value for id in resources(template, KINDS[dimension]))
    ]
    assert strangers == []


def test_the_dashboard_shows_every_metric_of_ours():
    shown = {
        metric
        for widget in widgets("Listener")
        for namespace, metric, _ in of_widget(widget)
        if namespace == contract.METRIC_NAMESPACE
    }
    assert shown | {metric for _, metric in searched("Listener")} == set(StreamMetric)


def test_there_is_a_method_for_every_metric():
    found = full_processor()
    of_parts = {
        "metric_events": {"pipeline": "reads"},
        "metric_pipeline_time": {"pipeline": "reads"},
        "metric_step_time": {"pipeline": "reads", "step": "get"},
    }
    metrics = {
        getattr(found, name)(**of_parts.get(name, {})).metric_name
        for name in dir(found)
        if name.startswith("metric_")
    }
    assert metrics == set(StreamMetric)


def test_a_metric_of_a_step_has_its_pipeline_and_its_name():
    dimensions = full_processor().metric_step_time("reads", "get").dimensions
    assert dimensions == {"Stream": "Reports/Everything", "Pipeline": "reads", "Step": "get"}


# --- alarms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_queue_that_should_be_empty_has_an_alarm(name: str):
    watched = {
        dimensions["QueueName"]["Fn::GetAtt"][0]
        for id, found in resources(TEMPLATES[name](), ALARM).items()
        for _, metric, dimensions in of_alarm(found)
        if metric == "ApproximateNumberOfMessagesVisible" and id.startswith(name)
    }
    queues = resources(TEMPLATES[name](), "AWS::SQS::Queue")
    assert watched == {id for id in queues if id.startswith(name) and "EventsQueue" not in id}


def test_records_that_wait_ring():
    age = alarm("Listener", "Age")
    assert (age["MetricName"], age["Statistic"]) == ("IteratorAge", "Maximum")
    assert (age["Threshold"], age["Period"], age["EvaluationPeriods"]) == (360_000, 60, 3)


def test_messages_that_wait_ring():
    age = alarm("Everything", "Age")
    assert (age["MetricName"], age["Statistic"]) == ("ApproximateAgeOfOldestMessage", "Maximum")
    assert age["Threshold"] == 360


@pytest.mark.parametrize(("name", "id"), ALARMS)
def test_nothing_measured_is_no_alarm(name: str, id: str):
    found = resources(TEMPLATES[name](), ALARM)[id]
    assert found["TreatMissingData"] == "notBreaching"
    assert found["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


@pytest.mark.parametrize(("name", "id"), ALARMS)
def test_an_alarm_says_what_to_do_and_where_to_read_on(name: str, id: str):
    description = resources(TEMPLATES[name](), ALARM)[id]["AlarmDescription"]
    page, _, section = description.rpartition(": ")[2].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    assert section in {heading.lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("name", "id"), ALARMS)
def test_an_alarm_tells_whom_it_should(name: str, id: str):
    found = resources(TEMPLATES[name](), ALARM)[id]
    assert found["AlarmActions"] == ["arn:aws:sns:eu-west-1:123456789012:alarms"]


def test_the_alarms_are_attributes_and_all_of_them_by_iteration():
    of_bus, of_records = full_processor().alarms, of_stream().alarms
    assert of_bus.faults.node.path == "Reports/Everything/Alarms/Faults"
    assert of_bus.failures is None
    assert of_records.dead_letters is None
    assert len(list(of_bus)) + len(list(of_records)) == len(ALARMS) == 12


def test_alarms_and_dashboard_can_be_left_out():
    stack = new_stack()
    processor = new_processor(stack, source=StreamSource.sqs(), alarms=False, dashboard=False)
    template = template_of(stack)
    assert resources(template, ALARM) == resources(template, DASHBOARD) == {}
    with pytest.raises(ValueError, match="has alarms=False; leave it out to get them"):
        _ = processor.alarms
    with pytest.raises(ValueError, match="has dashboard=False; leave it out to get one"):
        _ = processor.dashboard
