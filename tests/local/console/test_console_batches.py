"""Batches in the console: started, followed chunk by chunk, stopped."""

from __future__ import annotations

import time
import uuid

import pytest

from tests.local.console.asked import Console

BATCH = "Office/Invoices"
PATIENCE = 60


@pytest.fixture
def console(office):
    return Console.of(office)


@pytest.fixture
def batch_id():
    return f"run-{uuid.uuid4().hex[:8]}"


def run_of(console, name):
    runs = console.panel("batches")["runs"]
    return next((run for run in runs if run["name"] == name), None)


def wait_for(console, name, wanted):
    end = time.monotonic() + PATIENCE
    while not ((found := run_of(console, name)) and wanted(found)):
        assert time.monotonic() < end, found
        time.sleep(0.2)
    return found


def test_a_batch_is_started_in_the_page_and_followed_to_its_end(office, page, batch_id):
    page.open(f"{office.console_url}/#/batches")
    page.click(".batch button", "Start…")
    page.wait("document.querySelector('.drawer [name=id]')")
    page.run("document.querySelector('.drawer [name=id]').focus()")
    page.write(batch_id)
    page.run("document.querySelector('.drawer [name=payload]').value = '{\"invoices\": 12}'")

    page.click(".drawer button.primary")
    page.click("tbody tr", batch_id)

    page.wait("document.querySelector('.drawer header .badge.good')", 60)
    page.see("12 of 12 items published")
    assert page.run("document.querySelectorAll('.cell.succeeded').length") == 3


def test_an_execution_in_full_has_its_chunks_with_their_steps(console, batch_id):
    console.act("batches", "start", batch=BATCH, id=batch_id, payload={"invoices": 7})
    run = wait_for(console, batch_id, lambda run: run["state"] == "succeeded")

    detail = console.item("batches", run["arn"])

    assert [chunk["published"] for chunk in detail["chunks"]] == [5, 2]
    assert [step["name"] for step in detail["chunks"][0]["steps"]] == ["chunk-1"]
    assert detail["input"]["payload"] == {"invoices": 7}
    assert detail["result"]["published"] == run["progress"]["published"] == 7


def test_an_id_that_was_used_with_another_payload_is_refused(console, batch_id):
    console.act("batches", "start", batch=BATCH, id=batch_id, payload={"invoices": 1})

    told = console.act("batches", "start", batch=BATCH, id=batch_id, payload={"invoices": 2})

    assert "was started with another payload" in told


def test_an_id_that_can_be_none_is_refused_in_words(console):
    told = console.act("batches", "start", batch=BATCH, id="no spaces", payload=None)

    assert told.startswith("batch_id must be 1 to 64 letters")


def test_an_execution_that_goes_on_is_stopped(console, batch_id):
    console.act("batches", "start", batch=BATCH, id=batch_id, payload={"invoices": 1_200})
    run = wait_for(console, batch_id, lambda run: run["state"] == "running")

    console.act("batches", "stop", arn=run["arn"])

    assert wait_for(console, batch_id, lambda run: run["state"] != "running")["state"] == "stopped"


def test_the_batch_tells_how_it_is_set(console):
    (batch,) = console.panel("batches")["batches"]

    assert (batch["name"], batch["chunk_size"]) == (BATCH, 5)
    assert batch["target"] == "queue Ledger/Messages/Queue"
