"""The end of the outages that were begun first: the last messages have been hidden for a minute."""

from __future__ import annotations

from tests.end_to_end.running import once
from tests.end_to_end.sinks.downstream import OK, until
from tests.end_to_end.sinks.sinks import dead_letters_of


def test_after_the_outages_all_is_delivered_and_nothing_is_a_dead_letter(sinks, downstream):
    downstream.answer("away", OK)
    downstream.release("hanging/2")

    until(lambda: set(downstream.numbers("hanging")) == {1, 2, 3}, "the end of the hanging")
    until(lambda: 1 in downstream.numbers("away")[1:], "the end of the outage")
    for sink in ("Ledger", "Hanging"):
        sinks.wait_until_empty(sink)
        assert not any(sinks.counts(dead_letters_of(sink)).values())
        assert not sinks.lines(f"{sink}/Controller", '"level": "ERROR"')
        assert sinks.ask(sink)["circuit"]["state"] == "closed"
    assert once(downstream.numbers("hanging")).count(1) == 1
