"""Which messages of a queue's batch come again, by what the function answered."""

from __future__ import annotations

import pytest

from cdk_streamer_local.pollers.queue_batches import failed

IDS = ("a", "b", "c")
ALL = frozenset(IDS)


def named(*ids: object) -> dict[str, object]:
    return {"batchItemFailures": [{"itemIdentifier": id} for id in ids]}


@pytest.mark.parametrize("response", [None, {}, {"batchItemFailures": None}, named()])
def test_a_response_without_failures_is_a_success(response):
    assert failed(response, IDS) == frozenset()


def test_those_that_are_named_come_again():
    assert failed(named("b", "c"), IDS) == {"b", "c"}


@pytest.mark.parametrize(
    "response",
    [
        named(""),
        named(None),
        named("a", "unknown"),
        {"batchItemFailures": [{"id": "a"}]},
        {"batchItemFailures": "a"},
        "done",
        ["a"],
        0,
    ],
)
def test_all_come_again_when_the_response_cannot_be_understood(response):
    assert failed(response, IDS) == ALL
