"""The page on the event store tells what the rules have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cdk_streamer_runtime.streams import rules
from cdk_streamer_runtime.streams.rules.composed import ComposedRule
from cdk_streamer_runtime.streams.rules.rule import Rule, options_of

PAGE = (Path(__file__).parents[4] / "docs" / "streams-event-store.md").read_text()
FLAVORS = [
    rules.Collect,
    rules.Correlate,
    rules.Evaluate,
    rules.Expired,
    rules.Outbox,
    rules.Job,
    rules.MaterializeS3,
    rules.CircuitBreaker,
]


@pytest.mark.parametrize("flavor", FLAVORS)
def test_the_table_of_options_names_each_of_them(flavor: type[Rule]):
    rows = PAGE.partition(f"| option of {flavor.__name__} |")[2].partition("\n\n")[0]
    told = {
        name for row in rows.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    shared = {*options_of(ComposedRule)} | {"event_type", "filter"}
    assert told - {"event_type", "filter"} == {*options_of(flavor)} - shared
