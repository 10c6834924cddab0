"""The code in docs/clients.md does what the page says."""

from __future__ import annotations

import asyncio
import builtins
import re
from pathlib import Path
from typing import Any

import pytest

from cdk_streamer_client import StreamerClient
from tests.clients import say
from tests.clients.fake_server import FakeServer, asynchronous
from tests.clients.fake_storage import FakeStorage

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"


def code_with(function: str) -> dict[str, Any]:
    """Run the page's block that defines the function, and give what it defines."""
    blocks = re.findall(r"^```python\n(.+?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (block,) = (block for block in blocks if f"def {function}(" in block)
    defined: dict[str, Any] = {}
    exec(compile(block, PAGE.name, "exec"), defined)  # noqa: S102 - it is the page that is tested
    return defined


@asynchronous
async def test_the_first_block_makes_a_request(capsys: Any):
    async with FakeServer() as server:
        result = asyncio.create_task(code_with("report")["report"](server.url, "t1"))
        peer = await server.accept()
        request_id = (await peer.expect("generate_report"))["id"]
        await peer.send(
            say.progress(request_id, 1, 10, message="Reading"),
            say.complete(request_id, 2, {"rows": 3}),
        )
        assert await result == {"rows": 3}
    assert capsys.readouterr().out == "10 Reading {}\n"


@asynchronous
async def test_a_request_is_followed(capsys: Any):
    async with FakeServer() as server, StreamerClient(url=server.url, token="t1") as client:
        peer = await server.accept()
        result = asyncio.create_task(code_with("follow")["follow"](client))
        request_id = (await peer.expect("generate_report"))["id"]
        await peer.send(
            say.acknowledgment(request_id),
            say.progress(request_id, 1, 10, message="Reading"),
            say.retrying(request_id, 2, 2),
            say.complete(request_id, 3, {"rows": 3}),
        )
        assert await result == {"rows": 3}
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "10 Reading"
    assert lines[1].startswith("attempt 2 starts at 2026-11-21")
    assert lines[2] == "that was the last message"


@asynchronous
async def test_a_channel_is_watched(capsys: Any):
    async with FakeServer() as server, StreamerClient(url=server.url, token="t1") as client:
        peer = await server.accept()
        watched = asyncio.create_task(code_with("watch")["watch"](client))
        channel = (await peer.expect("subscribe"))["payload"]["channel"]
        await peer.send(
            say.channel_progress(channel, 1, 10), say.channel_complete(channel, 2, None)
        )
        await watched
    assert capsys.readouterr().out == "10\n"


@asynchronous
async def test_chunks_are_put_together():
    async with FakeServer() as server, StreamerClient(url=server.url, token="t1") as client:
        peer = await server.accept()
        text = asyncio.create_task(code_with("tell")["tell"](client))
        request_id = (await peer.expect("tell_story"))["id"]
        await peer.send(
            say.chunk(request_id, 1, 0, "A cat"),
            say.retrying(request_id, 2, 2),
            say.chunk(request_id, 3, 0, "A fox ", attempt=2),
            say.chunk(request_id, 4, 1, "ran.", attempt=2),
            say.complete(request_id, 5, None, attempt=2, chunks=2),
        )
        assert await text == "A fox ran."


@asynchronous
async def test_a_person_is_asked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(builtins, "input", lambda prompt: "y" if "Deploy?" in prompt else "n")
    async with FakeServer() as server, StreamerClient(url=server.url, token="t1") as client:
        peer = await server.accept()
        result = asyncio.create_task(code_with("deploy")["deploy"](client))
        request_id = (await peer.expect("deploy"))["id"]
        await peer.send(say.input_required(request_id, 1, prompt="Deploy?"))
        frame = await peer.expect("input")
        data = {"request_id": request_id, "state": "RUNNING"}
        await peer.send(say.response(frame["id"], "input", data))
        await peer.send(say.complete(request_id, 2, {"version": 5}))
        assert await result == {"version": 5}
        assert frame["payload"]["value"] is True


@asynchronous
async def test_a_file_is_uploaded(tmp_path: Path):
    path = tmp_path / "orders.csv"
    path.write_text("a,b")
    with FakeStorage() as storage:
        async with FakeServer() as server, StreamerClient(url=server.url, token="t1") as client:
            peer = await server.accept()
            result = asyncio.create_task(code_with("count")["count"](client, path))
            frame = await peer.expect("upload")
            where = {"upload_id": "u1", "url": storage.url("/u"), "method": "PUT"}
            data = {**where, "headers": {"Content-Type": "text/csv"}, "expires_at": say.NOW}
            await peer.send(say.response(frame["id"], "upload", data))
            request = await peer.expect("count_rows")
            await peer.send(say.complete(request["id"], 1, 2))
            assert await result == 2
    assert request["payload"] == {"orders": "u1"}


@asynchronous
async def test_a_program_without_asyncio_makes_a_request(capsys: Any):
    async with FakeServer() as server:
        report = code_with("report_now")["report_now"]
        result = asyncio.create_task(asyncio.to_thread(report, server.url, "t1"))
        peer = await server.accept()
        request_id = (await peer.expect("generate_report"))["id"]
        await peer.send(say.progress(request_id, 1, 10), say.complete(request_id, 2, {"rows": 3}))
        assert await result == {"rows": 3}
    assert capsys.readouterr().out.startswith("Progress(percentage=10")
