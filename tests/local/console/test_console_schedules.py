"""Schedules in the console: when they come, run by hand, turned off and on."""

from __future__ import annotations

import time

import pytest

from cdk_streamer_local.console.panels.schedules.reading import RUN_PREFIX
from cdk_streamer_local.events import Spoke
from cdk_streamer_local.functions.reports import ReportKind
from tests.local.console.asked import Console

RECONCILE = "Ledger/Controller/Schedule"
PATIENCE = 30


@pytest.fixture
def console(office):
    return Console.of(office)


def row(console, label):
    return next(row for row in console.panel("schedules") if row["label"] == label)


def wait_for(console, label, wanted):
    end = time.monotonic() + PATIENCE
    while not wanted(found := row(console, label)):
        assert time.monotonic() < end, found
        time.sleep(0.2)
    return found


def test_a_schedule_tells_what_it_invokes_and_when_next(console):
    found = row(console, RECONCILE)

    assert found["expression"] == "rate(5 minutes)"
    assert found["next"] > time.time() - PATIENCE
    assert [target["function"] for target in found["targets"]] == ["Ledger/Controller"]


def test_a_rule_tells_the_events_that_it_matches(console):
    found = row(console, "Post/Faults/Rule")

    assert found["kind"] == "pattern"
    assert found["pattern"]["detail-type"] == ["fault"]
    assert console.act("schedules", "run", arn=found["arn"]).startswith("it waits for events")


def calls(office):
    """Count the invocations of the ledger's controller that have ended."""
    told = [event for event in office.events if isinstance(event, Spoke)]
    return sum(
        event.function == "Ledger/Controller" and event.report.kind is ReportKind.END
        for event in told
    )


def test_a_schedule_that_is_run_now_invokes_its_target_and_leaves_nothing_behind(office, console):
    before = calls(office)

    console.act("schedules", "run", arn=row(console, RECONCILE)["arn"])

    office.wait_for(lambda: calls(office) > before)
    client = office.client("scheduler")
    names = [each["Name"] for each in client.list_schedules()["Schedules"]]
    assert [name for name in names if name.startswith(RUN_PREFIX)] == []


def test_a_schedule_is_disabled_and_enabled_in_the_page(office, console, page):
    page.open(f"{office.console_url}/#/schedules")
    page.click("tbody tr", RECONCILE)
    page.click(".drawer button", "Disable")
    wait_for(console, RECONCILE, lambda found: found["state"] == "disabled")

    page.click(".drawer button", "Enable")

    assert wait_for(console, RECONCILE, lambda found: found["state"] == "enabled")["next"]
