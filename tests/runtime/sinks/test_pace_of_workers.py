"""Many workers and one rate: what begins in any second, on a clock that only the test moves."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.contract.sinks import SinkEnvironment
from cdk_streamer_runtime.memory import MemoryAws, QueueSchema, TableSchema
from cdk_streamer_runtime.sinks.app import Sink
from cdk_streamer_runtime.sinks.assembly import SinkAssembly
from cdk_streamer_runtime.sinks.pacing import LATENESS, MILLISECOND, SECOND, Pacing
from cdk_streamer_runtime.sinks.record import SinkRecord
from tests.runtime.simulation.scheduler import Group, Scheduler
from tests.runtime.sinks.world import TABLE, Counts

TIMEOUT = 60_000


@dataclass(kw_only=True)
class Crowd:
    """Workers that get batches without end, and when each of their deliveries began."""

    rate: float
    workers: int
    batch: int = 10
    together: bool = False
    delivery: int = 0  # milliseconds that a call takes
    latency: int = 0  # of a call to the table, at most
    seconds: float = 8
    seed: int = 1
    enough: int = 250  # beginnings of one run
    backlog: float = float("inf")  # messages that there are in all
    stalls: Sequence[tuple[int, int]] = ()  # when all workers stand still, and for how long
    begins: list[int] = field(default_factory=list)
    calls: int = 0

    def run(self) -> Crowd:
        self.scheduler = Scheduler(self.seed)
        self.random = random.Random(self.seed)
        self.aws = MemoryAws(
            clock=self.scheduler.clock,
            tables=[TableSchema(name=TABLE, partition_key="pk", sort_key="sk")],
            queues=[QueueSchema(name="messages")],
        )
        groups = [Group(f"worker {number}") for number in range(self.workers)]
        for group in groups:
            self.scheduler.spawn(group, self._work, delay=self.random.randrange(50))
        for moment, length in self.stalls:
            self.scheduler.spawn(Group("stall"), lambda length=length: freeze(length), moment)

        def freeze(length: int) -> None:
            for group in groups:
                group.frozen_until = self.scheduler.now + length

        self.scheduler.run(self.scheduler.start + int(self.seconds * 1000))
        self.scheduler.stop()
        return self

    # --- the platform, the client and the sink of a worker ---

    def clock(self) -> int:
        return self.scheduler.now

    def sleep(self, milliseconds: int) -> None:
        self.scheduler.sleep(milliseconds)

    def uniform(self) -> float:
        return self.random.random()

    def new_id(self) -> str:
        return str(self.random.random())

    def each(self, act: Callable[[Any], Any], of: Iterable[Any]) -> Iterable[Any]:
        return map(act, of)

    @contextmanager
    def watching(self, milliseconds: int, act: Callable[[], None]) -> Generator[None]:
        del milliseconds, act
        yield

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self.calls += service == "dynamodb"
        self._lag()
        try:
            return self.aws.call(service, operation, parameters)
        finally:
            self._lag()

    def _lag(self) -> None:
        if self.latency:
            self.scheduler.sleep(self.random.randint(0, self.latency // 2))

    def _work(self) -> None:
        sink = Sink()
        if self.together:
            sink.deliver_batch(self._deliver)
        else:
            sink.deliver(lambda record: self._deliver([record]))
        metrics = Counts()
        aws: Any = self  # of which a sink at its pace needs `call` alone
        worker = SinkAssembly(aws=aws, platform=self).worker(self._settings(), sink, metrics)
        while self.backlog > 0 and len(self.begins) < self.enough:
            taken = int(min(self.batch, self.backlog))
            self.backlog -= taken
            records = [message(number) for number in range(taken)]
            answer = worker.handle({"Records": records}, TIMEOUT)
            # What was handed back does not come again at once.
            self.scheduler.sleep(3_000 if answer["batchItemFailures"] else 1)

    def _deliver(self, records: Sequence[SinkRecord]) -> None:
        self.begins += [self.scheduler.now] * len(records)
        if self.delivery:
            self.scheduler.sleep(self.delivery)

    def _settings(self) -> SinkEnvironment:
        return SinkEnvironment(
            sink_name="Ledger",
            table_name=TABLE,
            queue_url=self.aws.queue_url("messages"),
            rejected_queue_url="",
            entry_point="",
            batch_size=self.batch,
            timeout_seconds=TIMEOUT // 1000,
            rate=self.rate,
        )

    # --- what is judged ---

    @property
    def busiest(self) -> int:
        """The most beginnings in any second."""
        window: deque[int] = deque()
        most = 0
        for moment in sorted(self.begins):
            window.append(moment)
            while window[0] <= moment - 1_000:
                window.popleft()
            most = max(most, len(window))
        return most

    @property
    def a_second(self) -> float:
        """Beginnings a second, but for the first and the last second."""
        begin, end = self.scheduler.start + 1_000, self.scheduler.now - 1_000
        return len([each for each in self.begins if begin <= each < end]) / (end - begin) * 1000


def message(number: int) -> dict[str, Any]:
    return {
        "messageId": str(number),
        "receiptHandle": f"{number}#1",
        "body": "{}",
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "0"},
        "messageAttributes": {},
    }


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("workers", [1, 5, 20])
@pytest.mark.parametrize("rate", [2.5, 50, 1000])
def test_no_second_has_more_than_the_rate_and_one_batch(
    workers: int, rate: float, *, together: bool
):
    crowd = Crowd(rate=rate, workers=workers, together=together, latency=20, delivery=3).run()
    assert crowd.busiest <= rate + crowd.batch


@settings(max_examples=30, deadline=None)
@given(
    crowd=st.builds(
        Crowd,
        rate=st.sampled_from([0.4, 1, 3.3, 10, 50, 200, 1000]),
        workers=st.sampled_from([1, 2, 5, 20]),
        batch=st.sampled_from([1, 2, 10]),
        together=st.booleans(),
        delivery=st.sampled_from([0, 2, 30, 400]),
        latency=st.sampled_from([0, 5, 60, 300]),
        seed=st.integers(0, 10**6),
        stalls=st.lists(
            st.tuples(st.integers(0, 5_000), st.sampled_from([50, 300, 2_000, 30_000])), max_size=4
        ),
    )
)
def test_neither_stalls_nor_a_slow_table_make_a_second_busier(crowd: Crowd):
    crowd.run()
    assert crowd.busiest <= crowd.rate + crowd.batch


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("workers", [1, 5, 20])
def test_what_was_idle_begins_no_busier(workers: int, *, together: bool):
    crowd = Crowd(rate=20, workers=workers, together=together, latency=10)
    crowd.stalls = [(1_000, 2_000), (4_000, 2_000)]
    assert crowd.run().busiest <= 30


@pytest.mark.parametrize("workers", [5, 20])
def test_workers_that_are_many_enough_reach_the_rate(workers: int):
    crowd = Crowd(rate=50, workers=workers, delivery=60, latency=10, enough=9_999).run()
    assert crowd.a_second >= 48


def test_deliveries_that_are_slower_than_their_slots_lose_none_of_the_rate():
    # Twenty workers have just enough time for the rate, each far too little for its own slots.
    crowd = Crowd(rate=100, workers=20, delivery=150, latency=10, enough=9_999).run()
    assert crowd.a_second >= 90


def test_a_batch_that_is_as_fast_as_its_slots_is_one_reservation():
    crowd = Crowd(rate=50, workers=1, delivery=10).run()
    # The first delivery of a process tells how long one takes.
    assert crowd.calls <= len(crowd.begins) / 10 + 2


@given(
    rate=st.floats(0.01, 5_000),
    batch=st.integers(1, 10),
    together=st.booleans(),
)
def test_what_a_unit_may_be_late_keeps_the_bound(rate: float, batch: int, *, together: bool):
    pacing = Pacing.of(rate, batch, together=together)
    spread = pacing.tolerance + (batch - 1) * pacing.pace.interval * together
    assert -(-(SECOND + spread) // pacing.pace.interval) <= rate + batch
    assert pacing.tolerance >= LATENESS - MILLISECOND
    assert pacing.pace.rate >= 0.95 * rate - 1
