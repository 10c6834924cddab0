"""Timers in the console: made, found, fired by hand, paused, changed and deleted."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.local.console.asked import Console

SERVICE = "Office/Timer"
HOUR = {"every": 3_600}


@pytest.fixture
def console(office):
    return Console.of(office)


@pytest.fixture
def made(console):
    """Give the id of a timer that fires each hour."""
    id = f"hourly-{uuid.uuid4().hex[:8]}"
    document = {"schedule": HOUR, "data": {"feed": id}, "owner": "acme"}
    assert console.act("timers", "put", service=SERVICE, id=id, document=document) == {"id": id}
    return id


def overwrite(page, name, text):
    page.run(f"document.querySelector('[name={name}]').select()")
    page.write(text)


def found(console, id, **query):
    rows = console.item("timers", "*", words=id, **query)["rows"]
    return [row["id"] for row in rows]


def test_a_timer_that_is_made_in_the_page_fires_its_callback_by_hand(office, page):
    id = f"news-{uuid.uuid4().hex[:8]}"
    page.open(f"{office.console_url}/#/timers")
    page.click("h1 button", "New timer")
    page.wait("document.activeElement.name === 'id'")
    page.write(id)
    overwrite(page, "every", "7h")
    page.see("every 7 hours")

    page.click(".timer-form button.primary")
    page.wait("document.querySelector('.drawer .facts')")
    page.click(".drawer button", "Fire now")

    page.see("fires now")
    office.wait_for_log("Timer/Callback", "fired {}")
    page.open(f"{office.console_url}/#/timers")
    page.wait(f"document.querySelector('tbody')?.innerText.includes({json.dumps(id)})")


def test_what_can_be_no_timer_is_told_at_its_place_as_one_types(office, page):
    page.open(f"{office.console_url}/#/timers")
    page.wait("!document.querySelector('.timer-form')")  # of the test before
    page.click("h1 button", "New timer")
    page.wait("document.querySelector('[name=every]')")
    page.run("document.querySelector('[value=cron]').click()")
    page.wait("document.querySelector('[name=cron]')")

    overwrite(page, "cron", "75 9 * * *")

    page.see("minute must be 0 to 59, got '75'")
    page.wait("document.querySelector('.timer-form button.primary').disabled")
    page.press("Escape")
    page.wait("!document.querySelector('.timer-form')")


def test_a_timer_is_found_by_id_owner_and_state(console, made):
    assert found(console, made) == [made]
    assert found(console, made, owner="acme", state="ACTIVE") == [made]
    assert found(console, made, state="PAUSED") == []


def test_a_paused_timer_has_no_next_firing_until_it_is_resumed(console, made):
    id = f"{SERVICE}/{made}"

    console.act("timers", "pause", id=id)
    paused = console.item("timers", id)["document"]
    console.act("timers", "resume", id=id)
    resumed = console.item("timers", id)["document"]

    assert (paused["state"], paused["next_fire_at"]) == ("PAUSED", None)
    assert resumed["state"] == "ACTIVE"
    assert resumed["next_fire_at"]


def test_a_timer_in_full_has_its_next_ten_firings_and_its_place(console, made):
    detail = console.item("timers", f"{SERVICE}/{made}")

    moments = [each["fire_at"] for each in detail["upcoming"]]
    assert len(moments) == len(set(moments)) == 10
    assert detail["document"]["data"] == {"feed": made}
    assert detail["place"].startswith("class i3600")


def test_a_change_of_what_somebody_else_has_changed_is_refused(console, made):
    id = f"{SERVICE}/{made}"
    rev = console.item("timers", id)["rev"]
    console.act("timers", "pause", id=id)

    document = {"schedule": {"every": 60}, "data": None}
    told = console.act(
        "timers", "put", service=SERVICE, id=made, document=document, etag=f'"{rev}"'
    )

    assert "If-Match" in told
    assert console.item("timers", id)["document"]["schedule"]["every"] == 3_600


def test_a_deleted_timer_is_gone_at_once(console, made):
    console.act("timers", "delete", id=f"{SERVICE}/{made}")

    assert found(console, made) == []


def test_the_service_is_told_in_figures(console, made):
    (service,) = console.panel("timers")["services"]

    assert service["name"] == SERVICE
    assert service["callback"] == "Timer/Callback"
    assert service["states"]["ACTIVE"] >= 1
    assert len(service["fired"]) == len(service["due"]) == 60
    assert made not in service["owners"]
