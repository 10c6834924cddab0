"""Sinks in the console: an outage, an operator, and what was rejected for good."""

from __future__ import annotations

import json
import time
from urllib.parse import quote

import pytest

from tests.local.console.asked import Console

PATIENCE = 60
LEDGER = "Office/Office/Ledger"


@pytest.fixture
def console(office):
    return Console.of(office)


@pytest.fixture
def sinks(office, page):
    page.open(f"{office.console_url}/#/sinks")
    page.wait("document.querySelector('.sink')")
    return page


def ledger(console):
    return next(row for row in console.panel("sinks") if row["id"] == LEDGER)


def send(office, *messages):
    for message in messages:
        office.client("sqs").send_message(
            QueueUrl=office.outputs["LedgerUrl"], MessageBody=json.dumps(message)
        )


def eventually(console, is_so):
    """Wait until that is so of the sink; gives how it is then."""
    end = time.monotonic() + PATIENCE
    while not is_so(row := ledger(console)):
        assert time.monotonic() < end, row
        time.sleep(0.2)
    return row


@pytest.fixture
def well(console):
    """Leave the sink as it was found: without messages that fail, and closed."""
    yield
    console.act("queues", "purge", queue=ledger(console)["queue"]["arn"])
    console.act("sinks", "resume", sink=LEDGER)
    eventually(console, lambda row: row["status"]["circuit"] == "closed")


def test_deliveries_are_counted_by_second(office, console):
    send(office, {"total": 1}, {"total": 2})

    row = eventually(console, lambda row: sum(count for _, count in row["delivered"]) >= 2)

    assert (row["rate"], row["concurrency"], row["status"]["polling"]) == (20.0, 2, "Enabled")


@pytest.mark.usefixtures("well")
def test_an_outage_opens_the_circuit_which_is_tried_and_refuses_dead_letters(
    office, console, sinks
):
    send(office, *({"answer": "away"} for _ in range(8)))

    sinks.wait("document.querySelector('.sink.bad .badge')")
    sinks.wait("document.querySelector('.sink .chart .span.bad')")
    refused = console.act("sinks", "redrive", sink=LEDGER)
    sinks.see("row; is tried")  # again, so it was tried once

    assert refused.startswith("nothing goes back: the circuit is not closed")


@pytest.mark.usefixtures("well")
def test_an_operator_pauses_a_sink_and_lets_it_go_on(console, sinks):
    sinks.click(".sink button", "Pause")
    sinks.see("by an operator")
    held = ledger(console)["status"]["held"]
    sinks.click(".sink button", "Resume")
    sinks.wait("!document.querySelector('.sink').innerText.includes('by an operator')")

    assert held


def test_what_was_rejected_is_seen_with_its_reason_and_sent_again_or_deleted(office, console, page):
    send(office, {"answer": "never", "total": 8081})
    page.open(f"{office.console_url}/#/sinks/{quote(LEDGER, safe='')}")
    page.wait("document.querySelector('.drawer .entry')?.innerText.includes('no such account')")
    (first,) = console.item("sinks", LEDGER)["rejections"]

    sent = console.act("sinks", "resubmit", sink=LEDGER, messages=[first["message"]])
    again = eventually(console, lambda row: row["rejected"]["waiting"] == 1)
    other = (
        f"document.querySelector('.drawer .entry[data-key]:not([data-key=\"{first['message']}\"])')"
    )
    page.wait(other)
    page.click(".drawer .more input")
    page.click(".drawer button", "Delete…")
    page.click("dialog.ask button.danger")
    page.see("What a function raises")

    assert sent == {"sent": 1, "of": 1}
    assert again["rejected"]["waiting"] == 1


def test_a_pace_that_cannot_be_is_refused_by_the_controller(console):
    refused = console.act("sinks", "redrive", sink=LEDGER, rate=0)

    assert "perSecond must be a whole number from 1 to 500, got 0" in refused
