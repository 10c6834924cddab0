"""What becomes of a message, and when it comes again: whatever was raised."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.errors import (
    CircuitOpen,
    DownstreamUnavailable,
    Fatal,
    Permanent,
    Retryable,
)
from cdk_streamer_runtime.sinks.deadline import Deadline
from cdk_streamer_runtime.sinks.outcome import (
    LONGEST,
    MOST_HIDDEN,
    OUTAGE,
    SHORTEST,
    SPREAD,
    UNWELL,
    Ending,
    backoff,
    ending_of,
    pause_after,
    reopening,
)

uniform = st.floats(0, 1, exclude_max=True)
attempts = st.integers(1, 1_000)


class ClientError(Exception):
    """A client's own."""


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (RuntimeError(), Ending.FAILED),
        (Retryable(), Ending.FAILED),
        (CircuitOpen(), Ending.FAILED),
        (OSError(), Ending.FAILED),
        (Permanent(), Ending.REJECTED),
        (Fatal(), Ending.REJECTED),
        (DownstreamUnavailable(), Ending.UNAVAILABLE),
        (ConnectionResetError(), Ending.UNAVAILABLE),
        (TimeoutError(), Ending.UNAVAILABLE),
        (ClientError(), Ending.UNAVAILABLE),
    ],
)
def test_an_error_tells_whose_fault_it_is(error, ending):
    assert ending_of(error, [ClientError]) is ending


@given(attempt=attempts, uniform=uniform, first=st.sampled_from([SHORTEST, UNWELL, OUTAGE]))
def test_a_pause_is_no_shorter_than_the_first_and_no_longer_than_a_quarter_of_an_hour(
    attempt, uniform, first
):
    assert first <= backoff(attempt, uniform, first) <= LONGEST


@given(attempt=attempts, uniform=uniform)
def test_pauses_grow_with_the_attempts(attempt, uniform):
    assert backoff(attempt, uniform) <= backoff(attempt + 1, uniform)


def test_the_receives_of_a_message_outlast_a_table_that_is_away_for_half_an_hour():
    assert sum(backoff(attempt, 0.5, OUTAGE) for attempt in range(1, 10)) >= 1_800_000


@given(
    after=st.one_of(st.floats(), st.integers(), st.just("soon"), st.none()),
    attempt=attempts,
    uniform=uniform,
)
def test_whatever_an_author_wants_is_a_pause_that_a_queue_knows(after, attempt, uniform):
    pause = pause_after(Retryable(after=after), attempt, uniform)
    assert 0 <= pause <= MOST_HIDDEN


@given(after=st.floats(0, 39_000), uniform=uniform)
def test_what_an_author_wants_is_never_sooner(after, uniform):
    assert pause_after(DownstreamUnavailable(after=after), 1, uniform) >= after * 1000


@given(until=st.integers(0, 10**13), now=st.integers(0, 10**13), uniform=uniform)
def test_what_waits_for_a_circuit_comes_soon_after_it_is_tried(until, now, uniform):
    moment = reopening(until, now, uniform)
    assert max(until, now + SHORTEST) <= moment <= max(until, now + SHORTEST) + SPREAD


@given(timeout=st.integers(1_000, 900_000), needed=st.integers(0, 10**7))
def test_half_of_the_time_is_always_enough_to_begin(timeout, needed):
    deadline = Deadline(end=timeout, timeout=timeout)
    latest = deadline.latest(needed)
    assert timeout // 2 <= latest <= timeout
    # Whoever begins at the last moment is watched.
    assert latest <= deadline.end - deadline.farewell
