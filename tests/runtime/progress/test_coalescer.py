"""Which reports leave: the first at once, the last always, and none too early."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.progress.coalescer import Coalescer

INTERVAL = 100

PERCENTAGES = st.none() | st.floats(min_value=0, max_value=100)
# How long after the one before, and what it says.
REPORTS = st.lists(st.tuples(st.integers(0, 250), PERCENTAGES), min_size=1, max_size=30)
PACES = st.lists(st.booleans(), max_size=60)

Reports = Sequence[tuple[int, float | None]]
Taken = list[tuple[int, dict[str, Any]]]


def report(message: str, percentage: float | None = None) -> dict[str, Any]:
    return {"percentage": percentage, "message": message}


def played(coalescer: Coalescer, reports: Reports) -> Taken:
    """Offer reports at their times and take each one as soon as it is due."""
    now = 0
    taken: Taken = []

    def take_until(end: int) -> None:
        while (due := coalescer.due_at()) is not None and due <= end:
            at = max(due, now)
            taken.append((at, dict(coalescer.take(at) or {})))

    for number, (wait, percentage) in enumerate(reports):
        take_until(now + wait)
        now += wait
        coalescer.offer(report(str(number), percentage))
    take_until(now + 10_000)
    return taken


def test_nothing_is_due_before_anything_is_reported():
    assert Coalescer(interval=INTERVAL).due_at() is None
    assert Coalescer(interval=INTERVAL).take(0) is None


def test_the_first_report_is_due_at_once():
    coalescer = Coalescer(interval=INTERVAL)
    coalescer.offer(report("first"))

    assert coalescer.due_at() == 0


def test_the_next_one_is_due_when_the_interval_is_over():
    coalescer = Coalescer(interval=INTERVAL)
    coalescer.offer(report("first"))
    coalescer.take(1_000)
    coalescer.offer(report("second"))

    assert coalescer.due_at() == 1_100


def test_a_report_after_a_quiet_interval_is_due_at_once():
    assert played(Coalescer(interval=INTERVAL), [(0, None), (250, None)]) == [
        (0, report("0")),
        (250, report("1")),
    ]


def test_of_a_burst_the_first_and_the_last_leave():
    taken = played(Coalescer(interval=INTERVAL), [(0, None), *[(1, None)] * 50])

    assert taken == [(0, report("0")), (100, report("50"))]


@given(REPORTS)
def test_the_last_report_always_leaves(reports: Reports):
    taken = played(Coalescer(interval=INTERVAL), reports)

    assert taken[-1][1]["message"] == str(len(reports) - 1)


@given(REPORTS)
def test_the_first_report_leaves_as_it_comes(reports: Reports):
    coalescer = Coalescer(interval=INTERVAL)

    assert played(coalescer, [(0, None), *reports])[0] == (0, report("0"))


@given(REPORTS)
def test_at_most_one_report_leaves_in_an_interval(reports: Reports):
    times = [at for at, _report in played(Coalescer(interval=INTERVAL), reports)]

    assert all(later - earlier >= INTERVAL for earlier, later in pairwise(times))


@given(REPORTS)
def test_no_report_waits_longer_than_the_interval(reports: Reports):
    taken = played(Coalescer(interval=INTERVAL), reports)
    offered = {}
    now = 0
    for number, (wait, _percentage) in enumerate(reports):
        now += wait
        offered[str(number)] = now

    assert all(at - offered[each["message"]] <= INTERVAL for at, each in taken)


@given(REPORTS)
def test_reports_leave_in_their_order(reports: Reports):
    numbers = [int(each["message"]) for _at, each in played(Coalescer(interval=0), reports)]

    assert numbers == sorted(set(numbers))


@given(REPORTS)
def test_a_percentage_never_goes_back(reports: Reports):
    taken = played(Coalescer(interval=INTERVAL), reports)
    percentages = [each["percentage"] for _at, each in taken if each["percentage"] is not None]

    assert percentages == sorted(percentages)


@given(REPORTS)
def test_the_highest_percentage_is_told_in_the_end(reports: Reports):
    taken = played(Coalescer(interval=INTERVAL), reports)
    said = [percentage for _wait, percentage in reports if percentage is not None]

    assert taken[-1][1]["percentage"] == max(said, default=None)


def test_a_report_without_percentage_keeps_the_last_one():
    taken = played(Coalescer(interval=INTERVAL), [(0, 40.0), (200, None)])

    assert taken[-1][1]["percentage"] == 40


def test_what_is_reported_is_not_changed():
    coalescer = Coalescer(interval=INTERVAL)
    coalescer.offer(report("first", 50))
    mine = report("second", 10)
    coalescer.offer(mine)

    assert mine == report("second", 10)


# --- pace -----------------------------------------------------------------------------------------


def test_a_client_that_cannot_keep_up_halves_the_pace():
    coalescer = Coalescer(interval=200)
    coalescer.slow_down()

    assert coalescer.pace == 400


def test_the_pace_returns_a_tenth_at_a_time():
    coalescer = Coalescer(interval=200)
    coalescer.slow_down()
    coalescer.speed_up()

    assert coalescer.pace == 360


def test_a_slower_pace_holds_the_next_report_back():
    coalescer = Coalescer(interval=200)
    coalescer.offer(report("first"))
    coalescer.slow_down()
    coalescer.take(0)
    coalescer.offer(report("second"))

    assert coalescer.due_at() == 400


@given(st.integers(1, 1_000), PACES)
def test_the_pace_stays_between_the_interval_and_five_seconds(interval: int, paces: list[bool]):
    coalescer = Coalescer(interval=interval)
    for slower in paces:
        coalescer.slow_down() if slower else coalescer.speed_up()

        assert interval <= coalescer.pace <= 5_000


@pytest.mark.parametrize("interval", [1, 7, 10, 100, 333, 1_000])
def test_the_pace_always_returns(interval: int):
    coalescer = Coalescer(interval=interval)
    for _ in range(20):
        coalescer.slow_down()
    for _ in range(100):
        coalescer.speed_up()

    assert coalescer.pace == interval
