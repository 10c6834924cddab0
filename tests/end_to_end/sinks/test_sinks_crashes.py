"""Functions that die or hang in the middle of a delivery."""

from __future__ import annotations

import pytest

from tests.end_to_end.sinks.downstream import until
from tests.end_to_end.sinks.sinks import dead_letters_of, function_of


@pytest.mark.calm("counts attempts")
def test_what_a_killed_function_was_delivering_is_delivered_by_another(sinks, downstream, place):
    downstream.hold(f"{place}/2")
    sinks.send("Paced", place, 1, 2, 3)
    until(lambda: 2 in downstream.numbers(place), "the middle of the batch")

    assert sinks.stack.kill_worker(function_of("Paced"))
    downstream.release(f"{place}/2")

    until(lambda: downstream.numbers(place).count(2) == 2 and 3 in downstream.numbers(place))
    sinks.wait_until_empty("Paced")
    (first, again) = [each for each in downstream.at(place) if each.data["n"] == 2]
    assert (first.attempt, again.attempt) == (1, 2)
    assert (first.id, first.key) == (again.id, again.key)
    assert not any(sinks.counts(dead_letters_of("Paced")).values())


@pytest.mark.calm("counts deliveries")
def test_a_delivery_that_hangs_opens_the_circuit_and_what_was_done_before_it_is_done(
    sinks, downstream
):
    until(lambda: sinks.ask("Hanging")["circuit"]["state"] != "closed", "the opening")

    told = sinks.ask("Hanging")
    assert told["mapping"]["state"] == "Disabled"
    assert told["queue"]["visible"] + told["queue"]["inFlight"] == 2
    assert downstream.numbers("hanging") == [1, 2]
    assert sinks.lines(function_of("Hanging"), "delivery given up")
    assert sinks.metric("Hanging", "Unavailable") == 1
    downstream.release("hanging/2")
