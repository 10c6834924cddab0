"""What a processor measures is embedded metric format, by stream, pipeline and step."""

from __future__ import annotations

import json
import statistics
import threading
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, strategies as st
from jsonschema import Draft202012Validator

from cdk_streamer_runtime.contract import METRIC_NAMESPACE
from cdk_streamer_runtime.contract.streams import StreamMetric
from cdk_streamer_runtime.streams.metrics import StreamMetrics
from tests.runtime.streams.records import few

NOW = 1_763_717_400_000
NUMBER = {"type": "number"}
VALUES = {"type": "array", "minItems": 1, "maxItems": 100, "items": NUMBER}
HISTOGRAM = {
    "type": "object",
    "required": ["Values", "Counts", "Max", "Min", "Count", "Sum"],
    "additionalProperties": False,
    "properties": {
        "Values": VALUES,
        "Counts": VALUES,
        **dict.fromkeys(("Max", "Min", "Count", "Sum"), NUMBER),
    },
}
TEXT = {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": r"^[ -~]+$"}
NAMES = {"type": "array", "items": {"enum": ["Stream", "Pipeline", "Step"]}}
DIRECTIVE = {
    "type": "object",
    "required": ["Namespace", "Dimensions", "Metrics"],
    "additionalProperties": False,
    "properties": {
        "Namespace": {"const": METRIC_NAMESPACE},
        "Dimensions": {"type": "array", "minItems": 1, "maxItems": 30, "items": NAMES},
        "Metrics": {
            "type": "array",
            "minItems": 1,
            "maxItems": 100,
            "items": {
                "type": "object",
                "required": ["Name", "Unit"],
                "additionalProperties": False,
                "properties": {
                    "Name": {"enum": [metric.value for metric in StreamMetric]},
                    "Unit": {"enum": ["Count", "Milliseconds"]},
                },
            },
        },
    },
}
SCHEMA = {
    "type": "object",
    "required": ["_aws", "Stream"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer", "minimum": 0},
                "CloudWatchMetrics": {"type": "array", "minItems": 1, "items": DIRECTIVE},
            },
        },
        **dict.fromkeys(("Stream", "Pipeline", "Step"), TEXT),
    },
    "additionalProperties": {"oneOf": [NUMBER, VALUES, HISTOGRAM]},
}
VALIDATOR = Draft202012Validator(SCHEMA)


class Measured:
    """Metrics, and the documents that they write."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.metrics = StreamMetrics("orders", clock=lambda: NOW, write=self.lines.append)

    def documents(self) -> list[dict[str, Any]]:
        self.metrics.flush()
        found = [json.loads(line) for line in self.lines]
        self.lines.clear()
        return found


@pytest.fixture
def measured() -> Measured:
    return Measured()


def sums(documents):
    """Give the sum of each metric under each set of dimensions, as CloudWatch would."""
    found = Counter()
    for document in documents:
        for directive in document["_aws"]["CloudWatchMetrics"]:
            for dimensions in directive["Dimensions"]:
                where = tuple(document[name] for name in dimensions)
                for metric in directive["Metrics"]:
                    value = document[metric["Name"]]
                    if isinstance(value, dict):
                        value = value["Sum"]
                    found[where, metric["Name"]] += sum(value) if type(value) is list else value
    return found


def test_what_is_of_the_whole_processor_is_one_line_under_its_name(measured):
    measured.metrics.count(StreamMetric.RECORDS, 10)
    measured.metrics.count(StreamMetric.RECORDS)
    measured.metrics.milliseconds(StreamMetric.EVENT_AGE, 12, 13.5)
    (document,) = measured.documents()
    assert document == {
        "_aws": {
            "Timestamp": NOW,
            "CloudWatchMetrics": [
                {
                    "Namespace": "CdkStreamer",
                    "Dimensions": [["Stream"]],
                    "Metrics": [{"Name": "EventAge", "Unit": "Milliseconds"}],
                },
                {
                    "Namespace": "CdkStreamer",
                    "Dimensions": [["Stream"]],
                    "Metrics": [{"Name": "Records", "Unit": "Count"}],
                },
            ],
        },
        "Stream": "orders",
        "Records": 11,
        "EventAge": [12, 13.5],
    }


def test_pipelines_and_steps_have_lines_of_their_own(measured):
    measured.metrics.count(StreamMetric.EVENTS, 3, pipeline="m1")
    measured.metrics.milliseconds(StreamMetric.STEP_TIME, 7, pipeline="m1", step="update")
    first, second = measured.documents()
    assert (first["Pipeline"], first["Events"]) == ("m1", 3)
    assert (second["Pipeline"], second["Step"], second["StepTime"]) == ("m1", "update", [7])
    (directive,) = second["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["Stream", "Pipeline", "Step"]]


def test_what_is_counted_in_a_step_is_counted_for_its_pipeline_and_the_whole_processor_too(
    measured,
):
    measured.metrics.count(StreamMetric.RETRIES, 2, pipeline="m1", step="update")
    measured.metrics.count(StreamMetric.RETRIES, 3, pipeline="c1", step="publish")
    measured.metrics.count(StreamMetric.EVENTS, 5, pipeline="m1", step="update")
    found = sums(measured.documents())
    assert found[("orders",), "Retries"] == 5
    assert found[("orders", "c1"), "Retries"] == 3
    assert found[("orders", "c1", "publish"), "Retries"] == 3
    assert (("orders",), "Events") not in found


def test_nothing_measured_is_nothing_written_and_a_flush_forgets(measured):
    assert measured.documents() == []
    measured.metrics.milliseconds(StreamMetric.EVENT_AGE)
    assert measured.documents() == []
    measured.metrics.count(StreamMetric.RECORDS)
    assert len(measured.documents()) == 1
    assert measured.documents() == []


def test_a_few_durations_are_written_each_as_it_is(measured):
    values = [number + 0.123456 for number in range(100)]
    measured.metrics.milliseconds(StreamMetric.STEP_TIME, *values)
    (document,) = measured.documents()
    assert document["StepTime"] == values


def test_very_many_durations_are_written_with_how_often_each_was_there(measured):
    measured.metrics.milliseconds(StreamMetric.EVENT_AGE, *([5.0] * 9_000 + [7.001] * 1_000))
    (document,) = measured.documents()
    assert document["EventAge"] == {
        "Values": [5.0, 7.0],
        "Counts": [9_000, 1_000],
        "Max": 7.0,
        "Min": 5.0,
        "Count": 10_000,
        "Sum": 52_000.0,
    }


def test_ten_thousand_different_durations_take_a_line_for_each_hundred_values(measured):
    values = [1 + number * 0.9 for number in range(10_000)]
    measured.metrics.milliseconds(StreamMetric.EVENT_AGE, *values)
    documents = measured.documents()
    parts = [document["EventAge"] for document in documents]
    assert sum(part["Count"] for part in parts) == 10_000
    assert len(parts) < 40
    spread = [
        v
        for part in parts
        for v, n in zip(part["Values"], part["Counts"], strict=True)
        for _ in range(n)
    ]
    for percentile in (49, 89, 98):
        exact = statistics.quantiles(values, n=100)[percentile]
        assert statistics.quantiles(spread, n=100)[percentile] == pytest.approx(exact, rel=0.006)


def test_the_work_grows_as_the_durations_do():
    # The peer looks at all earlier ones for each: by count, no time is taken.
    looks = 0

    class Duration(float):
        __slots__ = ()

        def __format__(self, form: str) -> str:
            nonlocal looks
            looks += 1
            return float.__format__(self, form)

    measured = Measured()
    for number in range(5_000):
        measured.metrics.milliseconds(StreamMetric.EVENT_AGE, Duration(number))
    measured.documents()
    assert looks == 5_000


def test_names_that_cloudwatch_refuses_are_written_as_it_takes_them(measured):
    measured.metrics.count(StreamMetric.RETRIES, pipeline="m1", step=": größe\n" + "x" * 2_000)
    measured.metrics.count(StreamMetric.RETRIES, pipeline="m1", step="::")
    first, second = measured.documents()
    VALIDATOR.validate(first)
    assert first["Step"].startswith("gr??e?xxx")
    assert second["Step"] == "?"


where = st.tuples(st.sampled_from(["", "m1", "c1"]), st.sampled_from(["", "update"])).filter(
    lambda names: names[0] or not names[1]
)
METRICS = st.sampled_from(StreamMetric)
COUNTS = st.lists(st.tuples(METRICS, st.integers(0, 10**6), where), max_size=30)
TIMES = st.lists(
    st.tuples(METRICS, st.integers(0, 300).map(lambda n: [each**2.5 for each in range(n)]), where),
    max_size=5,
)


@few
@given(counts=COUNTS, times=TIMES)
def test_every_line_follows_the_specification_and_no_count_is_lost(counts, times):
    measured = Measured()
    expected = Counter()
    for metric, value, (pipeline, step) in counts:
        measured.metrics.count(metric, value, pipeline=pipeline, step=step)
        names = [name for name in ("orders", pipeline, step) if name]
        lowest = len(names) if metric is StreamMetric.EVENTS else 1
        for length in range(lowest, len(names) + 1):
            expected[tuple(names[:length]), metric.value] += value
    documents = measured.documents()
    for metric, values, (pipeline, step) in times:
        measured.metrics.milliseconds(metric, *values, pipeline=pipeline, step=step)
    assert {key: value for key, value in sums(documents).items() if value} == {
        key: value for key, value in expected.items() if value
    }
    for document in documents + measured.documents():
        VALIDATOR.validate(document)
        directives = document["_aws"]["CloudWatchMetrics"]
        named = [metric["Name"] for each in directives for metric in each["Metrics"]]
        assert sorted(named) == sorted(document.keys() - {"_aws", "Stream", "Pipeline", "Step"})
        assert len(json.dumps(document)) < 256 * 1024


def test_threads_share_the_metrics(measured):
    def work():
        for _ in range(1_000):
            measured.metrics.count(StreamMetric.RETRIES, pipeline="m1")
            measured.metrics.milliseconds(StreamMetric.STEP_TIME, 1.0, pipeline="m1")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (document,) = measured.documents()
    assert (document["Retries"], document["StepTime"]["Count"]) == (4_000, 4_000)


def test_lines_go_to_standard_output(capsys):
    metrics = StreamMetrics("orders")
    metrics.count(StreamMetric.RECORDS)
    metrics.flush()
    assert json.loads(capsys.readouterr().out)["Records"] == 1
