"""The controller may die between any two calls, and any call may get lost: it all ends well."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from functools import partial

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.contract.sinks import SinkMetric
from tests.runtime.observed_aws import Killed
from tests.runtime.sinks.control_world import INVOCATION, MINUTE, SECOND, ControlWorld

WELL_AGAIN = 100 * SECOND
SENT = ("a", "b", "c", "d")
FAULTS = ("kill_before", "lose_before", "lose_after", "late")


def begun(**faults: set[int]) -> ControlWorld:
    """Give a world whose downstream fails at first; calls of these numbers are disturbed."""
    world = ControlWorld()
    world.sink.takes = 3 * SECOND
    for kind, numbers in faults.items():
        getattr(world.aws, kind).update(numbers)
    ends = world.now + WELL_AGAIN
    world.sink.verdict = lambda _body: "failed" if world.now < ends else "passed"
    world.send(*SENT)
    return world


def outage(world: ControlWorld, milliseconds: int) -> None:
    """Let a sink's processes fail until it is known, one after the other; then time passes."""
    for _ in range(12):
        with suppress(Killed):
            circuit = world.circuit()
            while world.standing.is_closed:
                circuit.failed(world.now)
            circuit.closed_off(world.now)
    world.run(milliseconds)


def judge(world: ControlWorld) -> None:
    """Say what has to be so in the end."""
    assert (world.state, world.mapping) == ("closed", "Enabled")
    assert (world.standing.paused, world.standing.trial) == (False, "")
    assert [key for key in world.held() if "#" not in key] == []
    assert world.memory.messages(world.dead) == []
    # Delivered ones may be there again, if their deletion got lost; none is missing.
    assert {*world.sink.delivered, *world.left()} == {*SENT}
    ends = [end for _, end in world.sink.trials]
    assert all(begin >= end for end, (begin, _) in zip(ends, world.sink.trials[1:], strict=False))
    # What was hidden by a call that came late is seen again when its time is over.
    world.platform.advance(25 * MINUTE)
    found = world.receive()
    assert {each["Body"] for each in found} == {*world.left()}
    assert all(int(each["Attributes"]["ApproximateReceiveCount"]) <= 4 for each in found)


def undisturbed() -> ControlWorld:
    world = begun()
    outage(world, 20 * MINUTE)
    return world


CALLS = len(undisturbed().aws.calls)


def test_without_trouble_each_step_is_done_once():
    world = undisturbed()
    judge(world)
    assert world.sink.tried == ["a", "b", "c"]
    counts = Counter(world.aws.calls)
    assert (counts["PUT"], counts["DeleteMessage"], counts["ReceiveMessage"]) == (2, 1, 3)
    # Twelve tell that it opened; for each trial there is a wakeup, and one if it is lost.
    assert counts["SendMessage"] == 12 + 3 + 3
    assert world.metrics.counts[SinkMetric.PROBES] == 3


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_any_call_is_made_up_for_within_minutes(fault):
    for number in range(CALLS):
        world = begun(**{fault: {number}})
        # Without it the last trial is at 210 seconds. A lost one costs 90, and the schedule comes
        # every 300.
        outage(world, 10 * MINUTE)
        judge(world)


def another_controller(world: ControlWorld) -> None:
    world.controller().handle({"command": "reconcile"}, INVOCATION)


def an_operator(world: ControlWorld) -> None:
    for command in ("pause", "resume"):
        world.controller().handle({"command": command}, INVOCATION)


def a_deployment(world: ControlWorld) -> None:
    world.mapping = "Enabled" if world.mapping == "Disabled" else "Disabled"
    another_controller(world)


def a_worker(world: ControlWorld) -> None:
    world.circuit().failed(world.now)
    world.circuit().succeeded()


@pytest.mark.parametrize("other", [another_controller, an_operator, a_deployment, a_worker])
def test_whoever_comes_between_two_calls_disturbs_nobody(other):
    for number in range(0, CALLS, 2):
        world = begun()
        world.aws.meets[number] = partial(other, world)
        outage(world, 15 * MINUTE)
        judge(world)


@settings(max_examples=30, deadline=None)
@given(
    st.fixed_dictionaries(
        {kind: st.sets(st.integers(0, CALLS + 20), max_size=4) for kind in FAULTS}
    )
)
def test_several_faults_are_made_up_for_too(faults):
    world = begun(**faults)
    outage(world, 20 * MINUTE)
    judge(world)
