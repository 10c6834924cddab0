"""What is told and counted of an end, after it was stored."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from cdk_streamer_runtime.contract import Metric, State
from cdk_streamer_runtime.errors import Unreachable
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import ENDPOINT, CountedMetrics
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.requests.endings import Endings
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.sockets.posts import Posts
from tests.runtime.observed_aws import ObservedAws, refused_by
from tests.runtime.wire import faults

LATER = START // 1000 + 3_600
FAULT = {"code": "TIMEOUT", "message": "too long", "retryable": True}
ENDED = Request(
    key="key",
    tenant="acme",
    owner="ann",
    request_id="r1",
    action="job",
    body_hash="hash",
    created_at=START,
    expires_at=START + 1,
    timeout=1,
    max_attempts=3,
    seq=4,
    state=State.SUCCEEDED,
    subscribers={"a": LATER, "b": LATER, "expired": START // 1000},
    result={"secret": "swordfish"},
    error=FAULT,
    retry_at=START + 5_000,
)


class Told:
    """Endings, and what came of them."""

    def __init__(self) -> None:
        memory = MemoryAws()
        for name in ("a", "b", "expired"):
            memory.connections.open(name)
        self.aws = ObservedAws(memory)
        self.metrics = CountedMetrics()
        posts = Posts(self.aws, ENDPOINT, metrics=self.metrics)
        self.endings = Endings(posts, self.metrics, lambda: START)

    def to(self, connection: str) -> list[Any]:
        messages = [json.loads(body) for body in self.aws.memory.connections.messages(connection)]
        assert [fault for message in messages for fault in faults(message)] == []
        return messages


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.mark.parametrize(
    ("state", "kind", "metric"),
    [
        (State.SUCCEEDED, "complete", Metric.REQUESTS_SUCCEEDED),
        (State.FAILED, "error", Metric.REQUESTS_FAILED),
        (State.CANCELLED, "cancelled", Metric.REQUESTS_CANCELLED),
        (State.EXPIRED, "error", Metric.REQUESTS_EXPIRED),
    ],
)
def test_an_end_is_told_and_counted_by_its_state(
    told: Told, state: State, kind: str, metric: Metric
):
    told.endings.ended(replace(ENDED, state=state))

    assert [message["type"] for message in told.to("a")] == [kind]
    assert told.to("a") == told.to("b")
    assert told.metrics.counts == {metric: 1}


def test_whose_token_has_ended_hears_of_no_end(told: Told):
    told.endings.ended(ENDED)

    assert told.to("expired") == []


def test_another_attempt_is_told_with_its_time(told: Told):
    told.endings.retrying(replace(ENDED, state=State.RETRY_WAIT, attempt=2))
    (message,) = told.to("a")

    assert (message["type"], message["attempt"]) == ("retrying", 2)
    assert message["next_at"] == "2023-11-14T22:13:25.000Z"
    assert told.metrics.counts == {Metric.REQUESTS_RETRIED: 1}


def test_an_end_that_could_not_be_told_is_an_end(told: Told):
    told.aws.on("POST", *[refused_by(Unreachable("Timeout", "", 0, "POST"))] * 2)
    told.endings.ended(ENDED)

    assert told.metrics.counts == {Metric.REQUESTS_SUCCEEDED: 1, Metric.POST_FAILURES: 2}


def test_the_log_names_the_request_and_nothing_of_its_content(
    told: Told, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    told.endings.ended(ENDED)

    (record,) = [each for each in caplog.records if each.message == "request ended"]
    assert (vars(record)["request"], vars(record)["state"]) == ("r1", "SUCCEEDED")
    assert "swordfish" not in caplog.text
    assert "swordfish" not in str(vars(record))
