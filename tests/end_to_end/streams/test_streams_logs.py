"""What the functions write down, and what they must not."""

from __future__ import annotations

import json

import pytest

from tests.end_to_end.streams.processors import SECRET, event

PROCESSORS = ("Listener", "Strict", "Trigger", "Evaluator", "Audience", "Tasks")
WRITTEN = {
    "Records": "Listener",
    "Faults": "Listener",
    "RecordsRedelivered": "Strict",
    "LostRaces": "Listener",
    "EventAge": "Trigger",
    "Events": "Evaluator",
    "PipelineTime": "Audience",
    "StepTime": "Listener",
}


@pytest.fixture(scope="module")
def lines(streams):
    """Use what there is, well and badly; gives every line of each function."""
    poison = event("thing-told", "logged")
    del poison["thing"]["number"]
    streams.tell(
        SECRET.encode(),
        poison,
        event("thing-told", "logged", 2),
        event("thing-told", "logged", 1),
        event("strict-told", "logged", 1, otherwise="never"),
        event("pair-left", "logged", 1),
        event("pair-right", "logged", 1),
    )
    streams.command("logged", 1)
    streams.wait(lambda: streams.emissions("logged"))
    streams.wait_for_number("logged", 1, "heard")
    streams.wait(lambda: all(streams.metric(name, of) for name, of in WRITTEN.items()))
    return {name: streams.said(name) for name in PROCESSORS}


def test_nothing_that_events_are_about_is_written_down(streams, lines):
    everything = [line for each in PROCESSORS for line in streams.stack.logs(f"{each}/Processor")]

    assert [line for line in everything if SECRET in line] == []


def test_every_line_is_json(lines):
    documents = [json.loads(line) for said in lines.values() for line in said]

    assert all(isinstance(document, dict) for document in documents)


@pytest.mark.parametrize("metric", WRITTEN)
def test_what_is_measured_is_written_under_the_name_of_its_processor(lines, metric):
    processor = WRITTEN[metric]
    documents = [json.loads(line) for line in lines[processor]]

    found = [each for each in documents if "_aws" in each and metric in each]
    assert {each["Stream"] for each in found} == {f"Streams/{processor}"}
    assert all(
        directive["Namespace"] == "CdkStreamer"
        for each in found
        for directive in each["_aws"]["CloudWatchMetrics"]
    )


def test_what_is_handed_back_is_told_with_the_reason(lines):
    told = [json.loads(line) for line in lines["Strict"] if '"records handed back"' in line]

    assert told
    assert all(each["level"] == "WARNING" and each["reasons"] for each in told)
