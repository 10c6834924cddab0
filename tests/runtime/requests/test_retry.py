"""When another attempt follows, and after how long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime import ActionFailed, Fatal, LeaseLost, Retry, Retryable
from cdk_streamer_runtime.contract import MAX_ATTEMPTS, MAX_DELAY_SECONDS
from cdk_streamer_runtime.requests.retry import CRASHES_ONLY

PARTS = st.floats(min_value=0, max_value=1, exclude_max=True)
ATTEMPTS = st.integers(1, MAX_ATTEMPTS)


def always(part: float) -> Callable[[], float]:
    return lambda: part


# --- whether --------------------------------------------------------------------------------------


def test_by_default_an_exception_is_tried_three_times_in_all():
    assert [Retry().allows(OSError(), attempt) for attempt in (1, 2, 3)] == [True, True, False]


def test_without_a_policy_an_exception_is_final():
    assert not CRASHES_ONLY.allows(OSError(), 1)


def test_without_a_policy_a_crash_is_tried_three_times_in_all():
    assert CRASHES_ONLY.max_attempts == 3


def test_only_exceptions_that_are_named_are_tried_again():
    retry = Retry(on=(OSError,))

    assert retry.allows(ConnectionError(), 1)
    assert not retry.allows(ValueError(), 1)


def test_never_wins_over_on():
    retry = Retry(on=(OSError,), never=(PermissionError,))

    assert retry.allows(OSError(), 1)
    assert not retry.allows(PermissionError(), 1)


def test_a_handler_may_ask_for_another_attempt_of_anything():
    assert Retry(on=()).allows(Retryable("not yet"), 1)


def test_never_wins_over_a_handler_that_asks():
    assert not Retry(never=(Retryable,)).allows(Retryable(), 1)


def test_a_handler_may_end_it():
    assert not Retry(on=(Fatal,)).allows(Fatal("no use"), 1)


def test_nothing_is_tried_more_often_than_the_policy_says():
    assert not Retry(max_attempts=2).allows(Retryable(), 2)


@pytest.mark.parametrize("failure", [ActionFailed("no"), LeaseLost()])
def test_what_was_decided_is_not_tried_again(failure: Exception):
    assert not Retry().allows(failure, 1)


def test_an_authors_own_kind_of_a_decision_is_tried_again_when_it_is_named():
    class Later(ActionFailed):
        pass

    assert Retry(on=(Later,)).allows(Later("soon"), 1)
    assert not Retry(on=(Exception,)).allows(Later("soon"), 1)


def test_what_is_no_exception_of_a_handler_is_not_tried_again():
    assert not Retry().allows(asyncio.CancelledError(), 1)


# --- when -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("attempt", "ceiling"), [(1, 2), (2, 4), (3, 8), (4, 10), (25, 10)])
def test_the_wait_doubles_up_to_its_most(attempt: int, ceiling: int):
    retry = Retry(delay=2, max_delay=10, max_attempts=25)

    assert retry.wait(OSError(), attempt, always(0.999999)) == ceiling * 1000 - 1
    assert retry.wait(OSError(), attempt, always(0)) == 0


@given(
    st.floats(min_value=0.001, max_value=MAX_DELAY_SECONDS),
    st.floats(min_value=0.001, max_value=MAX_DELAY_SECONDS),
    ATTEMPTS,
    PARTS,
)
def test_the_wait_is_a_random_part_of_its_most(one: float, other: float, attempt: int, part: float):
    retry = Retry(delay=min(one, other), max_delay=max(one, other))
    most = min(retry.max_delay, retry.delay * 2 ** (attempt - 1)) * 1000
    wait = retry.wait(OSError(), attempt, always(part))

    assert 0 <= wait <= most
    assert wait == pytest.approx(part * most, abs=1)


def test_a_handler_that_names_its_own_wait_is_obeyed():
    assert Retry().wait(Retryable(after=12.5), 1, always(0.5)) == 12_500
    assert Retry().wait(Retryable(after=0), 1, always(0.5)) == 0


def test_a_handler_that_names_none_waits_as_the_policy_says():
    assert Retry(delay=2).wait(Retryable(), 1, always(0.5)) == 1_000


@pytest.mark.parametrize("after", [901, 10**9, float("inf")])
def test_no_wait_is_longer_than_a_queue_can_delay(after: float):
    assert Retry().wait(Retryable(after=after), 1, always(0)) == MAX_DELAY_SECONDS * 1000


@pytest.mark.parametrize("after", [-1, float("-inf"), float("nan")])
def test_a_wait_that_makes_no_sense_is_none(after: float):
    assert Retry().wait(Retryable(after=after), 1, always(0.5)) == 0


# --- what could never work ------------------------------------------------------------------------


@pytest.mark.parametrize("attempts", [0, -1, MAX_ATTEMPTS + 1])
def test_attempts_have_bounds(attempts: int):
    with pytest.raises(ValueError, match=f"got {attempts}"):
        Retry(max_attempts=attempts)


@pytest.mark.parametrize(
    ("delay", "max_delay"),
    [(0, 60), (-1, 60), (61, 60), (1, 901), (float("nan"), 60), (1, float("nan"))],
)
def test_delays_have_bounds(delay: float, max_delay: float):
    with pytest.raises(ValueError, match="delay"):
        Retry(delay=delay, max_delay=max_delay)


@pytest.mark.parametrize("attempts", [1, MAX_ATTEMPTS])
def test_the_bounds_themselves_are_allowed(attempts: int):
    assert Retry(max_attempts=attempts, delay=900, max_delay=900).max_attempts == attempts
