"""Durations of the client's side of the protocol."""

from __future__ import annotations

import pytest

from cdk_streamer_client import Timing


def test_a_duration_must_let_time_pass():
    with pytest.raises(ValueError, match="poll must be greater than 0, got 0"):
        Timing(poll=0)


def test_the_wait_doubles_up_to_its_most():
    waits = [Timing().backoff(failures, 1.0) for failures in range(1, 9)]
    assert waits == [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]


def test_the_wait_is_random_from_nothing_on():
    assert Timing().backoff(5, 0.0) == 0


def test_the_wait_after_very_many_failures_is_still_a_number():
    assert Timing().backoff(100_000, 1.0) == 30_000


@pytest.mark.parametrize(
    ("seconds", "milliseconds"), [(None, 240_000), (0, 240_000), (300, 300_000), (9_999, 480_000)]
)
def test_pings_are_four_to_eight_minutes_apart(seconds: float | None, milliseconds: int):
    assert Timing().heartbeat(seconds) == milliseconds


@pytest.mark.parametrize("uniform", [0.0, 0.5, 0.999])
def test_a_connection_is_replaced_minutes_before_its_platform_ends_it(uniform: float):
    assert 6_960_000 <= Timing().replacement(None, uniform) <= 7_080_000


@pytest.mark.parametrize(
    ("token_left", "age"),
    [(600_000, 480_000), (180_000, 90_000), (60_000, 30_000), (50_000, 7_020_000)],
)
def test_a_connection_is_replaced_before_its_token_ends_unless_it_is_too_young(
    token_left: int, age: int
):
    assert Timing().replacement(token_left, 0.5) == age
