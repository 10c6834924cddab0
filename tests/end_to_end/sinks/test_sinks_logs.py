"""What the functions write down."""

from __future__ import annotations

import json

import pytest

from tests.end_to_end.sinks.downstream import until
from tests.end_to_end.sinks.sinks import SECRET, function_of

SINKS = ("Ledger", "Hanging", "Paced", "Strict", "Orders")
FUNCTIONS = [f"{sink}/{part}" for sink in SINKS for part in ("Delivery", "Controller")]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_line_is_json_and_tells_nothing_of_what_messages_are_about(sinks, function):
    lines = sinks.stack.logs(function)

    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert not any(SECRET in line for line in lines)


def test_what_was_delivered_is_measured_under_the_name_of_its_sink(sinks, downstream, place):
    sinks.send("Orders", place, 1, account=place)
    until(lambda: downstream.at(place))
    until(lambda: sinks.metric("Orders", "Delivered") >= 1)

    lines = sinks.lines(function_of("Orders"), '"Delivered"')
    assert {line["Sink"] for line in lines} == {"Sinks/Orders"}
    assert {line["_aws"]["CloudWatchMetrics"][0]["Namespace"] for line in lines} == {"CdkStreamer"}
