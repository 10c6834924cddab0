"""Batches whose process dies: nothing is lost, and what comes twice is bounded."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings as examples, strategies as st

from cdk_streamer_runtime.contract.batches import Nesting
from cdk_streamer_runtime.memory.batches import Killed
from cdk_streamer_runtime.testing import MemoryBatch
from tests.runtime.batches.authors import batch_of, users

SIZE, CHUNK = 260, 25


def check(memory: MemoryBatch, result: dict[str, Any], crashes: int) -> None:
    """Compare what the batch says with what its target has."""
    there = Counter(memory.published)
    assert set(there) | set(result["failed_ids"]) == set(users(SIZE))
    assert result["published"] + result["failed"] == result["discovered"] == SIZE
    assert result["published"] == len(there)
    assert there.total() - len(there) <= crashes * CHUNK  # one process, one chunk at a time
    assert {letter["id"] for letter in memory.letters} == set(result["failed_ids"])


@pytest.mark.parametrize("seed", range(20))
def test_after_crashes_the_counts_are_those_of_the_target(seed: int):
    memory = MemoryBatch(batch_of(SIZE), nesting=list(Nesting)[seed % 2])
    before, after = {1 + seed % 11, 7 + seed % 5}, {2 + seed % 9, 12 + seed % 3}
    memory.crash(before=before, after=after)
    memory.reject(*users(SIZE)[seed::40], times=1 + seed % 4)

    result = memory.run()

    assert memory.invocations > 2
    check(memory, result, len(before) + len(after))


class Disturbed:
    """The record that a batch keeps, of which a process may die before or after any entry."""

    def __init__(self, memory: MemoryBatch, before: set[int], after: set[int]) -> None:
        self.calls = 0
        self.deaths = 0
        self._rest = memory.aws.rest
        self._before, self._after = before, after
        memory.aws.rest = self.rest

    def rest(self, service: str, method: str, url: str, **rest: Any) -> bytes:
        number, self.calls = self.calls, self.calls + 1
        if number and number in self._before:
            self._die()
        answer = self._rest(service, method, url, **rest)
        if number and number in self._after:
            self._die()
        return answer

    def _die(self) -> None:
        self.deaths += 1
        raise Killed


@pytest.mark.parametrize("nesting", Nesting)
@pytest.mark.parametrize("kind", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 45, 4))
def test_a_process_that_dies_around_any_entry_of_the_record_is_followed_by_another(
    number: int, kind: str, nesting: Nesting
):
    memory = MemoryBatch(batch_of(SIZE), nesting=nesting)
    memory.reject("user-30", times=5)
    memory.reject("user-99", times=1)
    numbers = {number}
    disturbed = Disturbed(
        memory, numbers if kind == "before" else set(), numbers if kind == "after" else set()
    )

    check(memory, memory.run(), disturbed.deaths)


@examples(max_examples=15, deadline=None)
@given(
    before=st.sets(st.integers(1, 60), max_size=8),
    after=st.sets(st.integers(1, 60), max_size=8),
    asks=st.booleans(),
)
def test_however_often_processes_die_nothing_is_lost(
    before: set[int], after: set[int], *, asks: bool
):
    function = (lambda _question: None) if asks else None
    memory = MemoryBatch(batch_of(SIZE, loads=True), function=function)
    memory.reject(*users(SIZE)[::20])
    disturbed = Disturbed(memory, before, after)

    result = memory.run()

    assert result["failed"] == 0
    check(memory, result, disturbed.deaths)


def test_what_was_published_twice_has_the_same_key_both_times():
    memory = MemoryBatch(batch_of(5))
    memory.crash(after=[1])
    memory.run()

    url = {"QueueUrl": memory.settings.target_address, "MaxNumberOfMessages": 10}
    messages = memory.aws.call("sqs", "ReceiveMessage", url)["Messages"]
    keys = Counter(
        each["MessageAttributes"]["cdk-streamer.key"]["StringValue"] for each in messages
    )
    assert sorted(keys.values()) == [2] * 5
