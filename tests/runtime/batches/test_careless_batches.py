"""Batches whose authors are careless, and payloads at the limits of a record."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner

from cdk_streamer_runtime.batches.plan import WRITTEN_BYTES, Plan, chunk_bytes
from cdk_streamer_runtime.batches.sdk import batch_handler
from cdk_streamer_runtime.batches.targets import functions_answer
from cdk_streamer_runtime.batches.turns import Turns
from cdk_streamer_runtime.contract import STEP_BYTES
from cdk_streamer_runtime.documents import encode, size
from cdk_streamer_runtime.errors import Fatal
from cdk_streamer_runtime.memory.executions import FUNCTION
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.testing import MemoryBatch
from tests.runtime.batches.authors import batch_of, users

# --- what functions answer ------------------------------------------------------------------------


def test_an_id_that_a_function_names_twice_has_failed_once():
    memory = MemoryBatch(batch_of(5), function=lambda _question: None)
    known = {"user-1", "user-2"}

    assert functions_answer({"failed": ["user-1", "user-1"]}, known) == ["user-1"]
    assert memory.run()["published"] == 5


@pytest.mark.parametrize("setting", ["chunk_size", "max_concurrency"])
def test_nothing_at_a_time_is_refused_before_it_runs(setting: str):
    settings: dict[str, Any] = {setting: 0}
    with pytest.raises(ValueError, match=f"{setting} must be at least 1, got 0"):
        MemoryBatch(batch_of(1), **settings)


@pytest.mark.parametrize("answer", [{"batchItemFailures": []}, {"statusCode": 500}])
def test_an_answer_that_does_not_tell_who_failed_is_no_success(answer: dict[str, Any]):
    with pytest.raises(Fatal, match="has no 'failed'"):
        functions_answer(answer, {"a"})

    result = MemoryBatch(batch_of(3), function=lambda _question: answer).run()

    assert (result["published"], result["failed"]) == (0, 3)


@pytest.mark.parametrize("answer", [None, {}, [], {"failed": None}])
def test_an_answer_that_names_nobody_is_a_success(answer: object):
    assert not functions_answer(answer, {"a"})


# --- what functions are asked ---------------------------------------------------------------------


def test_data_that_is_no_json_fails_alone_also_when_a_function_is_asked():
    batch = batch_of(3)
    batch.load(lambda ids: {id: object() if id == "user-1" else id for id in ids})
    memory = MemoryBatch(batch, function=lambda _question: None)

    result = memory.run()

    assert (result["published"], result["failed_ids"]) == (2, ["user-1"])
    assert memory.letters[0]["data"] is None


@pytest.mark.parametrize("loads", [True, False])
def test_a_question_never_exceeds_what_an_operation_may_have(loads: bool):  # noqa: FBT001
    batch = batch_of(0)
    ids = [f"{number:0>120}" for number in range(1_000)]
    batch = type(batch)()
    batch.discover(lambda _cursor: (ids, None))
    if loads:
        batch.load(lambda several: dict.fromkeys(several, "x" * 120))
    asked: list[int] = []

    def function(question: Any) -> None:
        asked.append(size(encode(question)))

    memory = MemoryBatch(batch, function=function, chunk_size=1_000)
    result = memory.run()

    assert all(length <= STEP_BYTES for length in asked)
    assert result["failed"] == 1_000
    assert "smaller chunk_size" in memory.letters[0]["reason"]


def test_questions_of_all_attempts_fit_into_an_execution():
    plan = Plan(ids=users(2_500), size=5, pages=1)

    # What was loaded is recorded once, and once more for each attempt.
    assert 500 * chunk_bytes(plan, attempts=3) * 4 <= WRITTEN_BYTES


def test_items_that_a_function_rejects_wait_for_their_turn_again():
    moments: list[tuple[int, int]] = []
    memory: MemoryBatch

    def function(question: Any) -> dict[str, Any]:
        ids = [item["id"] for item in question["items"]]
        moments.append((memory.platform.now, len(ids)))
        return {"failed": ids}

    memory = MemoryBatch(batch_of(200), function=function, rate=10.0, retry_seconds=1)
    memory.run()

    assert sum(items for _, items in moments) == 600
    assert most_in(moments, 10_000) <= 10 * 10 + 2 * 25


def most_in(moments: list[tuple[int, int]], window: int) -> int:
    return max(
        sum(items for other, items in moments if moment - window < other <= moment)
        for moment, _ in moments
    )


# --- time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("asks", [True, False])
def test_a_slow_load_is_not_begun_when_there_is_no_time_for_it(asks: bool):  # noqa: FBT001
    batch = batch_of(40)
    killed: list[int] = []
    began: dict[int, int] = {}
    memory: MemoryBatch

    @batch.load
    def load(ids: list[str]) -> dict[str, Any]:
        start = began.setdefault(memory.invocations, memory.platform.now)
        left = 900_000 - (memory.platform.now - start)
        memory.platform.advance(60_000)
        killed.extend([left] if left < 60_000 else [])
        return {id: id for id in ids}

    function: Callable[[Any], object] | None = (lambda _question: None) if asks else None
    memory = MemoryBatch(batch, chunk_size=1, function=function)
    result = memory.run()

    assert result["published"] == 40
    assert not killed


def test_slow_slices_of_a_long_chunk_go_on_in_the_next_invocation():
    batch = batch_of(300)
    late: list[int] = []
    began: dict[int, int] = {}
    memory: MemoryBatch

    @batch.publish
    def publish(items: Any) -> None:
        start = began.setdefault(memory.invocations, memory.platform.now)
        left = 900_000 - (memory.platform.now - start)
        memory.platform.advance(60_000)
        late.extend([left] if left < 60_000 else [])

    memory = MemoryBatch(batch, chunk_size=300, rate=1_000.0)

    assert memory.run()["published"] == 300
    assert set(memory.published.values()) == {1}
    assert not late


def test_threads_that_come_late_to_their_turns_do_not_begin_together():
    clock = Clock()
    turns = Turns(200.0, clock)
    for _ in range(5):
        turns.take(10, 1_000)
    clock.now += 250  # all of them are late

    waits = [turns.begin(10), turns.begin(10)]
    clock.now += waits[1]

    assert waits == [0, 50]
    assert turns.begin(10) == 0


class Clock:
    now = START

    def clock(self) -> int:
        return self.now


# --- what is discovered ---------------------------------------------------------------------------


def test_ids_without_an_end_end_at_what_a_page_may_have():
    batch = batch_of(0)
    batch = type(batch)()
    batch.discover(lambda _cursor: ((f"id-{number}" for number in itertools.count()), None))

    with pytest.raises(Exception, match="fewer ids, and a cursor"):
        MemoryBatch(batch).run()


# --- the record -----------------------------------------------------------------------------------


def test_the_record_of_a_full_page_is_as_large_as_was_checked():
    batch = batch_of(0)
    batch = type(batch)()
    ids = [f"ü{number:x}" for number in range(26_000)]
    batch.discover(lambda _cursor: (ids, None))
    memory = MemoryBatch(batch, chunk_size=1_000)
    runner = DurableFunctionTestRunner(batch_handler(memory.invocation), poll_interval=0.01)
    try:
        arn = runner.run_async(input=json.dumps({"payload": None}), execution_name="b")
        runner.wait_for_result(arn, timeout=20)
        record = runner._store.load(arn).operations  # noqa: SLF001 - it has no other way
    finally:
        runner.close()
        runner._scheduler._loop.close()  # noqa: SLF001 - it forgets to

    results = [each.step_details.result or "" for each in record if each.step_details]
    assert STEP_BYTES * 0.8 < max(len(text.encode()) for text in results) <= STEP_BYTES


# --- starts ---------------------------------------------------------------------------------------


def test_the_same_payload_in_another_order_is_the_same_run():
    memory = MemoryBatch(batch_of(3))

    first = memory.run({"a": 1, "b": {"c": 2, "d": 3}})

    assert memory.run({"b": {"d": 3, "c": 2}, "a": 1}) == first
    assert set(memory.published.values()) == {1}


def test_what_a_start_takes_the_record_takes_too():
    memory = MemoryBatch(batch_of(3))
    most = STEP_BYTES - 1024 - len(encode({"batch": FUNCTION, "payload": ""}))

    assert memory.run("x" * most)["published"] == 3
    with pytest.raises(ValueError, match="store it elsewhere"):
        memory.run("x" * (most + 1), batch_id="larger")


@pytest.mark.parametrize("id", [None, 5, "", "a b", "a\n", "x" * 65])
def test_an_id_that_no_execution_may_have_is_refused(id: Any):
    with pytest.raises(ValueError, match="batch_id must be 1 to 64 letters"):
        MemoryBatch(batch_of(3)).run(batch_id=id)


# --- what publish returns -------------------------------------------------------------------------


def test_items_instead_of_ids_are_refused_without_telling_their_data():
    batch = batch_of(1)
    batch.load(lambda ids: dict.fromkeys(ids, "secret"))
    batch.publish(lambda items: items)
    memory = MemoryBatch(batch)

    assert memory.run()["failed"] == 1
    assert memory.letters[0]["reason"].endswith("ids, which are texts, got a BatchItem")


@pytest.mark.parametrize("asks", [True, False])
def test_data_that_is_too_deep_fails_alone(asks: bool):  # noqa: FBT001
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    batch = batch_of(3)
    batch.load(lambda ids: {id: deep if id == "user-1" else id for id in ids})
    memory = MemoryBatch(batch, function=(lambda _question: None) if asks else None)

    result = memory.run()

    assert (result["published"], result["failed_ids"]) == (2, ["user-1"])
