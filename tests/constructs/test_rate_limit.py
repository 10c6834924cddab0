"""A rate says what it means, or that it means nothing."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from aws_cdk import CfnParameter, Token

from cdk_streamer import RateLimit
from tests.constructs.stacks import new_stack


@pytest.mark.parametrize(
    ("limit", "rate"),
    [
        (RateLimit.per_second(50), 50),
        (RateLimit.per_second(0.5), 0.5),
        (RateLimit.per_minute(90), 1.5),
        (RateLimit.per_hour(36), 0.01),
    ],
)
def test_a_rate_is_so_many_a_second(limit: RateLimit, rate: float):
    assert limit.rate == rate


def test_the_same_rate_is_the_same_limit():
    assert RateLimit.per_second(2) == RateLimit.per_minute(120) == RateLimit.per_hour(7_200)


def test_a_limit_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        RateLimit.per_second(2).rate = 3  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("count", [0, -1, -0.5, 10_001])
def test_a_rate_that_nothing_can_keep_is_refused(count: float):
    with pytest.raises(ValueError, match=f"at most 10,000 a second, got {count}; leave rate_limit"):
        RateLimit.per_second(count)


def test_a_rate_that_no_machine_can_count_is_refused():
    with pytest.raises(ValueError, match="must be a finite number"):
        RateLimit.per_hour(10**400)


@pytest.mark.parametrize("count", [float("nan"), float("inf")])
def test_a_rate_without_an_end_is_refused(count: float):
    with pytest.raises(ValueError, match=r"must be a finite number, got (nan|inf); leave"):
        RateLimit.per_minute(count)


@pytest.mark.parametrize("count", ["50", None, True])
def test_what_is_no_number_is_refused(count: Any):
    with pytest.raises(ValueError, match=r"must be a number, got .*RateLimit.per_second"):
        RateLimit.per_hour(count)


def test_a_rate_that_is_known_at_deployment_alone_is_refused():
    parameter = CfnParameter(new_stack(), "Rate", type="Number")
    count: Any = Token.as_number(parameter.value_as_number)
    with pytest.raises(ValueError, match="must be known when the app is synthesized"):
        RateLimit.per_second(count)
