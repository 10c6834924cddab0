"""Durable invocations that are killed before or after any call: every request ends all the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime import Progress, RequestContext, Retry
from cdk_streamer_runtime.contract import State
from cdk_streamer_runtime.requests.transitions import TERMINAL
from tests.runtime.durable.lives import DAY, HOUR, Life
from tests.runtime.observed_aws import Killed

PUSHED = {"progress", "input_required", "retrying", "complete", "error", "cancelled"}


def travels(life: Life, progress: Progress, context: RequestContext) -> Any:
    progress.report(10)
    context.step("book", life.do("book"))
    context.sleep(3_600)
    progress.report(50)
    answer = progress.ask(bool, timeout=5 * 86_400)
    context.step("go", life.do("go"))
    return answer


def fails_once(life: Life, progress: Progress, context: RequestContext) -> Any:
    context.step("try", life.do(f"try {context.attempt}"))
    if context.attempt == 1:
        raise OSError
    return True


def is_cancelled(life: Life, progress: Progress, context: RequestContext) -> Any:
    progress.report(10)
    context.sleep(86_400)


LIVES: dict[str, tuple[Any, Any, set[State]]] = {
    "travels": (travels, {"value": True}, {State.SUCCEEDED}),
    "fails once": (fails_once, None, {State.SUCCEEDED}),
    "is cancelled": (is_cancelled, "cancel", {State.CANCELLED}),
}


def lived(name: str, before: set[int], after: set[int]) -> Life:
    """Live through a life whose calls, counted from its acceptance, are killed."""
    body, then, _ends = LIVES[name]
    life = Life(body, retry=Retry(max_attempts=3, delay=5)).submit()
    calls = len(life.api.observed.calls)
    life.api.observed.kill_before = {calls + number for number in before}
    life.api.observed.kill_after = {calls + number for number in after}
    for _ in range(10):
        life.wait(6 * HOUR)
        says(life, then)
    life.wait(20 * DAY)
    return life


def says(life: Life, then: Any) -> None:
    """Let the client say what it has to say, until it is heard."""
    try:
        if then == "cancel":
            life.ask("cancel")
        elif then:
            life.ask("input", **then)
    except (Killed, IndexError):
        pass  # it hears nothing, and asks again later


def check_end(life: Life, ends: set[State]) -> None:
    assert life.request.state in ends
    assert life.api.aws.messages("work") == []
    assert life.api.aws.messages("watch") == []
    assert {each["Status"] for each in life.executions} <= {"SUCCEEDED", "STOPPED", "FAILED"}
    pushed = [message for message in life.messages if message["type"] in PUSHED]
    numbers = [message["seq"] for message in pushed]
    assert numbers == sorted(set(numbers))


def calm_calls(name: str) -> int:
    return len(lived(name, set(), set()).api.observed.calls)


CALLS = {name: min(calm_calls(name), 60) for name in LIVES}
KILLS = [(name, number) for name, calls in CALLS.items() for number in range(calls)]


@pytest.mark.parametrize(("name", "number"), KILLS)
def test_what_is_killed_before_a_call_ends_all_the_same(name: str, number: int):
    check_end(lived(name, {number}, set()), LIVES[name][2])


@pytest.mark.parametrize(("name", "number"), KILLS)
def test_what_is_killed_after_a_call_ends_all_the_same(name: str, number: int):
    check_end(lived(name, set(), {number}), LIVES[name][2])


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(sorted(LIVES)),
    before=st.sets(st.integers(0, 80), max_size=8),
    after=st.sets(st.integers(0, 80), max_size=8),
)
def test_however_often_invocations_are_killed_the_request_ends(
    name: str, before: set[int], after: set[int]
):
    check_end(lived(name, before, after), set(TERMINAL))
