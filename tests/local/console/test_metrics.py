"""What functions measure, read from what they print."""

from __future__ import annotations

import json

from hypothesis import given, strategies as st

from cdk_streamer_local.console.metrics import KEPT_SECONDS, Metrics

TIMES = st.lists(st.tuples(st.integers(0, 5), st.integers(-100, 100)), min_size=1).map(sorted)


def record(sink: str, value: object) -> str:
    metrics = [{"Name": "Delivered", "Unit": "Count"}]
    directive = {"Namespace": "CdkStreamer", "Dimensions": [["Sink"]], "Metrics": metrics}
    return json.dumps(
        {"_aws": {"CloudWatchMetrics": [directive]}, "Sink": sink, "Delivered": value}
    )


@given(TIMES)
def test_a_second_has_the_sum_count_and_maximum_of_its_values(values):
    metrics = Metrics()
    for second, value in values:
        metrics.take(record("Ledger", value), float(second))

    seconds = sorted({second for second, _ in values})
    of = {each: [value for second, value in values if second == each] for each in seconds}
    assert metrics.series("Delivered", Sink="Ledger") == [
        (each, sum(of[each]), len(of[each]), max(of[each])) for each in seconds
    ]


def test_what_others_measured_is_another_series():
    metrics = Metrics()
    metrics.take(record("Ledger", 1), 1.0)
    metrics.take(record("Archive", [2, 3]), 1.0)

    assert metrics.series("Delivered", Sink="Archive") == [(1, 5.0, 2, 3.0)]
    assert metrics.series("Delivered") == [(1, 6.0, 3, 3.0)]


def test_what_is_old_is_forgotten():
    metrics = Metrics()
    metrics.take(record("Ledger", 1), 1.0)
    metrics.take(record("Ledger", 2), 2.0 + KEPT_SECONDS)

    assert [second for second, *_ in metrics.series("Delivered")] == [2 + KEPT_SECONDS]


def test_lines_that_are_no_metrics_are_left_to_the_log():
    metrics = Metrics()

    assert not metrics.take("hello", 1.0)
    assert not metrics.take('{"message": "hello"}', 1.0)
    assert not metrics.take('{"_aws": ', 1.0)
    assert metrics.take(record("Ledger", 1), 1.0)
