"""The plan of a batch: chunks, operations, tolerance. All of it is arithmetic."""

from __future__ import annotations

import re
from contextlib import nullcontext

import pytest
from hypothesis import HealthCheck, assume, given, settings as examples, strategies as st

from cdk_streamer_runtime.batches.plan import (
    WRITTEN_BYTES,
    Costs,
    Gathering,
    Plan,
    Tolerance,
    check,
    chunk_bytes,
)
from cdk_streamer_runtime.contract import STEP_BYTES
from cdk_streamer_runtime.contract.batches import (
    MAX_OPERATIONS,
    BatchSettings,
    Nesting,
    Pacing,
)
from cdk_streamer_runtime.errors import BatchTooLarge


def plan_of(items: int, size: int = 25, pages: int = 1) -> Plan:
    return Plan(ids=[str(number) for number in range(items)], size=size, pages=pages)


def costs_of(**settings: object) -> Costs:
    return Costs.of(BatchSettings(name="Batch", **settings))  # pyright: ignore[reportArgumentType]


# --- chunks ---------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.text(max_size=2), max_size=20), max_size=10), st.integers(1, 30))
def test_every_id_is_in_one_chunk_and_only_once(pages: list[list[str]], size: int):
    gathering = Gathering(size)
    plan = Plan(ids=[], size=size, pages=0)
    for page in pages:
        plan = gathering.add(page)

    chunks = [plan.chunk(number) for number in range(plan.chunks)]
    found = [id for page in pages for id in page]
    assert [id for chunk in chunks for id in chunk] == list(dict.fromkeys(found))
    assert all(1 <= len(chunk) <= size for chunk in chunks)
    assert all(len(chunk) == size for chunk in chunks[:-1])
    assert plan.items + plan.duplicates == len(found)
    assert plan.pages == len(pages)


@pytest.mark.parametrize(
    ("items", "chunks"), [(0, 0), (1, 1), (24, 1), (25, 1), (26, 2), (1_000, 40), (10_000, 400)]
)
def test_so_many_items_are_so_many_chunks(items: int, chunks: int):
    assert plan_of(items).chunks == chunks


# --- operations -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "nesting", "operations"),
    [
        (0, Nesting.FLAT, 4),
        (1_000, Nesting.FLAT, 45),
        (1_000, Nesting.NESTED, 85),
        (10_000, Nesting.FLAT, 405),
    ],
)
def test_a_run_takes_an_operation_a_chunk_and_five_more(
    items: int, nesting: Nesting, operations: int
):
    assert costs_of(nesting=nesting).of_run(plan_of(items)) == operations


def test_a_function_takes_another_operation_for_what_it_is_asked_with():
    asks = BatchSettings(name="Batch", dead_letter_queue_url="letters")

    assert Costs.of(asks, asks=True).of_run(plan_of(100)) == 9
    assert Costs.of(asks, asks=True, loads=True).of_run(plan_of(100)) == 13
    assert Costs.of(asks, asks=True).most(plan_of(100)) == 9 + 4 * (2 * 2 + 1)


def test_ten_thousand_users_fit_with_three_attempts_each():
    check(plan_of(10_000, pages=3), costs_of(max_attempts=3))


PLANS = st.builds(
    plan_of, st.integers(0, 60_000), st.integers(1, 500), st.integers(1, 3_000)
).filter(lambda plan: plan.items > 0)
COSTS = st.builds(
    costs_of,
    max_attempts=st.integers(1, 10),
    nesting=st.sampled_from(Nesting),
    rate=st.none() | st.floats(0.5, 1_000),
    pacing=st.sampled_from(Pacing),
    max_concurrency=st.integers(1, 50),
)


@examples(max_examples=30, deadline=None)
@given(PLANS, COSTS)
def test_what_may_be_too_much_is_refused_before_anything_is_published(plan: Plan, costs: Costs):
    is_too_much = costs.most(plan) > MAX_OPERATIONS

    with pytest.raises(BatchTooLarge) if is_too_much else nullcontext():
        check(plan, costs)


# Most plans are small enough.
@examples(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(PLANS, COSTS)
def test_the_chunk_size_that_a_refusal_tells_would_do(plan: Plan, costs: Costs):
    assume(costs.most(plan) > MAX_OPERATIONS)
    with pytest.raises(BatchTooLarge) as refused:
        check(plan, costs)

    told = re.search(r"chunk_size of (\d+) would do", str(refused.value))
    size = int(told[1]) if told else None
    assert (size is None) == ("more ids a page" in str(refused.value))
    check(Plan(ids=plan.ids[:0] if size is None else plan.ids, size=size or 1, pages=1), costs)


def test_a_refusal_tells_what_is_too_much_and_the_way_out():
    with pytest.raises(BatchTooLarge) as refused:
        check(plan_of(20_000), costs_of())

    assert str(refused.value) == (
        "20000 items in 800 chunks and 1 pages may take 4005 operations with 3 attempts each, "
        "but an execution has 2500; a chunk_size of 41 would do, or fewer attempts, or divide "
        "the items among several batch ids"
    )


@pytest.mark.parametrize(("chunks", "bytes_"), [(1, STEP_BYTES - 1024), (2_000, 23_592)])
def test_what_chunks_record_together_stays_below_what_an_execution_may_write(
    chunks: int, bytes_: int
):
    plan = plan_of(chunks, size=1)

    assert chunk_bytes(plan, attempts=1) == bytes_
    assert 4 * chunks * chunk_bytes(plan, attempts=3) <= WRITTEN_BYTES


# --- tolerance ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tolerance", "failed", "items", "bears"),
    [
        (Tolerance(), 10, 10, True),
        (Tolerance(count=0), 0, 10, True),
        (Tolerance(count=0), 1, 10, False),
        (Tolerance(count=3), 3, 10, True),
        (Tolerance(count=3), 4, 10, False),
        (Tolerance(percentage=0), 0, 0, True),
        (Tolerance(percentage=5), 50, 1_000, True),
        (Tolerance(percentage=5), 51, 1_000, False),
        (Tolerance(percentage=0.1), 1, 1_000, True),
        (Tolerance(percentage=100), 10, 10, True),
        (Tolerance(percentage=50, count=1), 2, 10, False),
        (Tolerance(percentage=10, count=5), 2, 10, False),
        (Tolerance(percentage=20, count=2), 2, 10, True),
    ],
)
def test_a_batch_bears_what_all_of_its_limits_bear(
    tolerance: Tolerance, failed: int, items: int, *, bears: bool
):
    assert tolerance.bears(failed, items) is bears
