"""What the runtime measures is embedded metric format, within its limits."""

from __future__ import annotations

import json
import threading

import pytest
from hypothesis import given, strategies as st
from jsonschema import validate

from cdk_streamer_runtime.contract import METRIC_DIMENSION, METRIC_NAMESPACE, Metric
from cdk_streamer_runtime.contract.timers import TIMER_DIMENSION, TimerMetric
from cdk_streamer_runtime.metrics import Metrics

# Written from CloudWatch's specification of the embedded metric format.
NUMBER = {"type": "number"}
VALUES = {"type": "array", "minItems": 1, "maxItems": 100, "items": NUMBER}
SCHEMA = {
    "type": "object",
    "required": ["_aws", METRIC_DIMENSION],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer", "minimum": 0},
                "CloudWatchMetrics": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "additionalProperties": False,
                        "properties": {
                            "Namespace": {"const": METRIC_NAMESPACE},
                            "Dimensions": {"const": [[METRIC_DIMENSION]]},
                            "Metrics": {
                                "type": "array",
                                "minItems": 1,
                                "maxItems": 100,
                                "items": {
                                    "type": "object",
                                    "required": ["Name", "Unit"],
                                    "additionalProperties": False,
                                    "properties": {
                                        "Name": {"enum": [metric.value for metric in Metric]},
                                        "Unit": {"enum": ["Count", "Milliseconds"]},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
        METRIC_DIMENSION: {"type": "string", "minLength": 1, "maxLength": 1024},
    },
    "additionalProperties": {"oneOf": [NUMBER, VALUES]},
}
NOW = 1_763_717_400_000


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def metrics(lines: list[str]) -> Metrics:
    return Metrics("Reports", clock=lambda: NOW, write=lines.append)


def test_an_invocation_is_one_line(metrics, lines):
    metrics.count(Metric.PROGRESS_POSTS)
    metrics.count(Metric.PROGRESS_POSTS, 4)
    metrics.milliseconds(Metric.QUEUE_AGE, 12)
    metrics.flush()
    assert [line[-1] for line in lines] == ["\n"]
    assert json.loads(lines[0]) == {
        "_aws": {
            "Timestamp": NOW,
            "CloudWatchMetrics": [
                {
                    "Namespace": "CdkStreamer",
                    "Dimensions": [["Api"]],
                    "Metrics": [
                        {"Name": "ProgressPosts", "Unit": "Count"},
                        {"Name": "QueueAge", "Unit": "Milliseconds"},
                    ],
                }
            ],
        },
        "Api": "Reports",
        "ProgressPosts": 5,
        "QueueAge": [12],
    }


def test_nothing_measured_is_nothing_written(metrics, lines):
    metrics.flush()
    assert lines == []


def test_a_flush_forgets_what_it_wrote(metrics, lines):
    metrics.count(Metric.LEASES_LOST)
    metrics.flush()
    metrics.flush()
    assert len(lines) == 1


def test_more_durations_than_a_line_holds_go_on_the_next(metrics, lines):
    metrics.count(Metric.LEASES_LOST)
    for number in range(201):
        metrics.milliseconds(Metric.QUEUE_AGE, number)
    metrics.flush()
    documents = [json.loads(line) for line in lines]
    assert [len(document["QueueAge"]) for document in documents] == [100, 100, 1]
    assert [document.get("LeasesLost") for document in documents] == [1, None, None]


counted = st.dictionaries(st.sampled_from(Metric), st.integers(0, 10**9))
timed = st.dictionaries(st.sampled_from(Metric), st.lists(st.floats(0, 1e9), max_size=250))


@given(counts=counted, times=timed)
def test_every_line_follows_the_specification(counts, times):
    lines: list[str] = []
    metrics = Metrics("Reports", write=lines.append)
    for metric, value in counts.items():
        metrics.count(metric, value)
    for metric in times.keys() - counts.keys():
        for value in times[metric]:
            metrics.milliseconds(metric, value)
    metrics.flush()
    for line in lines:
        document = json.loads(line)
        validate(document, SCHEMA)
        (directive,) = document["_aws"]["CloudWatchMetrics"]
        named = {definition["Name"] for definition in directive["Metrics"]}
        assert named == document.keys() - {"_aws", METRIC_DIMENSION}
        assert len(line.encode()) < 256 * 1024


def test_threads_share_the_metrics(metrics, lines):
    def work():
        for _ in range(1000):
            metrics.count(Metric.PROGRESS_POSTS)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    metrics.flush()
    assert json.loads(lines[0])["ProgressPosts"] == 4000


def test_lines_go_to_standard_output(capsys):
    metrics = Metrics("Reports")
    metrics.count(Metric.AUTH_FAILURES)
    metrics.flush()
    assert json.loads(capsys.readouterr().out)["AuthFailures"] == 1


def test_a_construct_of_another_kind_has_its_own_dimension_and_unit():
    lines: list[str] = []
    metrics = Metrics("Poll", dimension=TIMER_DIMENSION, clock=lambda: NOW, write=lines.append)
    metrics.seconds(TimerMetric.WATERMARK_LAG, 12.5)
    metrics.count(TimerMetric.ENQUEUED, 3)
    metrics.flush()

    (document,) = map(json.loads, lines)
    (told,) = document["_aws"]["CloudWatchMetrics"]
    assert told["Dimensions"] == [[TIMER_DIMENSION]]
    assert document[TIMER_DIMENSION] == "Poll"
    assert {each["Name"]: each["Unit"] for each in told["Metrics"]} == {
        "WatermarkLag": "Seconds",
        "Enqueued": "Count",
    }
    assert (document["WatermarkLag"], document["Enqueued"]) == ([12.5], 3)
