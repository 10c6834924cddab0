"""Batches that run within a request: in a worker without a record, or in a durable execution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from cdk_streamer_runtime import AsyncApp, Progress, RequestContext, Retry
from cdk_streamer_runtime.batches import Batch, BatchFailed, BatchItem
from cdk_streamer_runtime.batches.item import item_key
from cdk_streamer_runtime.contract import State
from cdk_streamer_runtime.durable.course import Direct
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.testing import MemoryBatch, TestClient
from tests.runtime.batches.authors import batch_of, users
from tests.runtime.durable.lives import HOUR, KEY, Life
from tests.runtime.durable.test_durable_sdk import SdkLife
from tests.runtime.observed_aws import Killed

EXECUTORS = ["worker", "durable"]


def app_of(batch: Batch, executor: Any, **options: Any) -> AsyncApp:
    app = AsyncApp()

    @app.action("process", mode="async", executor=executor, **options)
    def process(payload: dict[str, Any], progress: Progress, context: RequestContext) -> Any:
        return batch.run("Receipts", payload, context=context, progress=progress)

    return app


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_request_runs_a_batch_and_hears_how_far_it_is(executor: str):
    batch = batch_of(60)
    memory = MemoryBatch(batch, "Receipts")
    memory.reject("user-3", "user-59")

    messages = TestClient(app_of(batch, executor)).request("process", {"day": 1})

    result = messages[-1]["result"]
    assert messages[-1]["type"] == "complete"
    assert (result["discovered"], result["published"], result["retried"]) == (60, 60, 2)
    assert sorted(memory.sent) == sorted(users(60))
    told = [each["percentage"] for each in messages if each["type"] == "progress"]
    assert told == sorted(told)
    assert told[-1] == 100


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_batch_that_fails_fails_its_request_with_a_word(executor: str):
    batch = batch_of(10)
    memory = MemoryBatch(batch, "Receipts", tolerated_count=0)
    memory.reject("user-3", times=9)

    error = TestClient(app_of(batch, executor)).request("process")[-1]["error"]

    assert error["code"] == "PROCESSING_FAILED"
    assert error["message"] == "1 of 10 items failed, more than the batch tolerates"


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_author_may_go_on_after_a_batch_that_failed(executor: Any):
    batch = batch_of(10)
    MemoryBatch(batch, "Receipts", tolerated_count=0).reject("user-3", times=9)
    app = AsyncApp()

    @app.action("process", mode="async", executor=executor)
    def process(context: RequestContext) -> str:
        try:
            batch.run("Receipts", context=context)
        except BatchFailed:
            return "nevertheless"
        return "all"

    assert TestClient(app).request("process")[-1]["result"] == "nevertheless"


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_function_is_asked_wherever_the_batch_runs(executor: str):
    batch = batch_of(30)
    asked: list[str] = []
    memory = MemoryBatch(batch, "Receipts", function=lambda each: asked.append(each["chunk"]))
    client = TestClient(app_of(batch, executor))
    memory.serve(client.api.aws)

    result = client.request("process")[-1]["result"]

    assert (result["published"], asked) == (30, ["chunk-1", "chunk-2"])


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_request_that_is_cancelled_publishes_no_more(executor: str):
    batch = batch_of(500)
    memory = MemoryBatch(batch, "Receipts")

    messages = TestClient(app_of(batch, executor)).request("process", cancel_after=2)

    assert messages[-1]["type"] == "cancelled"
    assert 50 <= len(memory.sent) <= 100


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_request_whose_time_is_up_publishes_no_more(executor: Any):
    batch = batch_of(500)
    client = TestClient(app_of(batch, executor, timeout=60))
    published: list[int] = []

    @batch.publish
    def publish(items: Sequence[BatchItem]) -> None:
        published.append(len(items))
        client.api.platform.advance(20_000)

    MemoryBatch(batch, "Receipts")

    error = client.request("process")[-1]["error"]

    assert error["code"] == "TIMEOUT"
    assert len(published) == 3


def body(batch: Batch) -> Any:
    def runs(life: Life, progress: Progress, context: RequestContext) -> Any:
        before = context.step("before", life.do("before", 1))
        result = batch.run("Receipts", context=context, progress=progress)
        context.sleep(60)
        return before + result["published"] + context.step("after", life.do("after", 1))

    return runs


@pytest.mark.parametrize("kind", [Life, SdkLife])
def test_other_steps_sleeps_and_a_batch_share_one_record(kind: type[Life]):
    batch = batch_of(60)
    memory = MemoryBatch(batch, "Receipts", max_concurrency=1)
    memory.reject("user-3")

    life = kind(body(batch)).submit().wait(HOUR)

    assert life.request.result == 62
    assert life.done == ["before", "after"]
    assert sorted(memory.sent) == sorted(users(60))


@pytest.mark.parametrize("call", range(6, 30, 3))
def test_a_killed_invocation_repeats_one_chunk_at_most(call: int):
    batch = batch_of(60)
    memory = MemoryBatch(batch, "Receipts")
    life = Life(body(batch), retry=Retry(max_attempts=3)).submit()
    life.api.observed.kill_after = {len(life.api.observed.calls) + call}
    for _ in range(3):
        try:
            life.wait(HOUR)
        except Killed:
            continue

    assert life.request.state is State.SUCCEEDED
    assert set(memory.sent) == set(users(60))
    assert len(memory.sent) <= 60 + 25


def test_every_attempt_of_a_request_gives_items_the_same_keys():
    batch = batch_of(1)
    keys: list[str] = []
    attempts: list[int] = []
    batch.publish(lambda items: keys.extend(item.key for item in items))
    MemoryBatch(batch, "Receipts")

    def fails_once(life: Life, progress: Progress, context: RequestContext) -> None:
        batch.run("Receipts", context=context, progress=progress)
        attempts.append(context.attempt)
        if context.attempt == 1:
            raise ConnectionError

    Life(fails_once, retry=Retry(max_attempts=2, on=(ConnectionError,))).submit().wait(HOUR)

    assert attempts == [1, 2]
    assert keys == [item_key(f"{KEY}-Receipts", "user-0")] * 2


def test_a_batch_of_no_construct_tells_what_to_do():
    with pytest.raises(ValueError, match=r"pass it to grant_start\(\) or grant_run\(\)"):
        batch_of(1).world("Nothing")


def test_a_worker_publishes_in_as_many_threads_as_the_batch_may():
    several = Machine().several
    import threading

    gate = threading.Barrier(3, timeout=10)

    def act(number: int) -> int:
        gate.wait()
        return number * number

    assert several(act, 6, 3) == [0, 1, 4, 9, 16, 25]


def test_what_one_part_raises_ends_the_others():
    begun: list[int] = []

    def act(number: int) -> None:
        begun.append(number)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        Direct.on(Machine(), lambda: None).map(
            "parts", 1_000, lambda _course, number: act(number), at_once=2
        )

    assert len(begun) < 1_000
