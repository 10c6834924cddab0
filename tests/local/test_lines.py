"""What functions print, as people and programs read it."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from cdk_streamer_local.cloud.apis import Api
from cdk_streamer_local.display.json_lines import JsonLines
from cdk_streamer_local.display.lines import Line, read
from cdk_streamer_local.display.screen import Screen
from cdk_streamer_local.errors import PortTaken
from cdk_streamer_local.events import Deployed, Explained, Kept, Ready, Spoke
from cdk_streamer_local.functions.reports import Report, ReportKind
from cdk_streamer_local.record import Audience, Record

RECORD = {
    "timestamp": "2026-01-01T00:00:00Z",
    "level": "INFO",
    "message": "job finished",
    "logger": "jobs",
    "requestId": "r",
    "job": "j-1",
}
RUNNING = Record(
    pid=1,
    endpoint="https://127.0.0.1:4566",
    ca_bundle="/bundle.pem",
    http_apis=[],
    rest_apis=[],
    sockets=[Api(name="Reports/Api", url="wss://127.0.0.1:4566/_aws/execute-api/a/live")],
    outputs={"Reports": {"Url": "wss://here"}},
    audiences=[
        Audience(issuer="https://id/", audience="a", algorithms="ES256", tenant_claim="tenant")
    ],
)


def spoken(text, kind=ReportKind.LINE):
    report = Report(kind=kind, function="f", pid=1, time=0.0, text=text, seconds=0.012)
    return Spoke(function="Api/Worker", report=report)


@pytest.fixture
def screen():
    return Screen(Console(file=io.StringIO(), width=200, color_system=None))


def shown(screen) -> str:
    return screen._console.file.getvalue()  # noqa: SLF001 - the test's own file


def test_a_record_becomes_its_level_its_message_and_its_own_members():
    assert read(json.dumps(RECORD)) == Line(
        message="job finished", level="INFO", members={"job": "j-1"}
    )


def test_a_records_traceback_is_kept():
    line = read(json.dumps({**RECORD, "level": "ERROR", "stackTrace": ["Trace\n", "Error: x\n"]}))

    assert line is not None
    assert line.traceback == "Trace\nError: x"


@pytest.mark.parametrize("text", ["hello", "{not json", '{"no": "record"}', "[1, 2]"])
def test_whatever_is_no_record_stays_as_it_is(text):
    assert read(text) == Line(message=text)


def test_metrics_are_left_out():
    assert read('{"_aws": {}, "Requests": 1}') is None


def test_a_function_is_shown_with_what_it_says(screen):
    screen(spoken(json.dumps(RECORD)))

    assert shown(screen).rstrip().endswith("Api/Worker INFO job finished job=j-1")


def test_brackets_in_a_line_are_no_markup(screen):
    screen(spoken("[bold]not bold[/bold] [/]"))

    assert "[bold]not bold[/bold] [/]" in shown(screen)


def test_an_address_is_shown_on_one_line_to_be_copied(screen):
    screen._console.width = 40  # noqa: SLF001 - narrower than the address
    screen(Ready(record=RUNNING, seconds=1.0))

    assert f"Reports/Api   {RUNNING.sockets[0].url}\n" in shown(screen)


def test_the_screen_tells_where_keys_come_from_when_callers_sign(screen):
    rest = Api(name="Poller/Timer/Api", url="https://127.0.0.1:4566/_aws/execute-api/b/live")

    screen(Ready(record=replace(RUNNING, rest_apis=[rest]), seconds=1.0))

    assert rest.url in shown(screen)
    assert "cdk-streamer credentials" in shown(screen)


def test_addresses_are_shown_once_since_edits_do_not_move_them(screen):
    screen(Ready(record=RUNNING, seconds=1.0))
    before = shown(screen)
    screen(Ready(record=RUNNING, seconds=1.0))

    assert shown(screen) == before


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Deployed(stack="S", resources=1, assets=2, seconds=1.04), "S: 1 resource, 2 new assets"),
        (Explained(function="F", text="it lacks a grant"), "why  it lacks a grant"),
        (Kept(cause="no Python", remedy="correct it", detail="line 1"), "kept  no Python"),
        (spoken("Trace\nError", ReportKind.FAILED), "Error"),
        (spoken("", ReportKind.END), "Api/Worker 12 ms"),
    ],
)
def test_each_event_is_shown(screen, event, expected):
    screen(event)

    assert expected in shown(screen)


def test_a_failure_shows_what_was_said_the_cause_and_the_remedy(screen):
    screen.fail(PortTaken("port 1 is taken", remedy="choose another", detail="said"))

    assert shown(screen) == "said\nerror port 1 is taken\n      choose another\n"


def test_programs_read_one_object_a_line_named_after_the_event():
    stream = io.StringIO()

    JsonLines(stream)(Kept(cause="no Python", remedy="correct it", detail=""))

    assert json.loads(stream.getvalue()) == {
        "event": "kept",
        "cause": "no Python",
        "remedy": "correct it",
        "detail": "",
    }
