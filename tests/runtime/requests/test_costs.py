"""How many calls to AWS things take: each one is latency, and money."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from cdk_streamer_runtime import AsyncApp, Progress, Retry
from cdk_streamer_runtime.sockets.connections import Connection
from tests.runtime.api import ANN, ObservedApi

DYNAMODB = {"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "TransactWriteItems"}
HOUR = 3_600_000


@pytest.fixture
def api() -> ObservedApi:
    app = AsyncApp()

    @app.action("echo")
    def echo(payload: Any) -> Any:
        return payload

    @app.action("job", mode="async")
    def job(payload: Any) -> Any:
        return payload

    @app.action("unlucky", mode="async", retry=Retry(max_attempts=2))
    def unlucky(payload: Any) -> None:
        raise OSError

    return ObservedApi(app)


@pytest.fixture
def ann(api: ObservedApi) -> Connection:
    return api.connect(ANN)


def dynamodb(counts: Counter[str]) -> int:
    return sum(count for operation, count in counts.items() if operation in DYNAMODB)


def during(api: ObservedApi, act: Any) -> Counter[str]:
    before = api.observed.counts
    act()
    return api.observed.counts - before


def test_a_whole_request_is_five_calls_of_the_table(api: ObservedApi, ann: Connection):
    api.hear(ann, {"action": "job", "id": "r1"})
    api.wait(HOUR)

    assert api.observed.counts == {
        "TransactWriteItems": 1,  # accepted
        "SendMessageBatch": 2,  # queued and watched
        "UpdateItem": 2,  # claimed and ended
        "GetItem": 2,  # the payload, and the watcher's look
        "POST": 2,  # acknowledgment and end
    }
    assert dynamodb(api.observed.counts) == 5


def test_another_attempt_is_three_calls_of_the_table(api: ObservedApi, ann: Connection):
    api.hear(ann, {"action": "unlucky", "id": "r1"})
    api.wait(HOUR)

    assert dynamodb(api.observed.counts) == 5 + 3


def test_a_sync_action_is_its_answer_alone(api: ObservedApi, ann: Connection):
    assert during(api, lambda: api.hear(ann, {"action": "echo"})) == {"POST": 1}


@pytest.mark.parametrize(
    ("action", "calls"),
    [
        ("hello", {"POST": 1}),
        ("ping", {"POST": 1}),
        ("subscribe", {"UpdateItem": 1, "POST": 1}),
        ("unsubscribe", {"UpdateItem": 1, "POST": 1}),
        ("get", {"GetItem": 1, "POST": 1}),
        ("list", {"Query": 1, "POST": 1}),
        ("cancel", {"GetItem": 1, "UpdateItem": 1, "POST": 2}),  # its end is told, too
    ],
)
def test_a_built_in_action_is_few_calls(
    api: ObservedApi, ann: Connection, action: str, calls: dict[str, int]
):
    api.hear(ann, {"action": "job", "id": "r1"})
    frame = {"action": action, "payload": {"request_id": "r1"}}

    assert during(api, lambda: api.hear(ann, frame)) == calls


def test_an_unknown_action_is_its_answer_alone(api: ObservedApi, ann: Connection):
    assert during(api, lambda: api.hear(ann, {"action": "nothing"})) == {"POST": 1}


def test_a_request_that_is_sent_again_is_three_calls_of_the_table(
    api: ObservedApi, ann: Connection
):
    frame = {"action": "job", "id": "r1"}
    api.hear(ann, frame)

    assert dynamodb(during(api, lambda: api.hear(ann, frame))) == 3


@pytest.mark.parametrize("subscribers", [0, 1, 5, 20])
def test_a_tick_is_one_update_and_one_post_a_subscriber(subscribers: int):
    ticks: list[Counter[str]] = []
    app = AsyncApp()

    @app.action("job", mode="async")
    def job(progress: Progress) -> None:
        sink = progress._carrier._sink  # type: ignore[attr-defined]  # noqa: SLF001
        report = {"percentage": 50, "message": "half"}
        ticks.append(during(api, lambda: sink.write(report)))

    api = ObservedApi(app)
    ann = api.connect(ANN)
    api.hear(ann, {"action": "job", "id": "r1"})
    api.hear(ann, {"action": "unsubscribe", "payload": {"request_id": "r1"}})
    for _ in range(subscribers):
        frame = {"action": "subscribe", "payload": {"request_id": "r1"}}
        api.hear(api.connect(ANN), frame)
    api.settle()

    expected = Counter({"UpdateItem": 1, "POST": subscribers})
    assert ticks == [+expected]


def test_keeping_the_lease_is_one_update():
    ticks: list[Counter[str]] = []
    app = AsyncApp()

    @app.action("job", mode="async")
    def job(progress: Progress) -> None:
        sink = progress._carrier._sink  # type: ignore[attr-defined]  # noqa: SLF001
        ticks.append(during(api, lambda: sink.write(None)))

    api = ObservedApi(app)
    api.hear(api.connect(ANN), {"action": "job", "id": "r1"})
    api.settle()

    assert ticks == [Counter({"UpdateItem": 1})]
