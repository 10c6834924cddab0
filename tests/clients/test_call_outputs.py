"""`cdk-streamer call`: chunks, questions, uploads and limits."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from pathlib import Path

import pytest

from cdk_streamer_client.call import run
from tests.clients import say
from tests.clients.fake_server import FakeServer, asynchronous
from tests.clients.fake_storage import FakeStorage
from tests.clients.test_call import Capture, arguments_of, called


@asynchronous
async def test_chunks_are_shown_beside_the_result(capsys: Capture):
    async with FakeServer() as server:
        code, peer = await called(server, "story", "--id", "r1")
        await peer.receive()
        await peer.send(
            say.chunk("r1", 1, 0, "Once\x1b[2J"),
            say.chunk("r1", 2, 1, {"word": 2}),
            say.complete("r1", 3, 7, attempt=1, chunks=2),
        )
        assert await code == 0
    assert capsys.readouterr() == ("7\n", 'Queued\nOnce [2J\n{"word": 2}\n')


@asynchronous
async def test_chunks_can_be_what_is_printed(capsys: Capture):
    async with FakeServer() as server:
        code, peer = await called(server, "story", "--id", "r1", "--chunks", "--no-progress")
        await peer.receive()
        await peer.send(
            say.chunk("r1", 1, 0, "Once "),
            say.chunk("r1", 2, 1, "upon"),
            say.chunk("r1", 3, 2, [1]),
            say.retrying("r1", 4, 2),
            say.chunk("r1", 5, 0, "Again", attempt=2),
            say.complete("r1", 6, 7, attempt=2, chunks=1),
        )
        assert await code == 0
    assert capsys.readouterr() == ("Once upon\n[1]\nAgain\n", "")


@asynchronous
async def test_chunks_and_questions_can_be_lines_of_json(capsys: Capture):
    async with FakeServer() as server:
        code, peer = await called(server, "story", "--id", "r1", "--json", "--input", "true")
        await peer.receive()
        await peer.send(say.chunk("r1", 1, 0, "a"), say.input_required("r1", 2, prompt="Go on?"))
        frame = await peer.expect("input")
        data = {"request_id": "r1", "state": "RUNNING"}
        await peer.send(say.response(frame["id"], "input", data))
        await peer.send(say.complete("r1", 3, 7, attempt=1, chunks=1))
        assert await code == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[1:3] == [
        {"type": "chunk", "request_id": "r1", "attempt": 1, "chunk_index": 0, "data": "a"},
        {
            "type": "input_required",
            "request_id": "r1",
            "schema": {"type": "boolean"},
            "input_id": "i1",
            "prompt": "Go on?",
            "attempt": 1,
            "seq": 2,
        },
    ]


@asynchronous
async def test_answers_are_given_beforehand_and_the_next_one_follows_a_refusal(capsys: Capture):
    async with FakeServer() as server:
        words = ("deploy", "--id", "r1", "--input", "5", "--input", "true")
        code, peer = await called(server, *words)
        await peer.receive()
        await peer.send(say.input_required("r1", 1, prompt="Go on?"))
        first = await peer.expect("input")
        await peer.send(say.error(first["id"], "VALIDATION_ERROR", "5 is no boolean"))
        second = await peer.expect("input")
        data = {"request_id": "r1", "state": "RUNNING"}
        await peer.send(say.response(second["id"], "input", data), say.complete("r1", 2, 7))
        assert await code == 0
    assert [first["payload"]["value"], second["payload"]["value"]] == [5, True]
    told = capsys.readouterr().err.splitlines()
    assert told[:3] == ["Queued", "Go on?", "that answer is refused: 5 is no boolean"]


@asynchronous
async def test_a_question_that_nobody_can_answer_here_says_how(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    said = ""
    async with FakeServer() as server:
        code, peer = await called(server, "deploy", "--id", "r1", "--no-progress")
        await peer.receive()
        await peer.send(say.input_required("r1", 1))
        while "cdk-streamer call deploy --id r1 --input JSON" not in said:
            await asyncio.sleep(0.01)
            said += capsys.readouterr().err
        await peer.send(say.complete("r1", 2, 7))
        assert await code == 0


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@asynchronous
async def test_a_person_is_asked_at_the_terminal(capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", Terminal("perhaps\nyes\n"))
    async with FakeServer() as server:
        code, peer = await called(server, "deploy", "--id", "r1")
        await peer.receive()
        await peer.send(say.input_required("r1", 1, prompt="Go on?"))
        frame = await peer.expect("input")
        data = {"request_id": "r1", "state": "RUNNING"}
        await peer.send(say.response(frame["id"], "input", data), say.complete("r1", 2, 7))
        assert await code == 0
        assert frame["payload"]["value"] is True
    assert "answer (y/n): " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("upload", "payload", "sent"),
    [
        ("{path}", (), {"upload_id": "u1"}),
        ("orders={path}", ('{"month": 11}',), {"month": 11, "orders": "u1"}),
    ],
)
@asynchronous
async def test_a_file_is_uploaded_and_named_in_the_payload(
    tmp_path: Path, upload: str, payload: tuple[str, ...], sent: dict[str, object]
):
    (tmp_path / "orders.csv").write_text("a,b")
    words = ("report", *payload, "--upload", upload.format(path=tmp_path / "orders.csv"))
    with FakeStorage() as storage:
        async with FakeServer() as server:
            code, peer = await called(server, *words, "--webhook", "https://example.com/a")
            frame = await peer.expect("upload")
            where = {"upload_id": "u1", "url": storage.url("/u"), "method": "PUT"}
            data = {**where, "headers": {"Content-Type": "text/csv"}, "expires_at": say.NOW}
            await peer.send(say.response(frame["id"], "upload", data))
            request = await peer.expect("report")
            await peer.send(say.complete(request["id"], 1, 7))
            assert await code == 0
    assert frame["payload"] == {"size": 3, "type": "text/csv"}
    assert (request["payload"], request["webhook"]) == (sent, "https://example.com/a")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--upload", "nothing.csv"), "'nothing.csv' cannot be read"),
        (("[1]", "--upload", "a.csv"), "PAYLOAD, which must be an object"),
    ],
)
@asynchronous
async def test_an_upload_that_cannot_be_meant_is_told(
    capsys: Capture, words: tuple[str, ...], told: str
):
    async with FakeServer() as server:
        code, _ = await called(server, "report", *words)
        assert await code == 2
    assert told in capsys.readouterr().err


def test_an_answer_that_is_no_json_is_told_before_anything_is_sent(capsys: Capture):
    words = ("deploy", "--input", "yes", "--url", "ws://127.0.0.1:1", "--token", "t1")
    assert run(arguments_of(*words)) == 2
    assert "--input is not JSON" in capsys.readouterr().err


@asynchronous
async def test_one_request_too_many_can_wait(capsys: Capture):
    async with FakeServer() as server:
        code, peer = await called(server, "report", "--id", "r1", "--wait")
        await peer.receive()
        fault = {**say.fault("RATE_LIMITED", "too many", retryable=True), "retry_after_ms": 1}
        await peer.send(say.error("r1", "RATE_LIMITED") | {"error": fault})
        await peer.expect("report")
        await peer.send(say.complete("r1", 1, 7))
        assert await code == 0
    captured = capsys.readouterr()
    assert captured.out == "7\n"
    assert "there are too many requests; trying again in 0.1 seconds" in captured.err


@asynchronous
async def test_a_hole_in_the_chunks_is_told(capsys: Capture):
    async with FakeServer() as server:
        code, peer = await called(server, "story", "--id", "r1", "--no-progress")
        await peer.receive()
        await peer.send(say.complete("r1", 1, 7, attempt=1, chunks=1))
        await peer.send(say.error((await peer.expect("get"))["id"], "NOT_FOUND"))
        assert await code == 0
    captured = capsys.readouterr()
    assert captured.out == "7\n"
    assert "warning: the service cannot give chunk 0" in captured.err
