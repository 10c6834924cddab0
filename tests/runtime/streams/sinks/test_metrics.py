"""Sink for metrics: lines in CloudWatch's embedded format."""

from __future__ import annotations

import json

import pytest

from cdk_streamer_runtime.streams.sinks.metrics import put_metrics
from tests.runtime.streams.sinks.sending import TIMESTAMP, unit


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def step(lines):
    return put_metrics(namespace="Shop", write=lines.append)


def measured(number: float, **more):
    return {"Metrics": {"Orders": number}, "Dimensions": {"Shop": "x"}, **more}


def test_values_of_the_same_dimensions_share_a_line(surroundings, step, lines):
    units = [unit(str(number), metrics_request=measured(number)) for number in range(3)]
    surroundings.send(step, *units)
    (document,) = map(json.loads, lines)
    assert document["Orders"] == [0, 1, 2]
    assert document["Shop"] == "x"
    assert document["_aws"] == {
        "Timestamp": TIMESTAMP // 60_000 * 60_000,
        "CloudWatchMetrics": [
            {
                "Namespace": "Shop",
                "Dimensions": [["Shop"]],
                "Metrics": [{"Name": "Orders", "Unit": "None"}],
            }
        ],
    }


def test_other_dimensions_and_minutes_have_lines_of_their_own(surroundings, step, lines):
    units = [
        unit("1", metrics_request=measured(1)),
        unit("2", metrics_request={"Metrics": {"Time": {"Value": 2, "Unit": "Seconds"}}}),
        unit("3", metrics_request=measured(1), timestamp=TIMESTAMP + 60_000),
    ]
    surroundings.send(step, *units)
    assert len(lines) == 3
    definition = json.loads(lines[1])["_aws"]["CloudWatchMetrics"][0]
    assert definition["Metrics"] == [{"Name": "Time", "Unit": "Seconds"}]


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"Metrics": {"Orders": "1"}}, "must be a number, got str"),
        ({"Metrics": {"Orders": True}}, "must be a number, got bool"),
        ({"Metrics": {"Orders": float("nan")}}, "that CloudWatch takes"),
        ({"Metrics": {"Orders": float("inf")}}, "that CloudWatch takes"),
        ({"Metrics": {"Orders": 10**5_000}}, "that CloudWatch takes"),
        ({"Metrics": {}}, "1 to 100 metrics"),
        ({"Metrics": {"Shop": 1}, "Dimensions": {"Shop": "x"}}, "called like a dimension"),
        ({"Metrics": {"a": 1}, "Dimensions": dict.fromkeys(map(str, range(31)))}, "at most 30"),
    ],
)
def test_what_is_no_metric_is_refused(surroundings, step, request_, text):
    with pytest.raises((TypeError, ValueError), match=text):
        surroundings.send(step, unit(metrics_request=request_))


def test_metrics_need_no_permission(step):
    assert step.uses == ()
