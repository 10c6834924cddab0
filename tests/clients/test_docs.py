"""The code in docs/clients.md does what the page says."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

from cdk_streamer_client import StreamerClient
from tests.clients import say
from tests.clients.fake_server import FakeServer, asynchronous

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
