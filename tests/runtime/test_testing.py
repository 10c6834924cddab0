"""Users' own tests, as they would write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from cdk_streamer_runtime import (
    ActionFailed,
    AsyncApp,
    Cancelled,
    Progress,
    RequestContext,
    Retry,
    Retryable,
)
from cdk_streamer_runtime.testing import MemoryApi, TestClient
from tests.runtime.wire import faults


@dataclass
class Report:
    month: str
    rows: int = 3


app = AsyncApp()
cleaned: list[str] = []


@app.action("echo")
def echo(payload: dict) -> dict:
    return payload


@app.action("generate_report", mode="async", timeout=600, input=Report)
def generate_report(report: Report, progress: Progress) -> dict[str, Any]:
    for row in range(report.rows):
        progress.report(current=row, total=report.rows, message=f"row {row}")
    return {"url": f"https://reports.example.com/{report.month}"}


@app.action("flaky", mode="async", retry=Retry(max_attempts=3))
async def flaky(payload: dict, context: RequestContext) -> int:
    if context.attempt < payload["works_at"]:
        raise Retryable("not yet", after=600)
    return context.attempt


@app.action("endless", mode="async")
def endless(progress: Progress) -> None:
    try:
        while True:
            progress.report(message="still here")
    except Cancelled:
        cleaned.append("up")
        raise


@app.action("refuse", scopes=["admin"])
def refuse(payload: Any) -> None:
    raise ActionFailed("no", details={"limit": 5})


@pytest.fixture
def client() -> TestClient:
    return TestClient(app)


def test_a_sync_action_answers_at_once(client: TestClient):
    (answer,) = client.request("echo", {"a": 1})

    assert answer["data"] == {"a": 1}


def test_an_async_action_tells_all_of_its_progress(client: TestClient):
    messages = client.request("generate_report", {"month": "2026-11"})

    assert [message["type"] for message in messages] == [
        "acknowledgment",
        "progress",
        "progress",
        "progress",
        "complete",
    ]
    assert [message.get("percentage") for message in messages[1:-1]] == [0, 33.33, 66.67]
    assert messages[-1]["result"] == {"url": "https://reports.example.com/2026-11"}
    assert [fault for message in messages for fault in faults(message)] == []


def test_a_payload_that_does_not_fit_is_refused(client: TestClient):
    (answer,) = client.request("generate_report", {"month": 11})

    assert answer["error"]["code"] == "VALIDATION_ERROR"


def test_retries_happen_without_waiting(client: TestClient):
    messages = client.request("flaky", {"works_at": 3})

    assert [message["type"] for message in messages] == [
        "acknowledgment",
        "retrying",
        "retrying",
        "complete",
    ]
    assert messages[-1]["result"] == 3


def test_time_ends_where_patience_does(client: TestClient):
    messages = client.request("flaky", {"works_at": 2}, patience=599)
    assert [message["type"] for message in messages] == ["acknowledgment", "retrying"]

    client.wait(1)
    assert client.messages[-1]["result"] == 2


def test_a_client_may_cancel_after_some_progress(client: TestClient):
    cleaned.clear()
    messages = client.request("endless", cancel_after=2)

    kinds = [message["type"] for message in messages]
    assert kinds[:3] == ["acknowledgment", "progress", "progress"]
    assert kinds[-1] == "cancelled"
    assert len(kinds) <= 6
    assert cleaned == ["up"]


def test_scopes_are_those_of_the_client():
    assert TestClient(app).request("refuse")[0]["error"]["code"] == "FORBIDDEN"
    error = TestClient(app, scopes=("admin",)).request("refuse")[0]["error"]
    assert (error["message"], error["details"]) == ("no", {"limit": 5})


def test_the_caller_is_the_clients(client: TestClient):
    own = AsyncApp()

    @own.action("who")
    def who(context: RequestContext) -> list[str]:
        return [context.tenant, context.owner]

    answer = TestClient(own, tenant="acme", owner="ann").request("who")[0]
    assert answer["data"] == ["acme", "ann"]


def test_two_callers_meet_on_one_api():
    own = AsyncApp()
    own.action("keep", mode="async")(lambda payload: payload)
    ann = TestClient(own, owner="ann")
    bob = TestClient(own, owner="bob", api=ann.api)
    ann.request("keep", {"secret": 1}, id="r1")

    assert ann.http("GET", "/requests/r1").status == 200
    assert bob.http("GET", "/requests/r1").status == 404


def test_each_request_gives_its_own_messages(client: TestClient):
    first = client.request("echo", {"a": 1})
    second = client.request("echo", {"a": 2})

    assert [message["data"] for message in first + second] == [{"a": 1}, {"a": 2}]
    assert client.messages == first + second


def test_a_request_may_be_named(client: TestClient):
    messages = client.request("generate_report", {"month": "1"}, id="report-1")

    assert {message["request_id"] for message in messages} == {"report-1"}


def test_the_same_id_is_the_same_request(client: TestClient):
    client.request("generate_report", {"month": "1"}, id="report-1")
    again = client.request("generate_report", {"month": "1"}, id="report-1")

    assert [message["type"] for message in again] == ["acknowledgment", "snapshot"]


def test_falsy_payloads_arrive_as_they_are(client: TestClient):
    for payload in (0, "", [], False):
        assert client.request("echo", payload)[0]["data"] == payload


def test_a_client_can_be_used_for_a_whole_suite(client: TestClient):
    answers = [client.request("echo", {"n": number})[0] for number in range(100)]

    assert [answer["success"] for answer in answers] == [True] * 100


def test_any_frame_can_be_sent(client: TestClient):
    client.send("garbage")
    client.send({"action": "ping", "id": "p"})

    assert [message["type"] for message in client.messages] == ["error", "pong"]


def test_what_was_not_waited_for_has_not_happened(client: TestClient):
    client.send({"action": "generate_report", "id": "r1", "payload": {"month": "1"}})
    assert [message["type"] for message in client.messages] == ["acknowledgment"]

    client.wait(0)
    assert client.messages[-1]["type"] == "complete"


def test_two_callers_share_an_api():
    from tests.runtime.api import ANN, BOB

    api = MemoryApi(app)
    ann, bob = api.connect(ANN), api.connect(BOB)
    api.hear(ann, {"action": "generate_report", "id": "r1", "payload": {"month": "1"}})
    api.settle()
    api.hear(bob, {"action": "get", "payload": {"request_id": "r1"}})

    assert api.messages(bob)[-1]["error"]["code"] == "NOT_FOUND"


def test_an_app_that_could_not_be_deployed_shows_in_its_tests():
    wrong = AsyncApp()
    wrong.action("long", mode="async", timeout=10_000)(lambda: None)

    with pytest.raises(ValueError, match="'long' has a timeout of 10000 s"):
        TestClient(wrong)
