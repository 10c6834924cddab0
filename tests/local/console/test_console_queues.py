"""Queues in the console: looked at, filled, paused, emptied, and dead letters on their way back."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.local.console.asked import Console


@pytest.fixture
def console(office):
    return Console.of(office)


def named(console, label):
    return next(row for row in console.panel("queues") if row["label"] == label)


def opened(page, office, row):
    page.open(f"{office.console_url}/#/queues/{quote(row['arn'], safe='')}")
    page.wait("document.querySelector('view-queues .drawer .facts')")


def test_a_message_is_sent_by_hand_and_looked_at_without_being_received(office, console, page):
    row = named(console, "Invoices/DeadLetters")
    opened(page, office, row)

    page.click(".drawer button", "Send…")
    page.wait("document.querySelector('form.send textarea')")
    page.run("document.querySelector('form.send textarea').value = '{\"invoice\": 4711}'")
    page.click("form.send button.primary")
    page.wait("document.querySelector('.entry')?.innerText.includes('4711')")

    url = console.item("queues", row["arn"])["url"]
    received = office.client("sqs").receive_message(QueueUrl=url, AttributeNames=["All"])
    assert received["Messages"][0]["Attributes"]["ApproximateReceiveCount"] == "1"
    console.act("queues", "purge", queue=row["arn"])


def test_dead_letters_call_for_somebody_and_go_back_when_they_are_told_to(office, console, page):
    row = named(console, "Ledger/Messages/DeadLetters")
    console.act("queues", "send", queue=row["arn"], body='{"total": 7071}')
    page.open(f"{office.console_url}/#/queues")
    page.see("1 dead letter")
    page.wait("document.querySelector('nav a[href=\"#/queues\"] .pill')?.innerText === '1'")

    opened(page, office, row)
    page.click(".drawer button", "Redrive…")
    page.click("dialog.ask button.primary")

    page.wait("document.querySelector('.move .badge')?.innerText === 'completed'")
    office.wait_for_log("Ledger/Delivery", "booked {'total': 7071}")


def test_who_reads_is_paused_and_goes_on_when_told(office, console, page):
    row = named(console, "Mails")
    opened(page, office, row)

    page.click(".drawer .facts button", "Pause")
    page.click(".drawer .facts button", "Resume")

    page.wait("document.querySelector('.drawer .facts .badge')?.innerText === 'enabled'")
    assert named(console, "Mails")["readers"][0]["state"] == "Enabled"


def test_a_queue_tells_who_reads_fills_and_fails_into_it(console):
    queue = console.item("queues", named(console, "Ledger/Messages")["arn"])
    dead = named(console, "Ledger/Messages/DeadLetters")

    assert [each["function"] for each in queue["row"]["readers"]] == ["Ledger/Delivery"]
    assert "Invoices/Durable" in queue["senders"]
    assert "Ledger/Controller" in queue["receivers"]
    assert queue["row"]["dead_letters"] == dead["arn"]
    assert dead["failures_of"] == ["Ledger/Messages"]


def test_one_message_is_deleted_and_the_others_stay(console):
    row = named(console, "Invoices/DeadLetters")
    first = console.act("queues", "send", queue=row["arn"], body="first")["id"]
    console.act("queues", "send", queue=row["arn"], body="second", delay=60)

    assert console.act("queues", "delete", queue=row["arn"], messages=[first]) == {"deleted": 1}

    left = console.item("queues", row["arn"])["messages"]
    assert [(each["body"], each["state"]) for each in left] == [("second", "delayed")]
    console.act("queues", "purge", queue=row["arn"])


@pytest.mark.parametrize(
    ("verb", "body", "problem"),
    [
        ("send", {}, "a message needs a body"),
        ("send", {"body": "x", "delay": 901}, "the delay must be 0 to 900 seconds, got 901"),
        ("redrive", {"rate": 0}, "the rate must be a whole number from 1 to 500, got 0"),
        ("redrive", {}, "must be configured as a Dead Letter Queue"),
        ("turn", {"mapping": "none"}, "the queue has no mapping 'none'"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(console, verb, body, problem):
    answer = console.act("queues", verb, queue=named(console, "Mails")["arn"], **body)

    assert problem in answer
