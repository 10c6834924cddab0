"""The token bucket, against what it is for: a rate in the long run, a burst in the short."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_local.gateway.throttle import TokenBucket

pauses = st.lists(st.floats(0, 3), min_size=1, max_size=25)
rates = st.floats(0.1, 50)
bursts = st.integers(1, 20)


def taken(rate: float, burst: float, moments: list[float]) -> list[float]:
    bucket = TokenBucket(rate=rate, burst=burst, now=0)
    return [moment for moment in moments if bucket.take(moment)]


@settings(max_examples=40)
@given(rate=rates, burst=bursts, pauses=pauses)
def test_no_stretch_of_time_has_more_than_the_burst_and_the_rate(
    rate: float, burst: int, pauses: list[float]
):
    moments = taken(rate, burst, list(accumulate(pauses)))
    stretches = [
        (later - index, moments[later] - moments[index])
        for index in range(len(moments))
        for later in range(index, len(moments))
    ]

    assert all(count + 1 <= burst + rate * length + 1e-6 for count, length in stretches)


@settings(max_examples=40)
@given(rate=rates, burst=bursts, pauses=pauses)
def test_who_is_refused_would_have_been_one_too_many(rate: float, burst: int, pauses: list[float]):
    bucket, level, last = TokenBucket(rate=rate, burst=burst, now=0), float(burst), 0.0
    for moment in accumulate(pauses):
        level = min(burst, level + (moment - last) * rate)
        last = moment
        let_through = bucket.take(moment)
        assert let_through == (level >= 1)
        level -= let_through


@settings(max_examples=30)
@given(rate=rates, burst=bursts)
def test_after_a_pause_there_is_a_whole_burst_and_no_more(rate: float, burst: int):
    bucket = TokenBucket(rate=rate, burst=burst, now=0)
    while bucket.take(0):
        pass
    later = burst / rate * 2

    assert [bucket.take(later) for _ in range(burst + 1)] == [True] * burst + [False]


def test_a_clock_that_goes_back_gives_and_takes_nothing():
    bucket = TokenBucket(rate=1, burst=1, now=100)

    assert bucket.take(100)
    assert not bucket.take(50)
    assert not bucket.take(100.5)
    assert bucket.take(101)


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0), (1, 0.5)])
def test_a_bucket_that_lets_nothing_through_is_refused(rate: float, burst: float):
    with pytest.raises(ValueError, match="a rate above 0 and a burst of at least 1"):
        TokenBucket(rate=rate, burst=burst, now=0)
