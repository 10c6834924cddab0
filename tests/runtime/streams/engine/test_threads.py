"""Lanes in real threads."""

from __future__ import annotations

import time
from threading import Barrier, Event as Signal, get_ident

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.streams.engine.machine import LaneMachine
from cdk_streamer_runtime.streams.pipelines.steps import Call
from tests.runtime.streams.engine.batches import Trial, event, failed, kinesis, pipeline, queue
from tests.runtime.streams.engine.journal import Journal, Trouble

PATIENCE = 30  # seconds after which a test fails instead of hanging


@pytest.fixture(scope="module")
def machine():
    return LaneMachine(3)


def test_different_keys_are_worked_on_at_the_same_time(machine):
    barrier = Barrier(3)

    def send(*_):
        barrier.wait(PATIENCE)

    together = Call(name="write", send=send)
    batch = queue(event(n, key=f"k{n}") for n in range(6))
    answer = Trial([pipeline(together)], platform=machine, window=6).handle(batch)
    assert failed(batch, answer) == []


def test_a_single_lane_takes_no_thread(machine):
    threads = []
    step = Call(name="write", send=lambda *_: threads.append(get_ident()))
    Trial([pipeline(step)], platform=machine).handle(queue(event(n) for n in range(3)))
    assert set(threads) == {get_ident()}


def test_what_runs_is_finished_when_another_lane_stops(machine):
    begun, stopped, finished = Signal(), Signal(), []

    def send(uow, _):
        if uow.event["n"] == 0:
            begun.wait(PATIENCE)
            stopped.set()
            raise MemoryError
        begun.set()
        stopped.wait(PATIENCE)
        finished.append(uow.event["n"])

    batch = queue([event(0, key="a"), event(1, key="b"), event(2, key="a")])
    with pytest.raises(MemoryError):
        Trial([pipeline(Call(name="write", send=send))], platform=machine).handle(batch)
    assert finished == [1]


@settings(max_examples=15, deadline=None)
@given(
    keys=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=30),
    troubles=st.dictionaries(
        st.tuples(st.sampled_from("pq"), st.just("write"), st.integers(0, 29)),
        st.builds(Trouble, st.sampled_from(["redeliver", "fault"])),
        max_size=3,
    ),
)
def test_calls_of_a_key_never_overlap_in_threads_either(machine, keys, troubles):
    journal = Journal(troubles=troubles, keys=keys, switch=lambda: time.sleep(0))
    pipelines = [
        pipeline(
            journal.step(name, "read", "ordered", 3),
            journal.step(name, "write", "call", 1),
            id=name,
        )
        for name in "pq"
    ]
    batch = kinesis(event(n, key) for n, key in enumerate(keys))
    trial = Trial(pipelines, platform=machine, window=8)
    answer = trial.handle(batch)
    returned = sorted(
        n for _, action, _, unit in journal.fates(4) for n in unit if action != "fault"
    )
    assert journal.overlaps == []
    assert [journal.disorder(name, step) for name in "pq" for step in ("read", "write")] == [[]] * 4
    assert failed(batch, answer) == returned[:1]
