"""What a user says of a sink in values: checked when they are made."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import CfnParameter, Duration

from cdk_streamer import CircuitBreaker, Idempotency, Redrive
from tests.constructs.stacks import new_stack


def test_a_breaker_has_defaults():
    breaker = CircuitBreaker()
    assert (breaker.failures, breaker.share_percent, breaker.window_seconds) == (5, 50, 30)
    assert (breaker.pause_seconds, breaker.longest_pause_seconds) == (30, 600)


def test_a_breaker_says_what_it_was_told():
    breaker = CircuitBreaker(
        failures=3,
        share_percent=10,
        window=Duration.minutes(5),
        pause=Duration.seconds(10),
        longest_pause=Duration.hours(1),
    )
    assert (breaker.failures, breaker.share_percent, breaker.window_seconds) == (3, 10, 300)
    assert (breaker.pause_seconds, breaker.longest_pause_seconds) == (10, 3_600)


def test_a_first_pause_may_be_longer_than_the_longest_by_default():
    assert CircuitBreaker(pause=Duration.hours(1)).longest_pause_seconds == 3_600


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"failures": 0}, "failures of circuit_breaker must be 1 to 1000, got 0; leave it out"),
        ({"failures": 1.5}, "failures of circuit_breaker must be a whole number, got 1.5"),
        ({"share_percent": 0}, "share_percent of circuit_breaker must be 1 to 100, got 0"),
        ({"share_percent": 101}, "share_percent of circuit_breaker must be 1 to 100"),
        ({"window": Duration.hours(2)}, "window of circuit_breaker must be 1 to 3600"),
        ({"window": 60}, "window of circuit_breaker must be a Duration, got 60"),
        ({"pause": Duration.seconds(1)}, "pause of circuit_breaker must be 5 to 43200"),
        ({"pause": Duration.hours(13)}, "pause of circuit_breaker must be 5 to 43200"),
        (
            {"pause": Duration.minutes(2), "longest_pause": Duration.minutes(1)},
            "at least its pause of 120 seconds, got 60; make it longer",
        ),
    ],
)
def test_a_breaker_that_cannot_be_is_refused(settings: dict[str, Any], remedy: str):
    with pytest.raises(ValueError, match=remedy):
        CircuitBreaker(**settings)


def test_a_redrive_says_how_many_a_second():
    assert Redrive.per_second(50).messages_per_second == 50
    assert Redrive().messages_per_second == 10


@pytest.mark.parametrize("count", [0, 501, True])
def test_a_redrive_that_sqs_would_refuse_is_refused(count: int):
    with pytest.raises(ValueError, match="leave redrive out for 10"):
        Redrive.per_second(count)


def test_deliveries_are_remembered_for_a_day_unless_told_otherwise():
    assert Idempotency().remember_seconds == 86_400
    assert Idempotency(remember=Duration.days(30)).remember_seconds == 30 * 86_400


@pytest.mark.parametrize("remember", [Duration.minutes(1), Duration.days(366)])
def test_what_cannot_be_remembered_is_refused(remember: Duration):
    with pytest.raises(ValueError, match="remember of idempotency must be 300 to 31536000"):
        Idempotency(remember=remember)


def test_a_duration_that_is_known_at_deployment_alone_is_refused():
    parameter = CfnParameter(new_stack(), "Remember", type="Number")
    token = Duration.seconds(parameter.value_as_number)
    with pytest.raises(ValueError, match="must be known when the app is synthesized"):
        Idempotency(remember=token)
