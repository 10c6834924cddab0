"""The machine of a Lambda function: real threads, a real clock and a real alarm."""

from __future__ import annotations

import asyncio
import re
import signal
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from cdk_streamer_runtime.contract import REQUEST_ID_PATTERN
from cdk_streamer_runtime.errors import Cancelled, DeadlineExceeded, Unreachable
from cdk_streamer_runtime.machine import Machine

PATIENCE = 30  # seconds, in which everything awaited happens; nothing takes this long
FAR = 10**15


@dataclass
class Gate:
    """A sink whose first write waits until it is let through."""

    entered: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)
    written: threading.Event = field(default_factory=threading.Event)
    failure: Exception | None = None
    reports: list[Mapping[str, Any] | None] = field(default_factory=list)

    def keep_at(self) -> int | None:
        return None

    def put(self, chunks: Sequence[str]) -> bool:
        raise AssertionError(f"nobody has given chunks, got {chunks!r}")

    def write(self, report: Mapping[str, Any] | None) -> bool:
        self.entered.set()
        assert self.opened.wait(PATIENCE)
        self.reports.append(report)
        self.written.set()
        if self.failure is not None:
            raise self.failure
        return False


def report(message: object) -> dict[str, Any]:
    return {"percentage": None, "message": str(message)}


@pytest.fixture
def machine() -> Machine:
    return Machine()


# --- pumping --------------------------------------------------------------------------------------


def test_a_report_never_waits_for_the_one_that_is_being_written(machine: Machine):
    gate = Gate()
    with machine.pumping(gate, 0, FAR) as pump:
        pump.offer(report("first"))
        assert gate.entered.wait(PATIENCE)
        for number in range(1_000):
            pump.offer(report(number))
        gate.opened.set()
        last = pump.stop()

    assert gate.reports[0] == report("first")
    assert last == report(999) or gate.reports[-1] == report(999)


def test_stopping_waits_for_the_write_in_flight(machine: Machine):
    gate = Gate()
    stopped = threading.Event()

    with machine.pumping(gate, 0, FAR) as pump:
        pump.offer(report("first"))
        assert gate.entered.wait(PATIENCE)

        def stop() -> None:
            pump.stop()
            assert gate.reports == [report("first")]
            stopped.set()

        stopper = threading.Thread(target=stop)
        stopper.start()
        assert not stopped.is_set()
        gate.opened.set()
        stopper.join(PATIENCE)

    assert stopped.is_set()


def test_a_write_that_fails_in_flight_gives_its_report_back(machine: Machine):
    gate = Gate(failure=Unreachable("Timeout", "", 0, "UpdateItem"))
    with machine.pumping(gate, 0, FAR) as pump:
        pump.offer(report("only"))
        assert gate.entered.wait(PATIENCE)
        gate.opened.set()
        assert gate.written.wait(PATIENCE)
        last = pump.stop()

    assert last == report("only")


def test_stopping_ends_though_the_sink_raised_what_nobody_expected(machine: Machine):
    gate = Gate(failure=RuntimeError("bug"))
    gate.opened.set()
    with machine.pumping(gate, 0, FAR) as pump:
        pump.offer(report("only"))
        assert gate.written.wait(PATIENCE)
        last = pump.stop()

    assert last == report("only")


def test_a_wish_to_cancel_crosses_the_threads(machine: Machine):
    gate = Gate(failure=Cancelled("enough"))
    gate.opened.set()
    with machine.pumping(gate, 0, FAR) as pump:
        pump.offer(report("first"))
        assert gate.written.wait(PATIENCE)
        pump.stop()
        with pytest.raises(Cancelled):
            pump.check()


def test_reports_of_many_threads_are_all_taken(machine: Machine):
    gate = Gate()
    gate.opened.set()
    with machine.pumping(gate, 0, FAR) as pump, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: pump.offer(report(number)), range(200)))
        pump.offer(report("last"))
        last = pump.stop()

    told = [*gate.reports, last]
    assert [each for each in told if each is not None][-1] == report("last")
    assert len({str(each) for each in gate.reports}) == len(gate.reports)


def test_the_thread_ends_with_the_block(machine: Machine):
    before = threading.active_count()
    with machine.pumping(Gate(), 0, FAR) as pump:
        pump.stop()

    assert threading.active_count() == before


# --- alarm ----------------------------------------------------------------------------------------


def test_the_alarm_interrupts_a_handler_that_blocks(machine: Machine):
    with pytest.raises(DeadlineExceeded), machine.alarm(10):
        threading.Event().wait(PATIENCE)


def test_the_alarm_is_a_timeout_to_whoever_knows_no_other(machine: Machine):
    with pytest.raises(TimeoutError), machine.alarm(10):
        threading.Event().wait(PATIENCE)


def test_the_alarm_interrupts_a_handler_that_computes(machine: Machine):
    def compute() -> None:
        while machine.clock() < FAR:
            pass

    with pytest.raises(DeadlineExceeded), machine.alarm(10):
        compute()


def test_the_alarm_interrupts_a_coroutine(machine: Machine):
    cleaned: list[str] = []

    async def handler() -> None:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            await asyncio.sleep(PATIENCE)
        finally:
            cleaned.append("up")

    with pytest.raises(DeadlineExceeded), machine.alarm(3_600_000):
        asyncio.run(handler())
    assert cleaned == ["up"]


@pytest.mark.parametrize("milliseconds", [0, -5_000])
def test_without_any_time_left_the_alarm_rings_at_once(machine: Machine, milliseconds: int):
    with pytest.raises(DeadlineExceeded), machine.alarm(milliseconds):
        threading.Event().wait(PATIENCE)


def test_after_the_block_nothing_rings(machine: Machine):
    with machine.alarm(3_600_000):
        pass

    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_after_the_block_signals_are_handled_as_before(machine: Machine):
    def mine(_signal: int, _frame: object) -> None:
        raise AssertionError

    before = signal.signal(signal.SIGALRM, mine)
    try:
        with machine.alarm(3_600_000), machine.alarm(3_600_000):
            assert signal.getsignal(signal.SIGALRM) is not mine
        assert signal.getsignal(signal.SIGALRM) is mine
    finally:
        signal.signal(signal.SIGALRM, before)


def test_an_exception_of_the_handler_ends_the_alarm_too(machine: Machine):
    with pytest.raises(ZeroDivisionError), machine.alarm(3_600_000):
        _ = 1 / 0

    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_in_another_thread_the_block_just_runs(machine: Machine):
    ran: list[str] = []

    def run() -> None:
        with machine.alarm(1):
            ran.append("to its end")

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(PATIENCE)

    assert ran == ["to its end"]


# --- the rest -------------------------------------------------------------------------------------


def test_ids_are_names_of_requests(machine: Machine):
    assert re.fullmatch(REQUEST_ID_PATTERN, machine.new_id())


def test_ids_are_all_different(machine: Machine):
    assert len({machine.new_id() for _ in range(1_000)}) == 1_000


def test_ids_sort_by_the_time_they_were_made(machine: Machine):
    class Clocked(Machine):
        now = 1_763_717_400_000

        def clock(self) -> int:
            self.now += 1
            return self.now

    clocked = Clocked()
    ids = [clocked.new_id() for _ in range(100)]

    assert ids == sorted(ids)


def test_jitter_is_a_part_of_one(machine: Machine):
    assert all(0 <= machine.uniform() < 1 for _ in range(1_000))


def test_the_clock_gives_whole_milliseconds(machine: Machine):
    assert isinstance(machine.clock(), int)
    assert machine.clock() > 1_763_717_400_000


def test_several_names_are_done_at_once_and_answered_in_their_order(machine: Machine):
    together = threading.Barrier(3)

    def act(name: str) -> str:
        together.wait(PATIENCE)
        return name.upper()

    assert list(machine.each(act, ["a", "b", "c"])) == ["A", "B", "C"]


def test_a_single_name_needs_no_thread(machine: Machine):
    assert list(machine.each(lambda _: threading.get_ident(), ["a"])) == [threading.get_ident()]


def test_of_no_names_nothing_is_done(machine: Machine):
    assert list(machine.each(lambda name: name, [])) == []


def test_what_watches_a_block_that_does_not_end_acts_beside_it():
    acted = threading.Event()
    with Machine().watching(1, acted.set):
        assert acted.wait(PATIENCE)


def test_what_watches_a_block_that_ended_in_time_does_nothing():
    acted = threading.Event()
    with Machine().watching(PATIENCE * 1000, acted.set):
        pass
    assert not acted.is_set()
    assert not any(isinstance(thread, threading.Timer) for thread in threading.enumerate())


def test_what_has_begun_to_act_is_waited_for():
    begun, done = threading.Event(), threading.Event()
    leaving = threading.Event()

    def act() -> None:
        begun.set()
        leaving.wait(PATIENCE)
        done.set()

    with Machine().watching(1, act):
        assert begun.wait(PATIENCE)
        leaving.set()
    assert done.is_set()
