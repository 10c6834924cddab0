"""`cdk-streamer timers`: what it prints, and how it ends."""

from __future__ import annotations

import argparse
import json

import pytest

from cdk_streamer_client import Transport
from cdk_streamer_client.timers.command import add_arguments, run
from cdk_streamer_client.timers.transport import Answer
from cdk_streamer_local.cli import main

Capture = pytest.CaptureFixture[str]


def preview(capsys: Capture, *words: str) -> list[str]:
    assert main(["timers", "preview", *words]) == 0
    return capsys.readouterr().out.splitlines()


def refusal(capsys: Capture, *words: str) -> str:
    assert main(["timers", *words]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    return output.err


def test_a_preview_tells_moments_in_the_zone_and_in_utc(capsys: Capture):
    words = ("--cron", "0 9 * * 1-5", "--timezone", "Europe/Berlin", "-n", "2")

    assert preview(capsys, *words, "--from", "2026-11-20T10:00") == [
        "cron 0 9 * * 1-5 Europe/Berlin",
        "place: class kEurope/Berlin:62, slot 540",
        "Mon 2026-11-23 09:00:00 +01:00  2026-11-23T08:00:00Z",
        "Tue 2026-11-24 09:00:00 +01:00  2026-11-24T08:00:00Z",
    ]


def test_a_preview_tells_what_is_skipped_when_clocks_go_forward(capsys: Capture):
    words = ("--cron", "30 2 * * *", "--timezone", "Europe/Berlin", "-n", "2")

    assert preview(capsys, *words, "--from", "2026-03-28T12:00")[2:] == [
        (
            "Sun 2026-03-29 03:00:00 +02:00  2026-03-29T01:00:00Z"
            "  (clocks go forward: for 2026-03-29 02:30, which is skipped)"
        ),
        "Mon 2026-03-30 02:30:00 +02:00  2026-03-30T00:30:00Z",
    ]


def test_a_preview_tells_which_of_two_is_meant_when_clocks_go_back(capsys: Capture):
    words = ("--cron", "30 2 * * *", "--timezone", "Europe/Berlin", "-n", "2")

    assert preview(capsys, *words, "--from", "2026-10-25T00:00")[2:] == [
        (
            "Sun 2026-10-25 02:30:00 +02:00  2026-10-25T00:30:00Z"
            "  (clocks go back: 02:30 comes twice, and this is the first)"
        ),
        "Mon 2026-10-26 02:30:00 +01:00  2026-10-26T01:30:00Z",
    ]


def test_a_preview_tells_of_a_day_that_was_skipped(capsys: Capture):
    words = ("--cron", "0 8,12,16,20 * * *", "--timezone", "Pacific/Apia", "-n", "1")

    line = preview(capsys, *words, "--from", "2011-12-29T20:01")[2]

    assert line.startswith("Sat 2011-12-31 00:00:00 +14:00")
    assert "2011-12-30 08:00, 2011-12-30 12:00, 2011-12-30 16:00 and 1 more" in line


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (["--every", "90", "--phase", "75"], "class i90, slot 1, second 15"),
        (["--every", "5m", "--phase", "0"], "class i300, slot 0"),
        (["--every", "2h", "--phase", "60"], "class i7200, slot 1"),
        (["--every", "1d", "--phase", "60"], "class i86400, slot 1"),
        (["--cron", "0 9 * * *"], "class kUTC:127, slot 540"),
        (["--at", "2026-12-01T09:00:00Z"], "by its due time, since it fires once"),
    ],
)
def test_a_preview_tells_where_a_timer_lies(capsys: Capture, words: list[str], place: str):
    assert preview(capsys, *words, "--from", "2026-11-20T10:00Z", "-n", "1")[1] == f"place: {place}"


def test_a_preview_ends_with_the_timer(capsys: Capture):
    words = ("--every", "1h", "--phase", "0", "--end", "2026-11-20T11:00:01Z")

    lines = preview(capsys, *words, "--from", "2026-11-20T10:30:00Z")

    assert lines[2:] == [
        "Fri 2026-11-20 11:00:00 +00:00  2026-11-20T11:00:00Z",
        "after that it fires no more",
    ]


def test_a_preview_for_programs_is_a_line_of_json(capsys: Capture):
    words = ("--cron", "0 9 1 * *", "--jitter", "600", "--jitter-each", "-n", "1", "--json")

    (line,) = preview(capsys, *words, "--from", "2026-11-20T10:00:00Z")

    document = json.loads(line)
    (firing,) = document["firings"]
    assert document["schedule"] == {"cron": "0 9 1 * *", "timezone": "UTC"}
    assert document["place"].startswith("class x")
    assert (
        firing["fire_at"]
        == f"2026-12-01T09:{firing['delay'] // 60:02d}:{firing['delay'] % 60:02d}Z"
    )
    assert firing["local"].endswith("+00:00")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--cron", "0 9 * *"], "cron must have five fields"),
        (["--cron", "0 25 * * *"], "hour must be 0 to 23, got '25'"),
        (["--cron", "0 9 * * *", "--timezone", "Mars/Base"], "timezone must be a name of the IANA"),
        (["--every", "5x"], "--every must be a period such as 90, 90s, 5m, 2h or 1d, got '5x'"),
        (["--every", "0"], "every must be at least 1 second, got 0"),
        (["--every", "60", "--phase", "60"], "phase must be 0 to 59"),
        (["--cron", "0 9 * * *", "--phase", "1"], "--phase belongs to --every"),
        (["--every", "60", "--timezone", "UTC"], "--timezone belongs to --cron"),
        (["--every", "60", "--jitter", "60"], "/jitter/seconds: must be below the 60 s"),
        (["--every", "60", "--jitter-each"], "--jitter-each belongs to --jitter"),
        (["--at", "tomorrow"], "--at must be a moment such as 2026-12-01T09:00:00Z"),
        (["--at", "2026-12-01T09:00"], "--at must say its offset"),
        (["--at", "2026-12-01T09:00:00.5Z"], "at must be a whole second"),
        (["--every", "60", "--from", "1969-12-31T00:00Z"], "must be in the years 1970 to 9998"),
        (["--every", "60", "-n", "0"], "-n must be 1 to 1000, got 0"),
        (["--every", "60", "--id", "a/b"], "id: must be"),
    ],
)
def test_a_preview_of_nonsense_is_refused(capsys: Capture, words: list[str], message: str):
    assert message in refusal(capsys, "preview", *words)


def test_a_service_without_an_address_is_refused(capsys: Capture):
    with pytest.raises(SystemExit) as end:
        main(["timers", "list"])

    assert end.value.code == 2
    assert "--url" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["http://timers.example.com", "timers.example.com", "https://a?b"])
def test_an_address_that_is_none_is_refused(capsys: Capture, url: str):
    assert "url must be the https:// address" in refusal(
        capsys, "list", "--url", url, "--token", "t1"
    )


def operate(transport: Transport, *words: str) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([*words, "--url", "https://timers.example.com"]), transport)


def test_a_service_that_says_no_is_an_error(capsys: Capture):
    refusal = Answer(403, {}, b'{"message": "Forbidden"}')

    assert operate(lambda *_: refusal, "get", "a") == 1
    assert capsys.readouterr().err == "error: HTTP 403: Forbidden\n"


def test_faults_that_the_service_finds_are_listed(capsys: Capture):
    faults = [{"pointer": "/jitter/seconds", "detail": "is too much"}]
    body = json.dumps({"title": "cannot be a timer", "errors": faults}).encode()
    refusal = Answer(422, {"Content-Type": "application/problem+json"}, body)

    assert operate(lambda *_: refusal, "put", "a", "--every", "5m") == 2
    assert capsys.readouterr().err == ("error: cannot be a timer\n  /jitter/seconds: is too much\n")
