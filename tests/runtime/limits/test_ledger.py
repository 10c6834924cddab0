"""All limits of a call at once, for many processes at the same moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.dynamodb import Put, Table
from cdk_streamer_runtime.errors import RateLimited
from cdk_streamer_runtime.limits.ledger import Ledger
from cdk_streamer_runtime.limits.limit import Limit
from cdk_streamer_runtime.limits.quota import Asker, Quota, quotas_of
from cdk_streamer_runtime.limits.slots import Slots
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import TABLE
from cdk_streamer_runtime.memory.platform import START

ANN = Asker(tenant="acme", owner="ann", action="job")
PARALLEL = pytest.mark.parametrize("workers", [2, 20])


@pytest.fixture
def table() -> Table:
    return Table(MemoryAws(tables=[TABLE]), TABLE.name)


def quotas(*limits: Limit, asker: Asker = ANN) -> Sequence[Quota]:
    return quotas_of(limits, (), asker)


def submitted(ledger: Ledger, name: str, taken: Sequence[Quota], now: int = START) -> bool:
    item = {"pk": name, "sk": "request", "state": "QUEUED"}
    try:
        ledger.transact([Put(item=item, condition="attribute_not_exists(pk)")], taken, name, now)
    except RateLimited:
        return False
    return True


def names() -> Iterator[str]:
    return (f"r{number}" for number in count())


def in_parallel(table: Table, workers: int, taken: Sequence[Quota]) -> int:
    """Let each worker, a process of its own, submit 10 requests; give how many were accepted."""
    start = Barrier(workers)

    def work(worker: int) -> int:
        ledger = Ledger(table)
        start.wait()
        return sum(submitted(ledger, f"r{worker}-{number}", taken) for number in range(10))

    with ThreadPoolExecutor(workers) as threads:
        return sum(threads.map(work, range(workers)))


@PARALLEL
def test_exactly_as_many_are_open_as_may_be(table: Table, workers: int):
    assert in_parallel(table, workers, quotas(Limit(in_flight=7))) == 7


@PARALLEL
def test_exactly_the_burst_is_accepted_at_one_moment(table: Table, workers: int):
    taken = quotas(Limit(rate=1, burst=9), Limit(per="tenant", rate=1, burst=100))

    assert in_parallel(table, workers, taken) == 9


@PARALLEL
def test_the_narrowest_limit_decides(table: Table, workers: int):
    taken = quotas(Limit(rate=1, burst=15, in_flight=11), Limit(per="tenant", in_flight=6))

    assert in_parallel(table, workers, taken) == 6


@settings(max_examples=60, deadline=None)
@given(
    calls=st.lists(
        st.tuples(st.integers(0, 1_500), st.integers(0, 2), st.sampled_from("ab"), st.booleans()),
        max_size=40,
    )
)
def test_whatever_happens_no_limit_is_exceeded(calls: list[tuple[int, int, str, bool]]):
    table = Table(MemoryAws(tables=[TABLE]), TABLE.name)
    ledgers, slots = [Ledger(table) for _ in range(3)], Slots(table)
    limits = (Limit(rate=2, burst=3, in_flight=4), Limit(per="tenant", rate=3, in_flight=6))
    accepted: list[tuple[int, str]] = []
    still_open: list[tuple[str, str]] = []
    now, fresh = START, names()
    for gap, worker, owner, gives_back in calls:
        now += gap
        taken = quotas(*limits, asker=Asker(tenant="acme", owner=owner, action="job"))
        name = next(fresh)
        if submitted(ledgers[worker], name, taken, now):
            accepted.append((now, owner))
            still_open.append((owner, name))
        if gives_back and still_open:
            ended = still_open.pop(0)
            mine = quotas(*limits, asker=Asker(tenant="acme", owner=ended[0], action="job"))
            slots.give_back([quota.key for quota in mine], ended[1])

        assert len(still_open) <= 6
        assert max((sum(o == owner for o, _ in still_open) for owner in "ab"), default=0) <= 4
    for first, (start, owner) in enumerate(accepted):
        own = [at for at, other in accepted[first:] if other == owner]
        every = [at for at, _ in accepted[first:]]
        assert all(n <= 3 + 2 * (at - start) / 1000 for n, at in enumerate(own, 1))
        assert all(n <= 3 + 3 * (at - start) / 1000 for n, at in enumerate(every, 1))


def test_a_place_can_be_given_back_twice(table: Table):
    ledger, slots, taken = Ledger(table), Slots(table), quotas(Limit(in_flight=1))
    submitted(ledger, "r1", taken)
    slots.give_back([taken[0].key], "r1")
    submitted(ledger, "r2", taken)
    slots.give_back([taken[0].key], "r1")

    assert not submitted(ledger, "r3", taken)


def test_giving_back_to_a_limit_that_is_gone_leaves_nothing(table: Table):
    Slots(table).give_back(["gone"], "r1")

    assert table.get({"pk": "gone", "sk": "limit"}) is None
