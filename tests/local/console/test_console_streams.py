"""Streams in the console: an event by hand, what its rule makes of it, and faults that wait."""

from __future__ import annotations

import json
import time
from urllib.parse import quote

import pytest

from tests.local.console.asked import Console

PATIENCE = 60


@pytest.fixture
def console(office):
    return Console.of(office)


@pytest.fixture
def post(console):
    """Give the processor's id."""
    return next(row["id"] for row in console.panel("streams") if row["name"] == "Office/Post")


def mail(id, **members):
    return {"id": id, "type": "mail-sent", "timestamp": int(time.time() * 1000), **members}


def faults(console, post, count):
    """Wait until so many faults wait, and give them."""
    end = time.monotonic() + PATIENCE
    while len(found := console.item("streams", post)["faults"]) != count:
        assert time.monotonic() < end, found
        time.sleep(0.2)
    return found


def put(console, post, event):
    return console.act("streams", "put", stream=post, source=0, body=json.dumps(event))


def test_an_event_that_is_put_by_hand_is_counted_by_its_rule(office, console, post, page):
    page.open(f"{office.console_url}/#/streams")
    page.click(".stream button", "Put an event…")
    page.wait("document.querySelector('form.send textarea')")
    event = json.dumps(json.dumps(mail("by-hand", to="ada", words="hello")))
    page.run(f"document.querySelector('form.send textarea').value = {event}")
    page.click("form.send button.primary")

    page.wait("Number(document.querySelector('.rules td.end')?.innerText) >= 1")
    assert console.item("streams", post)["faults"] == []


def test_a_processor_tells_its_source_and_its_rules(console, post):
    row = console.item("streams", post)["row"]

    assert [(each["kind"], each["label"]) for each in row["sources"]] == [("queue", "Mails")]
    assert [(each["id"], each["flavor"], each["takes"]) for each in row["rules"]] == [
        ("mailbox", "materialize", "mail-sent")
    ]
    assert [each["mapping"]["state"] for each in row["mappings"]] == ["Enabled"]


def test_a_fault_is_seen_with_its_record_tried_dry_and_discarded(office, console, post, page):
    put(console, post, mail("lost", words="nobody gets this"))
    (fault,) = faults(console, post, 1)
    page.open(f"{office.console_url}/#/streams/{quote(post, safe='')}")
    page.wait("document.querySelector('.drawer .entry')?.innerText.includes('KeyError')")
    page.wait("document.querySelector('nav a[href=\"#/streams\"] .pill')?.innerText === '1'")

    page.click(".drawer .more input")
    page.click(".drawer button", "Try dry")
    page.see("1 planned")
    page.click(".drawer button", "Discard…")
    page.click("dialog.ask button.danger")
    page.see("A record that a rule cannot do comes here")

    assert (fault["error"], fault["pipelines"]) == ("KeyError", ["mailbox"])
    assert fault["traceback"][-1] == "handlers/post.py:9 in to_item"
    assert json.loads(fault["record"]["body"])["words"] == "nobody gets this"


def test_what_is_resubmitted_and_fails_again_is_a_fault_again(console, post):
    put(console, post, mail("again", words="nobody gets this"))
    (fault,) = faults(console, post, 1)

    told = console.act("streams", "resubmit", stream=post, messages=[fault["message"]])
    (again,) = faults(console, post, 1)
    console.act("streams", "discard", stream=post, messages=[again["message"]])

    assert sum(told["counts"].values()) == 1
    assert again["error"] == "KeyError"


def test_an_event_that_is_no_json_is_refused(console, post):
    assert "the event must be JSON" in console.act(
        "streams", "put", stream=post, source=0, body="{"
    )
