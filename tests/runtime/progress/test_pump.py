"""The loop beside the handler, in virtual time: what it writes, when, and what it survives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cdk_streamer_runtime.errors import (
    Cancelled,
    DeadlineExceeded,
    LeaseLost,
    Throttled,
    Unreachable,
)
from cdk_streamer_runtime.progress.coalescer import Coalescer
from cdk_streamer_runtime.progress.pump import PAUSE_AFTER_FAILURE, Pump
from tests.runtime.progress.timeline import RecordingSink, Timeline

THROTTLED = Throttled("ThrottlingException", "", 400, "UpdateItem")
UNREACHABLE = Unreachable("Timeout", "", 0, "UpdateItem")


class Run:
    """A pump, its world, and a handler that is a plan."""

    def __init__(self, *, interval: int = 100, deadline: int | None = None, **sink: Any) -> None:
        self.timeline = Timeline()
        self.start = self.timeline.now
        self.sink = RecordingSink(self.timeline, **sink)
        self.pump = Pump(
            self.sink,
            Coalescer(interval=interval),
            self.timeline.clock,
            self.timeline,
            None if deadline is None else self.start + deadline,
        )
        self.left: Mapping[str, Any] | None = None
        self.raised: list[tuple[int, str]] = []

    def report(self, at: int, message: str = "report", percentage: float | None = None) -> None:
        report = {"percentage": percentage, "message": message}
        self.timeline.after(at, lambda: self._tried(lambda: self.pump.offer(report)))

    def put(self, at: int, chunk: str) -> None:
        self.timeline.after(at, lambda: self._tried(lambda: self.pump.put(chunk)))

    def check(self, at: int) -> None:
        self.timeline.after(at, lambda: self._tried(self.pump.check))

    def until(self, end: int) -> Run:
        self.timeline.after(end, self._stop)
        self.pump.run()
        return self

    def _stop(self) -> None:
        self.left = self.pump.stop()

    def _tried(self, act: Any) -> None:
        try:
            act()
        except (Cancelled, DeadlineExceeded, LeaseLost) as reason:
            self.raised.append((self.timeline.now - self.start, type(reason).__name__))


# --- what leaves ----------------------------------------------------------------------------------


def test_a_report_leaves_at_once():
    run = Run()
    run.report(5, "first")
    run.until(50)

    assert (run.sink.times, run.sink.messages) == ([5], ["first"])


def test_a_burst_is_its_first_and_its_last_report():
    run = Run()
    for at in range(50):
        run.report(at, str(at))
    run.until(1_000)

    assert (run.sink.times, run.sink.messages) == ([0, 100], ["0", "49"])


def test_a_report_that_still_waits_is_given_back_at_the_end():
    run = Run()
    run.report(0, "first")
    run.report(10, "last")
    run.until(20)

    assert run.left == {"percentage": None, "message": "last"}
    assert run.sink.messages == ["first"]


def test_nothing_is_given_back_when_everything_has_left():
    run = Run()
    run.report(0)

    assert run.until(20).left is None


def test_a_report_after_the_end_goes_nowhere():
    run = Run()
    run.until(10)
    run.pump.offer({"percentage": None, "message": "late"})
    run.pump.run()

    assert run.sink.writes == []


def test_stopping_twice_gives_nothing_twice():
    run = Run()
    run.report(0, "first")
    run.report(10, "last")
    run.until(20)

    assert run.pump.stop() is None


@pytest.mark.parametrize("max_rate", [1, 10, 25, 50, 100])
@pytest.mark.parametrize("takes", [0, 3])
def test_the_rate_that_was_asked_for_is_delivered(max_rate: int, takes: int):
    run = Run(interval=1_000 // max_rate, takes=takes)
    for at in range(10_000):
        run.report(at)
    run.until(10_000)

    assert len(run.sink.writes) / 10 == pytest.approx(max_rate, rel=0.05)


def test_a_write_that_takes_longer_than_the_interval_is_never_overtaken():
    run = Run(interval=10, takes=250)
    for at in range(1_000):
        run.report(at, str(at))
    run.until(2_000)

    assert run.sink.times == [0, 250, 500, 750, 1_000]
    assert run.sink.messages == ["0", "250", "500", "750", "999"]


def test_a_client_that_cannot_keep_up_slows_the_reports():
    run = Run(interval=100, outcomes=[True, True])
    for at in range(2_000):
        run.report(at)
    run.until(1_200)

    # The pace changes after the next report's time was set.
    assert run.sink.times[:4] == [0, 100, 300, 700]


def test_reports_that_are_taken_speed_up_again():
    run = Run(interval=100, outcomes=[True])
    for at in range(20_000):
        run.report(at)
    run.until(20_000)

    assert run.sink.times[-1] - run.sink.times[-2] == 100


# --- what fails -----------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [THROTTLED, UNREACHABLE], ids=lambda error: error.code)
def test_a_report_that_could_not_be_written_is_written_again(failure: Exception):
    run = Run(outcomes=[failure])
    run.report(0, "only")
    run.until(5_000)

    assert run.sink.times == [0, PAUSE_AFTER_FAILURE]
    assert run.sink.messages == ["only", "only"]
    assert run.left is None


def test_a_newer_report_takes_the_place_of_one_that_failed():
    run = Run(outcomes=[THROTTLED], takes=20)
    run.report(0, "old")
    run.report(10, "new")
    run.until(5_000)

    assert run.sink.messages == ["old", "new"]


def test_the_last_report_survives_a_sink_that_never_works():
    run = Run(outcomes=[UNREACHABLE] * 100)
    run.report(0, "first")
    run.report(500, "last")
    run.until(10_300)

    assert run.left == {"percentage": None, "message": "last"}
    assert len(run.sink.writes) == 11


def test_the_handler_hears_nothing_of_a_failing_sink():
    run = Run(outcomes=[UNREACHABLE] * 100)
    run.report(0)
    run.check(500)
    run.report(1_500)
    run.until(3_000)

    assert run.raised == []


@pytest.mark.parametrize("failure", [RuntimeError("bug"), TypeError("bug"), OSError("disk")])
def test_a_fault_of_ours_ends_neither_the_loop_nor_the_job(failure: Exception):
    run = Run(outcomes=[failure])
    run.report(0, "first")
    run.report(2_000, "last")
    run.until(5_000)

    assert run.sink.messages[-1] == "last"
    assert run.raised == []


# --- keeping the lease ----------------------------------------------------------------------------


def test_a_silent_handler_keeps_its_lease():
    run = Run(keep_every=20_000)
    run.until(70_000)

    assert run.sink.writes == [(20_000, None), (40_000, None), (60_000, None)]


def test_reports_that_are_written_often_enough_keep_the_lease_alone():
    run = Run(keep_every=20_000)
    for second in range(60):
        run.report(second * 1_000)
    run.until(60_000)

    assert None not in [report for _at, report in run.sink.writes]


def test_a_report_that_waits_does_not_hold_the_lease_back():
    run = Run(interval=5_000, keep_every=2_000)
    run.report(0, "first")
    run.report(1, "second")
    run.until(5_500)

    assert run.sink.times == [0, 2_000, 4_000, 5_000]
    assert run.sink.messages == ["first", "second"]


def test_a_lease_that_could_not_be_kept_is_tried_again_every_second():
    run = Run(keep_every=20_000, outcomes=[UNREACHABLE, THROTTLED])
    run.until(23_000)

    assert run.sink.times == [20_000, 21_000, 22_000]


def test_without_a_lease_nothing_is_written_for_its_own_sake():
    run = Run()
    run.report(0)
    run.until(3_600_000)

    assert run.sink.times == [0]


# --- stopping the handler -------------------------------------------------------------------------


def test_a_wish_to_cancel_reaches_the_next_report():
    run = Run(outcomes=[Cancelled("enough")])
    run.report(0)
    run.report(10)
    run.until(20)

    assert run.raised == [(10, "Cancelled")]


def test_a_wish_to_cancel_reaches_a_handler_that_only_checks():
    run = Run(keep_every=1_000, outcomes=[Cancelled("enough")])
    run.check(500)
    run.check(1_500)
    run.check(2_500)
    run.until(3_000)

    assert run.raised == [(1_500, "Cancelled"), (2_500, "Cancelled")]


def test_the_reason_reaches_the_handler():
    run = Run(outcomes=[Cancelled("wrong month")])
    run.report(0)
    run.until(20)

    with pytest.raises(Cancelled, match="wrong month"):
        run.pump.check()


def test_a_handler_that_cleans_up_keeps_its_lease():
    run = Run(keep_every=1_000, outcomes=[Cancelled("enough")])
    run.until(3_500)

    assert run.sink.times == [1_000, 2_000, 3_000]


def test_who_has_lost_the_lease_writes_no_more():
    run = Run(keep_every=1_000, outcomes=[False, LeaseLost("another")])
    run.until(60_000)
    run.check(0)

    assert run.sink.times == [1_000, 2_000]


def test_who_has_lost_the_lease_is_told():
    run = Run(outcomes=[LeaseLost("another")])
    run.report(0)
    run.check(10)
    run.report(20)
    run.until(30)

    assert run.raised == [(10, "LeaseLost"), (20, "LeaseLost")]


def test_losing_the_lease_counts_more_than_the_wish_to_cancel():
    run = Run(keep_every=1_000, outcomes=[Cancelled("enough"), LeaseLost("another")])
    run.check(2_500)
    run.until(3_000)

    assert run.raised == [(2_500, "LeaseLost")]


def test_at_the_deadline_the_handler_is_told():
    run = Run(deadline=1_000)
    run.check(999)
    run.check(1_000)
    run.report(1_001)
    run.until(2_000)

    assert run.raised == [(1_000, "DeadlineExceeded"), (1_001, "DeadlineExceeded")]
    assert run.sink.writes == []


def test_without_a_deadline_there_is_always_time():
    run = Run()
    run.check(10**9)

    assert run.until(10**9 + 1).raised == []


# --- chunks ---------------------------------------------------------------------------------------


def test_every_chunk_leaves_in_its_order():
    run = Run()
    moments = range(1, 301, 5)
    for at in moments:
        run.put(at, str(at))
    run.until(1_000)

    assert [text for _at, texts in run.sink.puts for text in texts] == [str(at) for at in moments]
    assert run.left is None


def test_chunks_that_gather_within_the_interval_leave_together():
    run = Run(interval=100)
    for at in (5, 10, 20, 200):
        run.put(at, str(at))
    run.until(1_000)

    assert run.sink.puts == [(5, ["5"]), (105, ["10", "20"]), (205, ["200"])]


def test_no_more_than_twenty_five_chunks_leave_at_once():
    run = Run(interval=100, takes=10)
    for number in range(40):
        run.put(1, str(number))
    run.until(1_000)

    assert [len(texts) for _at, texts in run.sink.puts] == [1, 25, 14]


def test_reports_leave_between_chunks():
    run = Run(interval=100)
    for at in range(1, 1_000, 20):
        run.put(at, str(at))
        run.report(at, str(at))
    run.until(2_000)

    assert len(run.sink.messages) == len(run.sink.puts) == pytest.approx(10, abs=1)


def test_chunks_whose_write_failed_leave_again_first():
    run = Run(outcomes=[UNREACHABLE])
    run.put(0, "a")
    run.put(500, "b")
    run.until(5_000)

    assert run.sink.puts == [(0, ["a"]), (PAUSE_AFTER_FAILURE, ["a", "b"])]


def test_a_client_that_is_full_slows_chunks_down():
    run = Run(outcomes=[True], interval=100)
    run.put(0, "a")
    run.put(150, "b")
    run.put(160, "c")
    run.until(5_000)

    assert [at for at, _texts in run.sink.puts] == [0, 150, 350]


def test_a_chunk_after_the_deadline_is_refused():
    run = Run(deadline=100)
    run.put(150, "late")
    run.until(1_000)

    assert run.raised == [(150, "DeadlineExceeded")]
    assert run.sink.puts == []


def test_a_lease_that_is_lost_takes_its_chunks_along():
    run = Run(outcomes=[LeaseLost("taken")])
    run.put(0, "a")
    run.put(10, "b")
    run.until(1_000)

    assert run.raised == [(10, "LeaseLost")]
    assert len(run.sink.puts) == 1


def test_chunks_of_a_cancelled_handler_leave_all_the_same():
    run = Run(outcomes=[Cancelled("enough")], interval=100)
    run.put(0, "a")
    run.put(0, "b")
    run.put(10, "c")
    run.until(1_000)

    assert [text for _at, texts in run.sink.puts for text in texts] == ["a", "b"]
    assert run.raised == [(10, "Cancelled")]


def test_a_chunk_after_the_end_is_a_mistake():
    run = Run()
    run.until(100)

    with pytest.raises(RuntimeError, match="the handler has ended"):
        run.pump.put("late")
