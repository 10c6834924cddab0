"""`cdk-streamer call` against a real WebSocket server."""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from cdk_streamer_client.call import add_arguments, run
from cdk_streamer_client.display import Bar, Lines, display_on
from cdk_streamer_client.messages import Acknowledged, Message, Progress, Retrying
from tests.clients import say
from tests.clients.fake_server import FakeServer, Peer, asynchronous

Capture = pytest.CaptureFixture[str]

ROOT = Path(__file__).parents[2]
PROGRAM = """
import argparse, sys
from cdk_streamer_client.call import add_arguments, run
parser = argparse.ArgumentParser()
add_arguments(parser)
sys.exit(run(parser.parse_args()))
"""


def arguments_of(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="call")
    add_arguments(parser)
    return parser.parse_args(words)


async def called(server: FakeServer, *words: str) -> tuple[asyncio.Task[int], Peer]:
    """Start a call in a thread, and give it with the connection that it opens."""
    arguments = arguments_of(*words, "--url", server.url, "--token", "t1")
    return asyncio.create_task(asyncio.to_thread(run, arguments)), await server.accept()


# --- results --------------------------------------------------------------------------------------


@asynchronous
async def test_the_result_is_printed_as_json_and_progress_beside_it(capsys: Capture):
    async with FakeServer() as server:
        code, peer = await called(server, "report", '{"month": 11}', "--id", "r1")
        frame = await peer.receive()
        await peer.send(
            say.acknowledgment("r1"),
            say.progress("r1", 1, 41.5, message="Reading", step="load", current=1200, unit="rows"),
            say.retrying("r1", 2, 2),
            say.progress("r1", 3, 5, attempt=2),
            say.complete("r1", 4, {"url": "é", "rows": 9}),
        )
        assert await code == 0
        assert frame == {"action": "report", "id": "r1", "payload": {"month": 11}}
    captured = capsys.readouterr()
    assert captured.out == '{\n  "url": "é",\n  "rows": 9\n}\n'
    first, second, third, fourth = captured.err.splitlines()
    assert first == "Queued"
    assert second == "42%  load: Reading  1,200 rows"
    assert third.startswith("Attempt 1 failed, attempt 2 starts at ")
    assert fourth == "5%  Running  attempt 2"


@asynchronous
async def test_progress_can_be_left_out(capsys: Capture):
    async with FakeServer() as server:
        code, peer = await called(server, "report", "--id", "r1", "--no-progress")
        frame = await peer.receive()
        await peer.send(say.progress("r1", 1, 41.5), say.complete("r1", 2, None))
        assert await code == 0
        assert frame == {"action": "report", "id": "r1"}
    assert capsys.readouterr() == ("null\n", "")


@asynchronous
async def test_a_letter_that_the_output_cannot_take_is_escaped(capsys: Capture):
    async with FakeServer() as server:
        code, peer = await called(server, "echo", "--id", "r1")
        await peer.receive()
        await peer.send(say.response("r1", "echo", "\ud800"))
        assert await code == 0
    assert capsys.readouterr().out == '"\\ud800"\n'


@asynchronous
async def test_every_message_can_be_a_line_of_json(capsys: Capture):
    async with FakeServer() as server:
        code, peer = await called(server, "report", "--id", "r1", "--json")
        await peer.receive()
        await peer.send(
            say.acknowledgment("r1"),
            say.progress("r1", 1, 41.5, message="Reading"),
            say.failure("r1", 2, "TIMEOUT", "too slow"),
        )
        assert await code == 1
    captured = capsys.readouterr()
    assert captured.err == ""
    assert [json.loads(text) for text in captured.out.splitlines()] == [
        {"type": "acknowledgment", "request_id": "r1", "seq": 0},
        {
            "type": "progress",
            "request_id": "r1",
            "percentage": 41.5,
            "message": "Reading",
            "attempt": 1,
            "seq": 1,
        },
        {
            "type": "error",
            "request_id": "r1",
            "seq": 2,
            "error": {"code": "TIMEOUT", "message": "too slow", "retryable": False},
        },
    ]


@asynchronous
async def test_a_failure_is_told_with_what_helps(capsys: Capture):
    async with FakeServer() as server:
        code, peer = await called(server, "report", "--id", "r1")
        await peer.receive()
        fault = say.fault("RATE_LIMITED", "too many", retryable=True)
        fault |= {"retry_after_ms": 1500, "details": {"limit": 5}, "trace_id": "1-2-3"}
        await peer.send(say.error("r1", "RATE_LIMITED") | {"error": fault})
        assert await code == 1
    assert capsys.readouterr() == (
        "",
        (
            "error: RATE_LIMITED: too many\n"
            '  details: {"limit": 5}\n'
            "  the same call may succeed after 1.5 seconds\n"
            "  with --wait it waits and tries again by itself\n"
            "  trace: 1-2-3\n"
        ),
    )


# --- payloads -------------------------------------------------------------------------------------


@asynchronous
async def test_the_payload_may_stand_in_a_file(tmp_path: Path):
    path = tmp_path / "payload.json"
    path.write_text("[1, 2]")
    async with FakeServer() as server:
        code, peer = await called(server, "sum", f"@{path}", "--id", "r1")
        assert (await peer.receive())["payload"] == [1, 2]
        await peer.send(say.response("r1", "sum", 3))
        assert await code == 0


@asynchronous
async def test_the_payload_may_come_from_standard_input(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("[1, 2]"))
    async with FakeServer() as server:
        code, peer = await called(server, "sum", "-", "--id", "r1")
        assert (await peer.receive())["payload"] == [1, 2]
        await peer.send(say.response("r1", "sum", 3))
        assert await code == 0


@asynchronous
async def test_the_token_may_stand_in_a_file(tmp_path: Path):
    path = tmp_path / "token"
    path.write_text("secret\n")
    async with FakeServer() as server:
        arguments = arguments_of("echo", "--id", "r1", "--url", server.url, "--token", f"@{path}")
        code = asyncio.create_task(asyncio.to_thread(run, arguments))
        peer = await server.accept()
        await peer.receive()
        await peer.send(say.response("r1", "echo", 1))
        assert await code == 0
        assert server.handshakes[0]["Authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["echo", "{month: 11}"], "PAYLOAD is not JSON: Expecting property name"),
        (["echo", "@nowhere.json"], "'nowhere.json' cannot be read: "),
        (["echo", "[" * 20_000], "PAYLOAD is not JSON: "),
        (["echo", "NaN"], "Out of range float values are not JSON compliant"),
        (["echo", "--id", "a b"], "an id has 1 to 128 of A-Z"),
        (["echo", "--url", "https://example.com"], "url must be a wss:// or ws:// address"),
        (["echo", "--ca", "nowhere.pem", "--url", "wss://127.0.0.1"], "ca_bundle 'nowhere.pem'"),
        (["echo", "--token", "@nowhere"], "'nowhere' cannot be read: "),
    ],
)
@asynchronous
async def test_a_bad_argument_is_named(words: list[str], told: str, capsys: Capture):
    async with FakeServer() as server:
        given = ["--url", server.url, "--token", "t1", *words]
        code = await asyncio.to_thread(run, arguments_of(*given))
        assert code == 2
    assert f"error: {told}" in capsys.readouterr().err[:1_000]


@pytest.mark.parametrize("missing", ["--url", "--token"])
def test_a_missing_argument_is_named(missing: str, capsys: Capture):
    given = {"--url": "ws://127.0.0.1:9", "--token": "t1"}
    del given[missing]
    words = [word for pair in given.items() for word in pair]
    assert run(arguments_of("echo", *words)) == 2
    assert f"error: {missing} is missing; without it, run `cdk-streamer local`" in (
        capsys.readouterr().err
    )


# --- connections ----------------------------------------------------------------------------------


def test_a_server_that_is_not_there_is_told_with_the_remedy(capsys: Capture):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{taken.getsockname()[1]}"
        assert run(arguments_of("echo", "--url", url, "--token", "t1")) == 1
    told = capsys.readouterr().err
    assert "cannot be reached" in told
    assert "an app on this machine is started with: cdk-streamer local" in told


@asynchronous
async def test_a_refused_token_is_told_with_the_remedy(capsys: Capture):
    async with FakeServer() as server:
        server.refusals.append(403)
        arguments = arguments_of("echo", "--url", server.url, "--token", "t1")
        assert await asyncio.to_thread(run, arguments) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: the token was refused (127.0.0.1:")
    assert "give a fresh token" in told


@asynchronous
async def test_a_timeout_tells_how_to_wait_on(capsys: Capture):
    async with FakeServer() as server:
        code, peer = await called(server, "report", "--id", "r1", "--timeout", "0.01")
        await peer.receive()
        assert await code == 1
    assert "request 'r1' has no result after 0.01 seconds, and goes on; call with --id r1" in (
        capsys.readouterr().err
    )


@asynchronous
async def test_ctrl_c_cancels_the_request_and_says_so():
    async with FakeServer() as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROGRAM, "report", "--id", "r1"),
            *("--url", server.url, "--token", "t1"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PYTHONPATH": str(ROOT / "clients" / "python")},
        )
        peer = await server.accept()
        await peer.expect("report")
        await peer.send(say.acknowledgment("r1"))
        process.send_signal(signal.SIGINT)
        frame = await peer.expect("cancel")
        data = {"request_id": "r1", "state": "CANCELLED"}
        await peer.send(say.response(frame["id"], "cancel", data))
        out, err = await process.communicate()
    assert process.returncode == 130
    assert out == b""
    assert b"cancelling request 'r1'; Ctrl-C again leaves it as it is\n" in err
    assert b"the request is CANCELLED\n" in err
    assert b"Traceback" not in err


# --- displays -------------------------------------------------------------------------------------


def shown(*messages: Message) -> str:
    """Give what a terminal was told to show."""
    console = Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)
    with Bar(console) as bar:
        for message in messages:
            bar.show(message)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_bar_shows_everything_that_is_known():
    progress = Progress(
        percentage=41.5,
        message="Reading",
        step="load",
        current=8301,
        total=20_000,
        unit="bytes",
        attempt=2,
        seq=3,
    )
    text = shown(progress)
    assert all(part in text for part in ("load: Reading", "42%", "8,301/20,000 bytes", "attempt 2"))


def test_a_bar_without_a_percentage_shows_none():
    text = shown(Progress(percentage=None, message="Counting", current=1_000_000, seq=1))
    assert "Counting" in text
    assert "1,000,000" in text
    assert "%" not in text


def test_a_bar_keeps_a_line_for_each_retry():
    text = shown(
        Retrying(attempt=2, next_at=datetime(2026, 11, 21, tzinfo=UTC), seq=1),
        Progress(percentage=1, message="Reading", attempt=2, seq=2),
    )
    assert "Attempt 1 failed, attempt 2 starts at" in text


def test_a_bar_is_not_steered_by_the_service():
    text = shown(Progress(percentage=1, message="[bold]\x1b[2J\rred[/bold]", seq=1))
    assert "[bold] [2J red[/bold]" in text


def test_a_terminal_has_a_bar_and_a_file_has_lines():
    terminal = Console(file=io.StringIO(), force_terminal=True)
    assert isinstance(display_on(terminal, progress=True), Bar)
    assert isinstance(display_on(Console(file=io.StringIO()), progress=True), Lines)
    assert not isinstance(display_on(terminal, progress=False), Bar)


def test_lines_say_what_is_new():
    console = Console(file=io.StringIO(), width=40)
    lines = Lines(console)
    lines.show(Acknowledged())
    lines.show(Progress(percentage=11, message="Reading", seq=1))
    lines.show(Progress(percentage=12, message="Reading", seq=2))
    lines.show(Progress(percentage=20, message="Reading", seq=3))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == "Queued\n11%  Reading\n20%  Reading\n"
