"""The client without await: the same methods, in threads that wait."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdk_streamer_client import (
    Acknowledged,
    Chunk,
    Closed,
    Completed,
    InputRequired,
    NotFound,
    Progress,
    Request,
    StreamerClient,
    SyncRequest,
    SyncStreamerClient,
    Unreachable,
    WaitTimeout,
)
from tests.clients import say
from tests.clients.fake_server import FakeServer, asynchronous
from tests.clients.fake_storage import FakeStorage

ROOT = Path(__file__).parents[2]


async def using(server: FakeServer, use: Callable[[SyncStreamerClient], Any]) -> asyncio.Task[Any]:
    """Use a client in a thread of its own."""

    def run() -> Any:
        with SyncStreamerClient(url=server.url, token="t1") as client:
            return use(client)

    return asyncio.create_task(asyncio.to_thread(run))


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


# --- the same as the other one --------------------------------------------------------------------


def signatures(owner: type) -> dict[str, list[tuple[str, Any, Any]]]:
    return {
        name: [
            (parameter.name, parameter.kind, parameter.default)
            for parameter in inspect.signature(member).parameters.values()
        ]
        for name, member in vars(owner).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }


def test_both_clients_have_the_same_methods():
    assert signatures(SyncStreamerClient) == signatures(StreamerClient)


def test_both_clients_are_made_alike():
    def described(owner: type) -> list[Any]:
        parameters = inspect.signature(owner).parameters.values()
        # Each has functions of its own that make ids: only that there is one can be compared.
        return [(p.name, p.kind, p.default is p.empty, p.annotation) for p in parameters]

    assert described(SyncStreamerClient) == described(StreamerClient)


def test_both_requests_have_the_same_methods():
    own = signatures(SyncRequest)
    assert own.pop("next")
    assert own == signatures(Request)


# --- requests -------------------------------------------------------------------------------------


@asynchronous
async def test_a_request_gives_its_result_and_tells_in_the_callers_thread():
    told: list[tuple[Any, str]] = []

    def use(client: SyncStreamerClient) -> Any:
        def tell(message: Progress | Chunk) -> None:
            told.append((message, threading.current_thread().name))

        here = threading.current_thread().name
        return here, client.request("report", id="r1", on_progress=tell, on_chunk=tell)

    async with FakeServer() as server:
        result = await using(server, use)
        peer = await server.accept()
        await peer.expect("report")
        await peer.send(say.progress("r1", 1, 10), say.chunk("r1", 2, 0, "a"))
        await peer.send(say.complete("r1", 3, {"rows": 3}, attempt=1, chunks=1))
        here, rows = await result
        assert rows == {"rows": 3}
        assert [thread for _, thread in told] == [here, here]
        assert [type(message) for message, _ in told] == [Progress, Chunk]


@asynchronous
async def test_messages_and_chunks_are_iterated_over():
    def use(client: SyncStreamerClient) -> Any:
        first = client.submit("report", id="r1")
        messages = [type(message) for message in first]
        second = client.submit("story", id="r2")
        return messages, [chunk.data for chunk in second.chunks()], second.result()

    async with FakeServer() as server:
        result = await using(server, use)
        peer = await server.accept()
        await peer.expect("report")
        await peer.send(say.progress("r1", 1, 10), say.complete("r1", 2, 7))
        await peer.expect("story")
        await peer.send(say.chunk("r2", 1, 0, "a"), say.complete("r2", 2, 8, attempt=1, chunks=1))
        assert await result == ([Acknowledged, Progress, Completed], ["a"], 8)


@asynchronous
async def test_a_question_is_answered():
    def answer(question: InputRequired) -> str:
        return f"yes to {question.prompt}"

    async with FakeServer() as server:
        result = await using(server, lambda client: client.request("deploy", on_input=answer))
        peer = await server.accept()
        id = (await peer.expect("deploy"))["id"]
        await peer.send(say.input_required(id, 1, prompt="all"))
        frame = await peer.expect("input")
        data = {"request_id": id, "state": "RUNNING"}
        await peer.send(say.response(frame["id"], "input", data), say.complete(id, 2, "done"))
        assert await result == "done"
        assert frame["payload"]["value"] == "yes to all"


@asynchronous
async def test_a_timeout_ends_the_waiting():
    def use(client: SyncStreamerClient) -> None:
        client.request("report", id="r1", timeout=0.01)

    async with FakeServer() as server:
        result = await using(server, use)
        peer = await server.accept()
        await peer.expect("report")
        with pytest.raises(WaitTimeout, match="attach"):
            await result


@asynchronous
async def test_a_refused_call_raises_its_error():
    async with FakeServer() as server:
        result = await using(server, lambda client: client.get("r1"))
        peer = await server.accept()
        await peer.send(say.error((await peer.expect("get"))["id"], "NOT_FOUND"))
        with pytest.raises(NotFound):
            await result


@asynchronous
async def test_a_channel_is_iterated_over():
    def use(client: SyncStreamerClient) -> list[type]:
        return [type(message) for message in client.subscribe("import-17")]

    async with FakeServer() as server:
        result = await using(server, use)
        peer = await server.accept()
        await peer.expect("subscribe")
        await peer.send(
            say.channel_progress("import-17", 1, 10), say.channel_complete("import-17", 2, None)
        )
        assert await result == [Progress, Completed]


@asynchronous
async def test_a_file_is_uploaded(tmp_path: Path):
    (tmp_path / "a.txt").write_text("hello")
    with FakeStorage() as storage:
        async with FakeServer() as server:
            result = await using(server, lambda client: client.upload(tmp_path / "a.txt"))
            peer = await server.accept()
            frame = await peer.expect("upload")
            where = {"upload_id": "u1", "url": storage.url("/u"), "method": "PUT"}
            data = {**where, "headers": {"Content-Type": "text/plain"}, "expires_at": say.NOW}
            await peer.send(say.response(frame["id"], "upload", data))
            assert await result == "u1"
    assert storage.requests[0].body == b"hello"


@asynchronous
async def test_several_threads_share_a_client():
    def use(client: SyncStreamerClient) -> list[int]:
        results: dict[int, int] = {}

        def work(number: int) -> None:
            results[number] = client.request("double", number)

        workers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return [results[number] for number in range(8)]

    async with FakeServer() as server:
        result = await using(server, use)
        peer = await server.accept()
        frames = [await peer.expect("double") for _ in range(8)]
        for frame in reversed(frames):
            await peer.send(say.response(frame["id"], "double", 2 * frame.get("payload", 0)))
        assert await result == [0, 2, 4, 6, 8, 10, 12, 14]


# --- opening and closing --------------------------------------------------------------------------


@asynchronous
async def test_the_thread_ends_with_the_client():
    during: list[bool] = []

    def use(client: SyncStreamerClient) -> None:
        during.append("cdk-streamer-client" in threads() and client is not None)

    async with FakeServer() as server:
        await (await using(server, use))
    assert during == [True]
    assert "cdk-streamer-client" not in threads()


def test_the_thread_ends_when_nothing_can_be_reached():
    client = SyncStreamerClient(url="ws://127.0.0.1:1", token="t1", on_warning=lambda _: None)
    with pytest.raises(Unreachable), client:
        pass
    assert "cdk-streamer-client" not in threads()


@asynchronous
async def test_what_others_wait_for_ends_with_the_client():
    waits = threading.Event()
    ended: list[BaseException] = []

    def use(client: SyncStreamerClient) -> None:
        request = client.submit("report", id="r1")

        def wait() -> None:
            waits.set()
            try:
                request.result()
            except Closed as error:
                ended.append(error)

        worker = threading.Thread(target=wait)
        worker.start()
        waits.wait()
        client.close()
        worker.join()

    async with FakeServer() as server:
        await (await using(server, use))
    assert len(ended) == 1


def test_a_client_that_is_not_open_says_how_to_open_it():
    client = SyncStreamerClient(url="ws://127.0.0.1:1", token="t1")
    with pytest.raises(Closed, match="use `with SyncStreamerClient"):
        client.ping()


@asynchronous
async def test_a_client_opens_once():
    def use(client: SyncStreamerClient) -> None:
        client.close()
        with pytest.raises(Closed, match="make another one"):
            client.__enter__()
        with pytest.raises(Closed, match="was closed"):
            client.ping()

    async with FakeServer() as server:
        await (await using(server, use))


@asynchronous
async def test_the_clients_own_thread_cannot_wait_for_itself():
    failures: list[Exception] = []

    async with FakeServer() as server:

        def run() -> None:
            client = SyncStreamerClient(url=server.url, token=lambda: token(client))
            with pytest.raises(Unreachable), client:
                pass

        def token(client: SyncStreamerClient) -> str:
            try:
                client.ping()
            except RuntimeError as error:
                failures.append(error)
            raise LookupError

        await asyncio.to_thread(run)
    assert "use StreamerClient there" in str(failures[0])


PROGRAM = """
import sys
from cdk_streamer_client import SyncStreamerClient
with SyncStreamerClient(url=sys.argv[1], token="t1") as client:
    client.request("report", id="r1")
"""


@asynchronous
async def test_an_interrupt_ends_the_program():
    async with FakeServer() as server:
        command = [sys.executable, "-c", PROGRAM, server.url]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "clients" / "python")}
        program = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
            command, stderr=subprocess.PIPE, env=environment
        )
        peer = await server.accept()
        await peer.expect("report")
        program.send_signal(signal.SIGINT)
        _, errors = await asyncio.to_thread(program.communicate)
    assert errors.rstrip().endswith(b"KeyboardInterrupt")
    assert program.returncode != 0
