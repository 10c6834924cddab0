"""The same batches by AWS's own SDK: what its record counts, and its threads."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from cdk_streamer_runtime.batches import BatchItem
from cdk_streamer_runtime.batches.plan import Costs, Plan
from cdk_streamer_runtime.contract.batches import Nesting
from cdk_streamer_runtime.testing import MemoryBatch
from tests.runtime.batches import sdk_runs
from tests.runtime.batches.authors import PAGE, batch_of, users


def plan_of(size: int) -> Plan:
    return Plan(ids=users(size), size=25, pages=max(1, -(-size // PAGE)))


@pytest.mark.parametrize("nesting", Nesting)
@pytest.mark.parametrize("size", [0, 1, 24, 25, 26, 1_000])
def test_the_record_has_as_many_operations_as_the_plan_counts(size: int, nesting: Nesting):
    memory = MemoryBatch(batch_of(size), nesting=nesting)

    ended = sdk_runs.run(memory)

    assert ended.result["published"] == len(memory.sent) == size
    costs = Costs.of(memory.settings)
    assert len(ended.operations) == costs.of_run(plan_of(size))


def test_ten_thousand_users_are_published_in_one_execution():
    memory = MemoryBatch(batch_of(10_000))

    ended = sdk_runs.run(memory)

    assert sorted(memory.sent) == sorted(users(10_000))
    assert len(ended.operations) == Costs.of(memory.settings).of_run(plan_of(10_000)) == 407


@pytest.mark.parametrize("nesting", Nesting)
def test_retries_are_operations_too(nesting: Nesting):
    memory = MemoryBatch(batch_of(100), nesting=nesting)
    memory.reject("user-7", "user-99", times=2)

    ended = sdk_runs.run(memory)

    assert ended.result["retried"] == 2
    assert set(memory.published.values()) == {1}
    assert len(ended.operations) == Costs.of(memory.settings).of_run(plan_of(100), retries=4)


@pytest.mark.parametrize("nesting", Nesting)
def test_the_worst_run_takes_what_the_plan_feared(nesting: Nesting):
    memory = MemoryBatch(batch_of(100), nesting=nesting)
    memory.reject(*users(100), times=99)

    ended = sdk_runs.run(memory)

    assert ended.result["failed"] == len(memory.letters) == 100
    assert len(ended.operations) == Costs.of(memory.settings).most(plan_of(100))


def test_a_function_is_asked_by_the_execution():
    memory = MemoryBatch(
        batch_of(60, loads=True), function=lambda _question: None, target_address="target"
    )
    asked: list[dict[str, Any]] = []

    def target(question: dict[str, Any], _context: object) -> dict[str, Any]:
        asked.append(question)
        ids = [item["id"] for item in question["items"]]
        return {"failed": [id for id in ids if id == "user-3"]}

    ended = sdk_runs.run(memory, functions={"target": target})

    assert (ended.result["published"], ended.result["failed_ids"]) == (59, ["user-3"])
    assert sorted(len(question["items"]) for question in asked) == [1, 1, 10, 25, 25]
    costs = Costs.of(memory.settings, asks=True, loads=True)
    assert len(ended.operations) == costs.of_run(plan_of(60), retries=2) + 1  # its dead letter
    assert memory.letters[0]["data"] == {"user": "user-3"}


def test_a_function_that_raises_is_asked_again():
    memory = MemoryBatch(batch_of(30), function=lambda _question: None, target_address="target")
    calls: list[str] = []

    def target(question: dict[str, Any], _context: object) -> None:
        calls.append(question["chunk"])
        if len(calls) < 3:
            raise ConnectionError

    ended = sdk_runs.run(memory, functions={"target": target})

    assert ended.result["published"] == 30


def test_more_failures_than_are_tolerated_fail_the_execution():
    memory = MemoryBatch(batch_of(30), tolerated_count=1)
    memory.reject("user-1", "user-2", times=99)

    ended = sdk_runs.run(memory)

    assert ended.status == "FAILED"
    assert "2 of 30 items failed" in ended.error.message


def test_a_large_record_of_failures_is_kept_all_the_same():
    memory = MemoryBatch(batch_of(4_000), chunk_size=500, max_attempts=1)
    memory.reject(*users(4_000), times=9)

    ended = sdk_runs.run(memory)

    assert (ended.status, ended.result["failed"]) == ("SUCCEEDED", 4_000)


def test_at_most_so_many_chunks_are_published_at_once():
    batch = batch_of(500)
    running: list[int] = [0]
    most: list[int] = [0]
    lock, gate = threading.Lock(), threading.Barrier(4, timeout=10)

    @batch.publish
    def publish(items: Sequence[BatchItem]) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        gate.wait()
        with lock:
            running[0] -= 1

    ended = sdk_runs.run(MemoryBatch(batch, max_concurrency=4))

    assert ended.result["published"] == 500
    assert most == [4]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("nesting", Nesting)
def test_a_process_that_dies_loses_nothing_and_repeats_at_most_what_was_under_way(
    when: str, nesting: Nesting
):
    memory = MemoryBatch(batch_of(500), nesting=nesting, max_concurrency=4)
    memory.crash(**{when: [3, 11]})

    ended = sdk_runs.run(memory)

    assert ended.status == "SUCCEEDED"
    assert set(memory.sent) == set(users(500))
    assert ended.result["published"] == 500
    assert len(memory.sent) - 500 <= 2 * 4 * 25
