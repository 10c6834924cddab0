"""Rates in the table: what the arithmetic says, for many processes at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.contract import ItemKind
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import Unreachable
from cdk_streamer_runtime.limits.pace import Granted, Pace, Refused
from cdk_streamer_runtime.limits.reservations import MARGIN_SECONDS, Reservations
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import TABLE
from cdk_streamer_runtime.memory.platform import START
from tests.runtime.observed_aws import ObservedAws, after, repeated

PACE = Pace(rate=10, burst=3)


@pytest.fixture
def aws() -> ObservedAws:
    return ObservedAws(MemoryAws(tables=[TABLE]))


@pytest.fixture
def reservations(aws: ObservedAws) -> Reservations:
    return Reservations(Table(aws, TABLE.name))


@given(
    pace=st.builds(Pace, rate=st.integers(1, 1_000), burst=st.integers(1, 20)),
    calls=st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 4)), max_size=40),
    max_wait=st.sampled_from([0, 300, -50]),  # a worker may have less time than a burst takes
)
def test_the_table_decides_as_the_arithmetic_does(
    pace: Pace, calls: list[tuple[int, int]], max_wait: int
):
    table = Table(MemoryAws(tables=[TABLE]), TABLE.name)
    workers = [Reservations(table) for _ in range(5)]
    now, paid_until = START, None
    for gap, worker in calls:
        now += gap
        expected = pace.take(paid_until, now, 1, max_wait)
        assert workers[worker].take("k", pace, now, max_wait=max_wait) == expected
        paid_until = expected.paid_until if isinstance(expected, Granted) else paid_until


def test_the_first_taking_is_one_call(reservations: Reservations, aws: ObservedAws):
    assert reservations.take("k", PACE, START) == PACE.take(None, START)
    assert aws.calls == ["UpdateItem"]


def test_a_burst_of_one_process_is_one_call_each(reservations: Reservations, aws: ObservedAws):
    decisions = [reservations.take("k", PACE, START) for _ in range(3)]

    assert all(isinstance(each, Granted) for each in decisions)
    assert aws.calls == ["UpdateItem"] * 3


def test_a_refusal_is_one_call_and_changes_nothing(reservations: Reservations, aws: ObservedAws):
    for _ in range(3):
        reservations.take("k", PACE, START)
    before = aws.memory.items(TABLE.name)
    calls = len(aws.calls)

    assert reservations.take("k", PACE, START) == Refused(retry_after=100)
    assert aws.memory.items(TABLE.name) == before
    assert len(aws.calls) == calls + 1


def test_a_full_bucket_that_another_used_first_is_two_calls(
    reservations: Reservations, aws: ObservedAws
):
    other = Reservations(Table(aws.memory, TABLE.name))
    aws.on("UpdateItem", after(lambda: other.take("k", PACE, START)))

    first = PACE.take(None, START)
    assert isinstance(first, Granted)
    assert reservations.take("k", PACE, START) == PACE.take(first.paid_until, START)
    assert aws.calls == ["UpdateItem"] * 2


def test_a_bucket_that_filled_up_again_is_two_calls_at_the_most(
    reservations: Reservations, aws: ObservedAws
):
    for _ in range(3):
        reservations.take("k", PACE, START)
    calls = len(aws.calls)

    assert isinstance(reservations.take("k", PACE, START + 60_000), Granted)
    assert len(aws.calls) - calls <= 2


def test_a_write_that_was_done_twice_takes_twice_and_never_too_little(
    reservations: Reservations, aws: ObservedAws
):
    reservations.take("k", PACE, START)
    aws.on("UpdateItem", repeated)
    taken = reservations.take("k", PACE, START)

    assert isinstance(taken, Granted)
    assert reservations.take("k", PACE, START) == Refused(retry_after=100)


def test_an_item_goes_when_it_says_nothing_new(reservations: Reservations, aws: ObservedAws):
    reservations.take("k", Pace(rate=0.1, burst=6), START)
    (item,) = aws.memory.items(TABLE.name)

    assert item["sk"] == {"S": ItemKind.LIMIT}
    assert item["ttl"] == {"N": str(START // 1000 + 60 + MARGIN_SECONDS)}


def test_an_outage_is_no_refusal(reservations: Reservations, aws: ObservedAws):
    def lost(_effect: object) -> None:
        raise Unreachable("Timeout", "no answer", 0, "UpdateItem")

    aws.on("UpdateItem", lost)

    with pytest.raises(Unreachable):
        reservations.take("k", PACE, START)


@pytest.mark.parametrize("workers", [1, 2, 5, 20])
def test_workers_at_once_are_granted_exactly_what_there_is(workers: int):
    aws = MemoryAws(tables=[TABLE])
    start = Barrier(workers)

    def work() -> int:
        reservations = Reservations(Table(aws, TABLE.name))
        start.wait()
        decisions = [reservations.take("k", Pace(rate=1, burst=30), START) for _ in range(20)]
        return sum(isinstance(each, Granted) for each in decisions)

    with ThreadPoolExecutor(workers) as threads:
        granted = sum(threads.map(lambda _: work(), range(workers)))

    assert granted == min(30, workers * 20)


@pytest.mark.parametrize("workers", [2, 5, 20, 50])
def test_busy_workers_that_wait_their_turn_need_hardly_more_than_one_call_each(workers: int):
    """A virtual minute: each worker takes a batch, waits, delivers for a while, takes the next."""
    aws = ObservedAws(MemoryAws(tables=[TABLE]))
    pace = Pace(rate=200, burst=10)
    sinks = [Reservations(Table(aws, TABLE.name)) for _ in range(workers)]
    free_at = [START + worker for worker in range(workers)]
    delivered: list[int] = []
    acquires = 0
    while min(free_at) < START + 60_000:
        worker = free_at.index(min(free_at))
        now = free_at[worker]
        taken = sinks[worker].take("k", pace, now, cost=10, max_wait=2_000)
        acquires += 1
        if isinstance(taken, Granted):
            delivered.append(now + taken.wait)
            free_at[worker] = now + taken.wait + 20
        else:
            free_at[worker] = now + taken.retry_after

    busiest = max(
        sum(10 for other in delivered if start <= other < start + 1_000) for start in delivered
    )
    assert len(aws.calls) <= acquires * 1.17
    assert busiest <= 200 + 10
    assert len(delivered) * 10 >= min(200, workers * 10 / 0.07) * 60 * 0.95
