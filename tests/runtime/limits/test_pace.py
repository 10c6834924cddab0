"""The arithmetic of rates, for any rate, burst and sequence of calls."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.limits.pace import Granted, Pace, Refused

START = 1_700_000_000_000
MILLION = 10**6

PACES = st.builds(
    Pace,
    rate=st.one_of(st.integers(1, 1_000), st.floats(0.001, 1_000)),
    burst=st.integers(1, 50),
)
GAPS = st.lists(st.integers(0, 3_000), min_size=1, max_size=60)


def taken(
    pace: Pace, moments: Sequence[int], costs: Sequence[int], max_wait: int
) -> list[tuple[int, int]]:
    """Give when how many units may be used, in nanoseconds, for calls at these moments."""
    paid_until: int | None = None
    used: list[tuple[int, int]] = []
    for now, cost in zip(moments, costs, strict=True):
        decision = pace.take(paid_until, now, cost, max_wait)
        if isinstance(decision, Granted):
            paid_until = decision.paid_until
            used.append((max(now * MILLION, paid_until), cost))
    return used


@given(pace=PACES, gaps=GAPS, data=st.data(), max_wait=st.sampled_from([0, 5, 1_000]))
def test_in_any_window_no_more_is_used_than_the_rate_and_one_burst(
    pace: Pace, gaps: list[int], data: st.DataObject, max_wait: int
):
    moments = [START + gap for gap in accumulate(gaps)]
    costs = data.draw(st.lists(st.integers(1, pace.burst), min_size=len(gaps), max_size=len(gaps)))
    used = taken(pace, moments, costs, max_wait)

    windows = [
        (used[last][0] - used[first][0], sum(cost for _at, cost in used[first : last + 1]))
        for first in range(len(used))
        for last in range(first, len(used))
    ]
    assert [
        (length, units)
        for length, units in windows
        if units * pace.interval > length + pace.burst * pace.interval
    ] == []


@given(pace=PACES, gaps=GAPS, data=st.data(), max_wait=st.sampled_from([0, 5, 1_000]))
def test_after_exactly_retry_after_a_refused_call_would_pass(
    pace: Pace, gaps: list[int], data: st.DataObject, max_wait: int
):
    cost = data.draw(st.integers(1, pace.burst))
    paid_until: int | None = None
    for now in [START + gap for gap in accumulate(gaps)]:
        decision = pace.take(paid_until, now, cost, max_wait)
        if isinstance(decision, Granted):
            paid_until = decision.paid_until
            continue
        early = pace.take(paid_until, now + decision.retry_after - 1, cost, max_wait)
        late = pace.take(paid_until, now + decision.retry_after, cost, max_wait)
        assert isinstance(early, Refused)
        assert isinstance(late, Granted)


@given(pace=PACES)
def test_a_whole_burst_passes_at_once_and_no_more(pace: Pace):
    decisions = taken(pace, [START] * (pace.burst + 5), [1] * (pace.burst + 5), 0)

    assert len(decisions) == pace.burst


@given(pace=PACES, calls=st.integers(1, 100))
def test_who_keeps_to_the_pace_is_never_refused(pace: Pace, calls: int):
    step = -(-pace.interval // MILLION)
    moments = [START + number * step for number in range(calls)]

    assert len(taken(pace, moments, [1] * calls, 0)) == calls


@given(pace=PACES, max_wait=st.integers(0, 5_000), calls=st.integers(1, 80))
def test_nobody_is_asked_to_wait_longer_than_said(pace: Pace, max_wait: int, calls: int):
    paid_until: int | None = None
    waits: list[int] = []
    for _ in range(calls):
        decision = pace.take(paid_until, START, 1, max_wait)
        if isinstance(decision, Granted):
            paid_until = decision.paid_until
            waits.append(decision.wait)
    assert max(waits) <= max_wait


def test_waiting_callers_are_served_one_after_the_other():
    pace = Pace(rate=10, burst=1)
    first = pace.take(None, START)
    assert isinstance(first, Granted)
    second = pace.take(first.paid_until, START, max_wait=1_000)
    assert isinstance(second, Granted)
    third = pace.take(second.paid_until, START, max_wait=1_000)
    assert isinstance(third, Granted)

    assert [first.wait, second.wait, third.wait] == [0, 100, 200]


def test_refused_calls_add_no_debt():
    pace = Pace(rate=1, burst=1)
    first = pace.take(None, START)
    assert isinstance(first, Granted)

    refusals = [pace.take(first.paid_until, START + late) for late in (0, 400, 999)]

    assert refusals == [Refused(retry_after=left) for left in (1_000, 600, 1)]


@pytest.mark.parametrize("rate", [3, 7, 0.3, 999])
def test_a_rate_that_does_not_divide_a_second_is_rounded_down(rate: float):
    interval = Pace(rate=rate, burst=1).interval

    assert interval * rate >= 10**9
    assert (interval - 1) * rate < 10**9


@pytest.mark.parametrize("cost", [0, -1, 6])
def test_more_than_a_burst_is_never_to_be_had(cost: int):
    with pytest.raises(ValueError, match="cost must be between 1 and the burst of 5"):
        Pace(rate=1, burst=5).take(None, START, cost)


@given(pace=PACES)
def test_after_the_refill_a_used_bucket_is_as_good_as_new(pace: Pace):
    paid_until = START * MILLION

    assert pace.bounds(START + pace.refill * 1_000 + 1).is_idle(paid_until)
