"""Figures of actions, from what the index of requests has."""

from __future__ import annotations

import json

from cdk_streamer_local.console.metrics import Metrics
from cdk_streamer_local.console.panels.requests.figures import by_action, measured
from cdk_streamer_local.console.panels.requests.table import Entry
from cdk_streamer_runtime.contract import State

NOW = 1_800_000_000.0


def entry(
    *, action="report", state=State.SUCCEEDED, before=10.0, took: float | None = 2.0
) -> Entry:
    created = int((NOW - before) * 1000)
    return Entry(
        key="k",
        action=action,
        state=state,
        created_at=created,
        ended_at=None if took is None else created + int(took * 1000),
    )


def test_an_action_tells_how_many_are_open_and_how_many_failed():
    entries = [
        entry(),
        entry(state=State.RUNNING, took=None),
        entry(state=State.FAILED),
        entry(state=State.EXPIRED),
        entry(state=State.CANCELLED),
    ]

    (figures,) = by_action("Office/Api", entries, NOW)

    assert (figures.requests, figures.open, figures.failures) == (5, 1, 2)


def test_an_action_tells_how_long_those_that_succeeded_took():
    entries = [entry(took=took) for took in (1, 2, 6)] + [entry(state=State.FAILED, took=99)]

    (figures,) = by_action("Office/Api", entries, NOW)

    assert (figures.median, figures.slowest) == (2, 6)


def test_only_the_last_minute_is_drawn():
    entries = [entry(before=3), entry(before=3), entry(before=70)]

    (figures,) = by_action("Office/Api", entries, NOW)

    assert figures.recent == [(int(NOW) - 3, 2)]


def test_actions_are_told_by_name():
    figures = by_action("Office/Api", [entry(action="z"), entry(action="a")], NOW)

    assert [each.action for each in figures] == ["a", "z"]


def test_what_an_api_measures_is_its_own():
    metrics = Metrics()
    metrics.take(emitted("Office/Api", ProgressPosts=3), NOW - 5)
    metrics.take(emitted("Office/Other", ProgressPosts=40), NOW - 5)

    assert measured(metrics, "Office/Api", NOW)["ProgressPosts"] == [(int(NOW) - 5, 3)]


def test_of_waits_the_longest_of_a_second_is_told():
    metrics = Metrics()
    metrics.take(emitted("Office/Api", QueueAge=[20, 700, 30]), NOW - 5)

    assert measured(metrics, "Office/Api", NOW)["QueueAge"] == [(int(NOW) - 5, 700)]


def emitted(api, **values):
    """Give a record as the runtime prints it."""
    return json.dumps(
        {
            "_aws": {
                "CloudWatchMetrics": [
                    {
                        "Namespace": "CdkStreamer",
                        "Dimensions": [["Api"]],
                        "Metrics": [{"Name": name, "Unit": "Count"} for name in values],
                    }
                ]
            },
            "Api": api,
            **values,
        }
    )
