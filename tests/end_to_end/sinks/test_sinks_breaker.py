"""An outage from its beginning to its end, and what operators may do meanwhile."""

from __future__ import annotations

import pytest

from tests.end_to_end.sinks.downstream import OK, until


def test_a_downstream_that_is_away_has_polling_stopped(opened, downstream):
    told = opened.ask("Ledger")

    assert told["circuit"]["paused"]
    assert told["circuit"]["state"] in {"open", "half_open"}
    assert opened.metric("Ledger", "CircuitOpened") >= 1


def test_nothing_goes_back_while_the_circuit_is_open(opened, operator):
    status, (answer,) = operator("redrive", "Ledger")

    assert (status, answer["started"]) == (1, False)
    assert "circuit" in answer["reason"]


def test_while_it_is_away_one_message_at_a_time_tries_whether_it_is_back(opened, downstream):
    before = len(downstream.at("away"))
    opened.send("Ledger", "away", 2, 3, 4, keys=True)

    until(lambda: len(downstream.at("away")) >= before + 2, "two probes")

    assert downstream.busiest["away"] == 1
    assert opened.ask("Ledger")["mapping"]["state"] == "Disabled"


@pytest.fixture
def back(opened, downstream):
    """Give the sinks with the downstream back."""
    downstream.answer("away", OK)
    return opened


def test_when_it_is_back_polling_goes_on_and_what_waited_is_delivered(back, downstream):
    until(lambda: back.ask("Ledger")["mapping"]["state"] == "Enabled", "the end of the pause")

    until(lambda: {2, 3, 4} <= set(downstream.numbers("away")), "what had waited")
    assert back.ask("Ledger")["circuit"]["state"] == "closed"
