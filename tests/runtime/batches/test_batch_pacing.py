"""The rate of a batch: in any second at most the rate and one slice, on a clock of its own."""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings as examples, strategies as st

from cdk_streamer_runtime.batches import BatchItem
from cdk_streamer_runtime.batches.assembly import BatchAssembly
from cdk_streamer_runtime.batches.course import BatchCourse
from cdk_streamer_runtime.batches.patience import LEAST, Patience
from cdk_streamer_runtime.batches.telling import Silence
from cdk_streamer_runtime.batches.turns import SLICE, Turns
from cdk_streamer_runtime.contract.batches import Pacing
from cdk_streamer_runtime.durable.course import Direct
from cdk_streamer_runtime.limits.pace import Granted
from cdk_streamer_runtime.memory.platform import START, MemoryPlatform
from cdk_streamer_runtime.testing import MemoryBatch
from tests.runtime.batches.authors import batch_of, users
from tests.runtime.batches.threaded_time import ThreadedTime

SECOND = 1_000


class Clock:
    """Time that a test moves."""

    now = START

    def clock(self) -> int:
        return self.now


def most_in(moments: Sequence[tuple[int, int]], window: int) -> int:
    """Give the most items that begin in any window of so many milliseconds."""
    ordered = sorted(moments)
    most = first = running = 0
    for moment, items in ordered:
        running += items
        while ordered[first][0] <= moment - window:
            running -= ordered[first][1]
            first += 1
        most = max(most, running)
    return most


# --- turns ----------------------------------------------------------------------------------------


@examples(max_examples=60, deadline=None)
@given(
    rate=st.floats(0.5, 500),
    threads=st.sampled_from([1, 5, 20]),
    seed=st.integers(0, 10**6),
    idle=st.booleans(),
)
def test_in_any_second_at_most_the_rate_and_a_slice_begin(
    rate: float, threads: int, seed: int, *, idle: bool
):
    clock, chance = Clock(), random.Random(seed)
    turns = Turns(rate, clock)
    clock.now += 3_600 * SECOND * idle
    begun: list[tuple[int, int]] = []
    waiting = [(clock.now + chance.randrange(2_000), thread) for thread in range(threads)]
    heapq.heapify(waiting)
    for _ in range(150):
        moment, thread = heapq.heappop(waiting)
        clock.now = max(clock.now, moment)
        items = chance.randint(1, turns.slice)
        granted = turns.take(items, 10**9)
        assert isinstance(granted, Granted)
        start = clock.now + granted.wait
        begun.append((start, items))
        heapq.heappush(waiting, (start + chance.randrange(300), thread))

    assert most_in(begun, SECOND) <= rate + SLICE
    assert most_in(begun, 10 * SECOND) <= 10 * rate + SLICE


@examples(max_examples=60, deadline=None)
@given(rate=st.floats(5, 500), threads=st.sampled_from([2, 5, 20]), seed=st.integers(0, 10**6))
def test_turns_that_threads_come_late_to_keep_the_rate_too(rate: float, threads: int, seed: int):
    clock, chance = Clock(), random.Random(seed)
    turns = Turns(rate, clock)
    begun: list[tuple[int, int]] = []
    waiting: list[tuple[int, int, int]] = [(clock.now, thread, 0) for thread in range(threads)]
    while len(begun) < 150:
        moment, thread, items = heapq.heappop(waiting)
        clock.now = max(clock.now, moment)
        wait = turns.begin(items) if items else 0
        if wait:
            heapq.heappush(waiting, (clock.now + wait, thread, items))
            continue
        if items:
            begun.append((clock.now, items))
        granted = turns.take(turns.slice, 10**9)
        assert isinstance(granted, Granted)
        late = chance.randrange(900) * (chance.random() < 0.3)
        heapq.heappush(waiting, (clock.now + granted.wait + late, thread, turns.slice))

    assert most_in(begun, SECOND) <= rate + SLICE


def test_who_would_have_to_wait_too_long_takes_nothing():
    clock = Clock()
    turns = Turns(10, clock)
    turns.take(10, 0)

    assert not isinstance(turns.take(10, 500), Granted)
    assert isinstance(turns.take(10, 1_000), Granted)


def test_after_another_process_the_first_turn_is_paid_for():
    clock = Clock()
    turns = Turns(10, clock)
    turns.pass_by(clock.now)

    granted = turns.take(10, 10_000)

    assert isinstance(granted, Granted)
    assert granted.wait == 1_000


@pytest.mark.parametrize(("rate", "slice_"), [(0.1, 1), (1, 1), (7.9, 7), (50, 10)])
def test_slow_batches_publish_smaller_slices(rate: float, slice_: int):
    assert Turns(rate, Clock()).slice == slice_


# --- waiting --------------------------------------------------------------------------------------


def published_moments(memory: MemoryBatch) -> list[tuple[int, int]]:
    """Note when how many messages are sent, or will be seen."""
    moments: list[tuple[int, int]] = []
    call = memory.aws.call

    def noted(service: str, operation: str, parameters: Any) -> dict[str, Any]:
        is_target = str(parameters.get("QueueUrl", "")).endswith("target")
        for entry in parameters.get("Entries", ()) if is_target else ():
            delay = entry.get("DelaySeconds", 0)
            assert 0 <= delay <= 900
            moments.append((memory.platform.now + delay * SECOND, 1))
        return call(service, operation, parameters)

    memory.aws.call = noted
    return moments


@pytest.mark.parametrize("rate", [3.0, 25.0, 200.0])
def test_a_batch_that_waits_keeps_its_rate_also_when_chunks_fail_and_processes_die(rate: float):
    memory = MemoryBatch(batch_of(300), rate=rate, retry_seconds=1)
    memory.reject(*users(300)[::7])
    memory.crash(after=[3, 11], before=[20])
    moments = published_moments(memory)

    result = memory.run()

    assert result["published"] == 300
    assert most_in(moments, SECOND) <= rate + SLICE
    assert (moments[-1][0] - START) / SECOND >= (300 - SLICE) / rate


def test_a_batch_that_takes_longer_than_an_invocation_goes_on_in_the_next_one():
    memory = MemoryBatch(batch_of(4_000), rate=2.0, invocation_seconds=600)
    moments = published_moments(memory)

    result = memory.run()

    assert (result["published"], set(memory.published.values())) == (4_000, {1})
    assert memory.invocations >= 2_000 / 600
    assert most_in(moments, SECOND) <= 2 + SLICE
    assert (memory.platform.now - START) / SECOND < 2_000 * 1.1


def test_an_author_is_given_slices_when_there_is_a_rate():
    batch = batch_of(60)
    given_: list[int] = []
    batch.publish(lambda items: given_.append(len(items)))

    MemoryBatch(batch, rate=100.0).run()

    assert given_ == [10, 10, 5, 10, 10, 5, 10]


def test_a_function_is_asked_no_faster_than_the_rate():
    moments: list[tuple[int, int]] = []
    memory = MemoryBatch(
        batch_of(250),
        function=lambda question: moments.append((memory.platform.now, len(question["items"]))),
        rate=50.0,
    )

    assert memory.run()["published"] == 250
    assert most_in(moments, SECOND) <= 50 + 25


@pytest.mark.parametrize("threads", [1, 5, 20])
@pytest.mark.parametrize("freezes", [(10**15, 0), (3_000, 60_000)], ids=["calm", "frozen"])
def test_threads_keep_the_rate_together_also_after_all_of_them_stood_still(
    threads: int, freezes: tuple[int, int]
):
    time = ThreadedTime(freezes)
    batch = batch_of(600)
    moments: list[tuple[int, int]] = []

    @batch.publish
    def publish(items: Sequence[BatchItem]) -> None:
        moments.append((time.now, len(items)))
        time.sleep(20 * len(items))

    memory = MemoryBatch(batch, rate=50.0, max_concurrency=threads)
    assembly = BatchAssembly(aws=memory.aws, platform=time, aws_in=lambda _region: memory.aws)
    course = BatchCourse(
        batch.functions,
        batch_id="b",
        world=assembly.world(memory.settings, batch.functions, memory.metrics),
        course=Direct.on(time, lambda: None),
        listen=lambda _tenant: Silence(),
    )

    assert course.run(None).published == 600
    assert most_in(moments, SECOND) <= 50 + SLICE


# --- delays ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "size"), [(50.0, 1_000), (1.0, 2_000), (3.0, 60)])
def test_delayed_messages_are_seen_at_the_rate(rate: float, size: int):
    memory = MemoryBatch(batch_of(size), rate=rate, pacing=Pacing.DELAY)
    memory.reject(*users(size)[::9])
    moments = published_moments(memory)

    result = memory.run()

    # Whole seconds of delay, rounded up: a second may see what belongs to the one before it.
    assert result["published"] == size
    assert most_in(moments, SECOND) <= 2 * rate + SLICE
    assert most_in(moments, 60 * SECOND) <= 61 * rate + SLICE


def test_what_fits_into_the_horizon_takes_one_invocation_and_no_time():
    memory = MemoryBatch(batch_of(1_000), rate=2.0, pacing=Pacing.DELAY)
    memory.run()

    assert memory.invocations == 1
    assert memory.platform.now == START


def test_beyond_the_horizon_a_batch_waits_without_any_invocation():
    memory = MemoryBatch(batch_of(2_000), rate=1.0, pacing=Pacing.DELAY)
    began = memory.platform.now
    memory.run()

    assert memory.platform.now - began >= (2_000 - 900 - 125) * SECOND
    assert memory.invocations <= 20


def test_the_turns_of_messages_that_are_delayed_already_are_not_given_again():
    memory = MemoryBatch(batch_of(500), rate=1.0, pacing=Pacing.DELAY)
    memory.crash(after=[400])  # so that another process goes on
    moments = published_moments(memory)
    memory.run()

    # What was under way is sent again, and its turns are new ones.
    assert most_in(moments, 60 * SECOND) <= 61 + SLICE + 25


@pytest.mark.parametrize(
    "settings", [{"target_fifo": True}, {"target_kind": None}, {"target_kind": "function"}]
)
def test_only_a_standard_queue_delays(settings: dict[str, Any]):
    with pytest.raises(ValueError, match="only a standard queue can delay"):
        MemoryBatch(batch_of(1), rate=1.0, pacing=Pacing.DELAY, **settings)


# --- time that is left ----------------------------------------------------------------------------


@given(remaining=st.integers(1, 900_000), took=st.integers(0, 10**6))
def test_there_is_always_time_for_something_in_a_new_invocation(remaining: int, took: int):
    patience = Patience(MemoryPlatform(), remaining=remaining, retry_seconds=5)
    patience.took(took)

    assert patience.allows(remaining)
    assert patience.pause(remaining) * SECOND > remaining


def test_a_chunk_is_not_begun_that_may_be_killed_in_its_midst():
    patience = Patience(MemoryPlatform(), remaining=900_000, retry_seconds=5)
    assert not patience.allows(LEAST)
    patience.took(100_000)

    assert not patience.allows(200_000)
    assert patience.allows(200_001)


def test_slow_chunks_go_on_in_the_next_invocation_and_none_is_killed():
    batch = batch_of(100)
    memory = MemoryBatch(batch)
    ends: list[int] = []

    @batch.publish
    def publish(items: Sequence[BatchItem]) -> None:
        memory.platform.advance(100_000)
        ends.append(memory.platform.now)

    memory = MemoryBatch(batch, chunk_size=5)
    result = memory.run()

    assert result["published"] == 100
    assert memory.invocations > 2
    assert len(ends) == 20


@given(attempt=st.integers(1, 100), wanted=st.floats(0, 5_000), seconds=st.integers(1, 60))
def test_pauses_grow_to_a_quarter_of_an_hour_or_what_was_wished(
    attempt: int, wanted: float, seconds: int
):
    patience = Patience(MemoryPlatform(), remaining=900_000, retry_seconds=seconds)

    assert max(1, wanted) <= patience.retry(attempt, wanted) <= max(900, wanted + 1)
    assert patience.retry(attempt) <= patience.retry(attempt + 1)
