"""Results that no message can carry: in a bucket, under an address that soon ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cdk_streamer_client.snapshots import read_snapshot
from cdk_streamer_runtime import AsyncApp, Progress, RequestContext, Retry
from cdk_streamer_runtime.contract import RESULT_BYTES, STORED_RESULT_BYTES, URL_SECONDS, State
from cdk_streamer_runtime.documents import decode
from cdk_streamer_runtime.errors import AccessDenied, Unreachable
from cdk_streamer_runtime.keys import request_key
from cdk_streamer_runtime.memory.api import BUCKET
from cdk_streamer_runtime.requests.results import BESIDE_CHUNKS_BYTES
from cdk_streamer_runtime.requests.transitions import Event
from cdk_streamer_runtime.sockets.connections import Connection
from cdk_streamer_runtime.testing import TestClient
from tests.runtime.api import ANN, ObservedApi
from tests.runtime.observed_aws import after, answer_lost, refused_by
from tests.runtime.wire import faults

LARGE = {"rows": ["ä" * 100] * 1_000}
KEY = request_key("acme", "ann", "r1")


class Stage:
    """An API with one async action, and one request of it."""

    def __init__(self, handler: Callable[..., Any], **options: Any) -> None:
        app = AsyncApp()
        bucket = options.pop("bucket", BUCKET)
        app.action("job", mode="async", **options)(handler)
        self.api = ObservedApi(app, bucket=bucket)
        self.ann: Connection = self.api.connect(ANN)
        self.api.hear(self.ann, {"action": "job", "id": "r1"})
        self.api.dispatch()

    @property
    def end(self) -> dict[str, Any]:
        message = self.api.messages(self.ann)[-1]
        assert faults(message) == []
        return message

    def fetched(self, document: dict[str, Any]) -> Any:
        return decode(self.api.aws.objects.open("GET", document["result_url"]))

    def data_of(self, action: str) -> dict[str, Any]:
        frame = {"action": action, "id": "r1", "payload": {"request_id": "r1"}}
        message = self.api.ask(self.ann, frame)[-1]
        assert faults(message) == []
        return message["data"]


def large() -> Any:
    return LARGE


def test_a_large_result_is_told_by_its_address():
    stage = Stage(large)
    stage.api.settle()

    assert stage.end["type"] == "complete"
    assert "result" not in stage.end
    assert stage.end["result_bytes"] > RESULT_BYTES
    assert stage.end["result_expires_at"] == "2023-11-14T22:28:20.000Z"
    assert stage.fetched(stage.end) == LARGE


def test_a_result_that_fits_is_told_itself():
    stage = Stage(lambda: "a" * (RESULT_BYTES - 2))
    stage.api.settle()

    assert len(stage.end["result"]) == RESULT_BYTES - 2
    assert stage.api.aws.objects.paths() == []


@pytest.mark.parametrize("action", ["get", "subscribe"])
def test_every_answer_has_an_address_of_its_own(action: str):
    stage = Stage(large)
    stage.api.settle()
    first = stage.end
    stage.api.platform.advance(URL_SECONDS * 1000)

    data = stage.data_of(action)

    assert read_snapshot(data).state == "SUCCEEDED"
    assert stage.fetched(data) == LARGE
    with pytest.raises(AccessDenied):
        stage.fetched(first)


def test_who_asks_for_the_same_again_gets_the_address():
    stage = Stage(large)
    stage.api.settle()

    _acknowledgment, snapshot = stage.api.ask(stage.ann, {"action": "job", "id": "r1"})

    assert stage.fetched(snapshot) == LARGE


def test_over_http_it_is_the_same():
    stage = Stage(large)
    stage.api.settle()

    document: Any = stage.api.http(ANN, "GET", "/requests/r1").document

    assert stage.fetched(document) == LARGE


def test_a_webhook_says_where_it_is():
    app = AsyncApp()
    app.action("job", mode="async")(large)
    api = ObservedApi(app)
    frame = {"action": "job", "id": "r1", "webhook": "https://example.com/hook"}
    api.hear(api.connect(ANN), frame)
    api.settle()

    (webhook,) = api.receiver.webhooks
    assert "result_url" in webhook.document["data"]


def test_a_list_carries_no_addresses():
    stage = Stage(large)
    stage.api.settle()

    assert "result_url" not in stage.data_of("list")["requests"][0]


def test_it_is_stored_before_anybody_hears_of_the_end():
    stage = Stage(large)
    stage.api.work()

    calls = stage.api.observed.calls
    assert calls.index("PUT object") < len(calls) - calls[::-1].index("UpdateItem")
    assert stage.api.stored(ANN, "r1").result is None


def test_a_large_result_costs_one_more_call():
    stage = Stage(large)
    stage.api.settle()

    assert stage.api.observed.counts["PUT object"] == 1
    assert stage.api.observed.counts["UpdateItem"] == 2


def test_each_attempt_has_a_place_of_its_own():
    def second_time(context: RequestContext) -> Any:
        if context.attempt == 1:
            raise OSError
        return LARGE

    stage = Stage(second_time, retry=Retry())
    stage.api.wait(3_600_000)

    assert stage.api.aws.objects.paths() == [f"/bucket/requests/{KEY}/result-2.json"]


def test_a_bucket_out_of_reach_is_a_crash_that_another_attempt_repairs():
    stage = Stage(large)
    stage.api.observed.on("PUT object", refused_by(Unreachable("Timeout", "", 0, "PUT s3")))
    with pytest.raises(Unreachable):
        stage.api.work()
    assert stage.api.stored(ANN, "r1").state is State.RUNNING

    stage.api.wait(3_600_000)
    assert stage.end["result_url"].startswith(
        f"https://s3.memory/bucket/requests/{KEY}/result-2.json"
    )


def test_an_answer_of_the_bucket_that_was_lost_does_no_harm():
    stage = Stage(large)
    stage.api.observed.on("PUT object", answer_lost)
    with pytest.raises(Unreachable):
        stage.api.work()
    stage.api.wait(3_600_000)

    assert stage.fetched(stage.data_of("get")) == LARGE


def test_a_worker_that_was_given_up_overwrites_no_result():
    stage = Stage(large)

    def give_up() -> None:
        held = stage.api.stored(ANN, "r1")
        store = stage.api.worker._store  # noqa: SLF001
        store.transition(held, Event.RETRY, stage.api.platform.now, changes={"attempt": 2})

    stage.api.observed.on("PUT object", after(give_up))
    stage.api.work()

    assert stage.api.stored(ANN, "r1").state is State.RETRY_WAIT
    assert stage.api.aws.objects.paths() == [f"/bucket/requests/{KEY}/result-1.json"]


def test_beside_chunks_only_a_smaller_result_is_told_itself():
    def tell(progress: Progress) -> str:
        progress.chunk("a")
        return "a" * BESIDE_CHUNKS_BYTES

    stage = Stage(tell)
    stage.api.settle()

    assert stage.end["chunks"] == 1
    assert stage.fetched(stage.end) == "a" * BESIDE_CHUNKS_BYTES


@pytest.mark.parametrize(
    ("bucket", "length", "most"),
    [(None, RESULT_BYTES, RESULT_BYTES), (BUCKET, STORED_RESULT_BYTES, STORED_RESULT_BYTES)],
)
def test_what_is_too_large_all_the_same_fails_with_the_way_out(
    bucket: str | None, length: int, most: int
):
    stage = Stage(lambda: "a" * length, bucket=bucket)
    stage.api.settle()

    error = stage.end["error"]
    assert error["code"] == "PAYLOAD_TOO_LARGE"
    assert f"{most} is the most; store it elsewhere" in error["message"]


def test_a_test_reads_a_result_wherever_it_is():
    app = AsyncApp()
    app.action("large", mode="async")(large)
    app.action("small", mode="async")(lambda: 5)
    client = TestClient(app)

    assert client.result(client.request("large")[-1]) == LARGE
    assert client.result(client.request("small")[-1]) == 5
