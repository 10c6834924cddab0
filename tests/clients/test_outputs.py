"""The client against real servers: chunks, questions, large results, uploads, limits."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from cdk_streamer_client import (
    Chunk,
    ConnectionLost,
    InputRequired,
    NotFound,
    Progress,
    ProtocolError,
    RateLimited,
    Request,
    StreamerClient,
    TimedOut,
    Timing,
    UploadFailed,
    ValidationFailed,
    WaitTimeout,
)
from tests.clients import say
from tests.clients.fake_server import FakeServer, Peer, asynchronous
from tests.clients.fake_storage import FakeStorage

SOON = Timing(backoff_least=1, backoff_most=2)


def client_of(server: FakeServer, **options: Any) -> StreamerClient:
    options = {"token": "t1", "timing": SOON, "on_warning": lambda _: None, **options}
    return StreamerClient(url=server.url, **options)


def granted(id: str, url: str, **headers: str) -> dict[str, Any]:
    where = {"upload_id": "u1", "url": url, "method": "PUT", "expires_at": say.NOW}
    return say.response(id, "upload", {**where, "headers": headers})


def limited(id: str, milliseconds: int | None) -> dict[str, Any]:
    wait = {} if milliseconds is None else {"retry_after_ms": milliseconds}
    fault = {**say.fault("RATE_LIMITED", "too many", retryable=True), **wait}
    return {**say.error(id, "RATE_LIMITED"), "error": fault}


async def data_of(request: Request) -> list[Any]:
    return [chunk.data async for chunk in request.chunks()]


# --- chunks ---------------------------------------------------------------------------------------


@asynchronous
async def test_chunks_are_told_to_a_function():
    seen: list[Chunk] = []
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        result = asyncio.create_task(client.request("story", id="r1", on_chunk=seen.append))
        await peer.expect("story")
        await peer.send(say.chunk("r1", 1, 0, "Once "), say.chunk("r1", 2, 1, "upon"))
        await peer.send(say.complete("r1", 3, "done", attempt=1, chunks=2))
        assert await result == "done"
        assert seen == [
            Chunk(data="Once ", index=0, attempt=1),
            Chunk(data="upon", index=1, attempt=1),
        ]


@asynchronous
async def test_chunks_can_be_iterated_over_and_lost_ones_are_asked_for():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        request = client.submit("story", id="r1")
        chunks = asyncio.create_task(data_of(request))
        await peer.expect("story")
        await peer.send(say.chunk("r1", 1, 0, "a"), say.progress("r1", 2, 5))
        await peer.send(say.complete("r1", 5, "done", attempt=1, chunks=3))
        frame = await peer.expect("get")
        page = say.page({1: "b", 2: "c"})
        snapshot = say.snapshot("r1", 5, "SUCCEEDED", result="done", chunks=3, chunk_page=page)
        await peer.send(say.response(frame["id"], "get", snapshot))
        assert frame["payload"] == {"request_id": "r1", "chunks_from": 1}
        assert await chunks == ["a", "b", "c"]
        assert await request.result() == "done"


@asynchronous
async def test_a_chunk_that_cannot_be_had_ends_the_iteration_and_not_the_request():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        request = client.submit("story", id="r1")
        await peer.expect("story")
        await peer.send(say.complete("r1", 5, "done", attempt=1, chunks=1))
        await peer.send(say.error((await peer.expect("get"))["id"], "NOT_FOUND"))
        with pytest.raises(ProtocolError, match="cannot give chunk 0 of request 'r1'"):
            await data_of(request)
        assert await request.result() == "done"


@asynchronous
async def test_the_iteration_over_chunks_raises_the_failure():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        request = client.submit("story", id="r1")
        await peer.expect("story")
        await peer.send(say.chunk("r1", 1, 0, "a"), say.failure("r1", 2, "TIMEOUT", "late"))
        with pytest.raises(TimedOut):
            await data_of(request)


@asynchronous
async def test_no_chunk_is_dropped_when_the_reader_is_slow():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        request = client.submit("story", id="r1")
        await peer.expect("story")
        for index in range(1500):
            await peer.send(
                say.chunk("r1", 2 * index + 1, index, index), say.progress("r1", 2 * index + 2, 1)
            )
        await peer.send(say.complete("r1", 3001, "done", attempt=1, chunks=1500))
        await request.result()
        assert await data_of(request) == list(range(1500))


# --- questions ------------------------------------------------------------------------------------


async def asked(peer: Peer) -> dict[str, Any]:
    await peer.expect("deploy")
    await peer.send(say.input_required("r1", 1, prompt="Go on?"))
    return await peer.expect("input")


@asynchronous
async def test_a_function_answers_while_messages_go_on():
    seen: list[Progress] = []
    heard = asyncio.Event()
    questions: list[InputRequired] = []

    def tell(progress: Progress) -> None:
        seen.append(progress)
        heard.set()

    async def answer(question: InputRequired) -> bool:
        questions.append(question)
        await heard.wait()
        return True

    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        call = client.request("deploy", id="r1", on_input=answer, on_progress=tell)
        result = asyncio.create_task(call)
        await peer.expect("deploy")
        await peer.send(say.input_required("r1", 1, prompt="Go on?"), say.progress("r1", 2, 50))
        frame = await peer.expect("input")
        assert frame["payload"] == {"request_id": "r1", "value": True, "input_id": "i1"}
        await peer.send(
            say.response(frame["id"], "input", {"request_id": "r1", "state": "RUNNING"}),
            say.complete("r1", 3, "done"),
        )
        assert await result == "done"
        assert [question.prompt for question in questions] == ["Go on?"]
        assert len(seen) == 1


@asynchronous
async def test_a_plain_function_answers_in_a_thread():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        result = asyncio.create_task(client.request("deploy", id="r1", on_input=lambda _: 5))
        frame = await asked(peer)
        await peer.send(say.error(frame["id"], "CONFLICT"), say.complete("r1", 2, "done"))
        assert await result == "done"  # somebody else had answered
        assert frame["payload"]["value"] == 5


@asynchronous
async def test_an_answer_that_does_not_fit_is_raised():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        result = asyncio.create_task(client.request("deploy", id="r1", on_input=lambda _: 5))
        await peer.send(say.error((await asked(peer))["id"], "VALIDATION_ERROR"))
        with pytest.raises(ValidationFailed):
            await result


@asynchronous
async def test_a_question_that_nobody_answers_ends_with_its_request():
    async def forever(_question: InputRequired) -> None:
        await asyncio.Event().wait()

    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        result = asyncio.create_task(client.request("deploy", id="r1", on_input=forever))
        await peer.expect("deploy")
        await peer.send(say.input_required("r1", 1), say.failure("r1", 2, "TIMEOUT", "late"))
        with pytest.raises(TimedOut):
            await result


@asynchronous
async def test_anybody_can_answer_by_the_id_of_the_request():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        state = asyncio.create_task(client.answer("r1", {"ok": None}))
        frame = await peer.expect("input")
        data = {"request_id": "r1", "state": "RUNNING"}
        await peer.send(say.response(frame["id"], "input", data))
        assert await state == "RUNNING"
        assert frame["payload"] == {"request_id": "r1", "value": {"ok": None}}


@asynchronous
async def test_a_snapshot_has_the_question_and_counts_chunks():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        snapshot = asyncio.create_task(client.get("r1"))
        frame = await peer.expect("get")
        question = {"schema": {"type": "boolean"}, "input_id": "i1"}
        stands = say.snapshot("r1", 4, "INPUT_REQUIRED", input=question, chunks=3)
        await peer.send(say.response(frame["id"], "get", stands))
        assert (await snapshot).chunks == 3
        assert (await snapshot).input == InputRequired(
            schema={"type": "boolean"}, input_id="i1", seq=4
        )


# --- large results --------------------------------------------------------------------------------


@asynchronous
async def test_a_large_result_is_fetched():
    large = json.dumps({"rows": ["é" * 1000] * 200}, ensure_ascii=False).encode()
    with FakeStorage(content={"/result?s=1": large}) as storage:
        async with FakeServer() as server, client_of(server) as client:
            peer = await server.accept()
            result = asyncio.create_task(client.request("report", id="r1"))
            await peer.expect("report")
            url = storage.url("/result?s=1")
            await peer.send(say.complete_stored("r1", 1, url, len(large)))
            assert await result == json.loads(large)
    # The address is the permission: the token is for the service alone.
    assert "Authorization" not in storage.requests[0].headers


@asynchronous
async def test_an_address_that_has_ended_is_replaced():
    with FakeStorage(content={"/b": b"7"}) as storage:
        storage.statuses.append(403)
        async with FakeServer() as server, client_of(server) as client:
            peer = await server.accept()
            result = asyncio.create_task(client.request("report", id="r1"))
            await peer.expect("report")
            await peer.send(say.complete_stored("r1", 1, storage.url("/a"), 1))
            frame = await peer.expect("get")
            stored = say.stored(storage.url("/b"), 1)
            snapshot = say.snapshot("r1", 1, "SUCCEEDED", **stored)
            await peer.send(say.response(frame["id"], "get", snapshot))
            assert await result == 7


@pytest.mark.parametrize("size", [1, 3])
@asynchronous
async def test_a_result_of_another_size_is_not_the_result(size: int):
    with FakeStorage(content={"/a": b"77"}) as storage:
        timing = Timing(backoff_least=1, backoff_most=2, call_attempts=1)
        async with FakeServer() as server, client_of(server, timing=timing) as client:
            peer = await server.accept()
            result = asyncio.create_task(client.request("report", id="r1"))
            await peer.expect("report")
            await peer.send(say.complete_stored("r1", 1, storage.url("/a"), size))
            with pytest.raises(ConnectionLost, match=f"did not give the {size} bytes"):
                await result


@asynchronous
async def test_a_redirect_is_not_followed():
    with FakeStorage(location="/other") as storage:
        storage.statuses.append(302)
        timing = Timing(backoff_least=1, backoff_most=2, call_attempts=1)
        async with FakeServer() as server, client_of(server, timing=timing) as client:
            peer = await server.accept()
            result = asyncio.create_task(client.request("report", id="r1"))
            await peer.expect("report")
            await peer.send(say.complete_stored("r1", 1, storage.url("/a"), 2))
            with pytest.raises(ConnectionLost, match="answered HTTP 302"):
                await result
    assert [request.path for request in storage.requests] == ["/a"]


@asynchronous
async def test_a_snapshot_has_its_large_result():
    with FakeStorage(content={"/a": b"[1]"}) as storage:
        storage.statuses.append(500)
        async with FakeServer() as server, client_of(server) as client:
            peer = await server.accept()
            snapshot = asyncio.create_task(client.get("r1"))
            stands = say.snapshot("r1", 4, "SUCCEEDED", **say.stored(storage.url("/a"), 3))
            for _ in range(2):
                frame = await peer.expect("get")
                await peer.send(say.response(frame["id"], "get", stands))
            assert (await snapshot).result == [1]


@asynchronous
async def test_a_snapshot_whose_result_is_elsewhere_in_the_open_is_refused():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        snapshot = asyncio.create_task(client.get("r1"))
        frame = await peer.expect("get")
        stands = say.snapshot("r1", 4, "SUCCEEDED", **say.stored("http://example.com/a", 3))
        await peer.send(say.response(frame["id"], "get", stands))
        with pytest.raises(ProtocolError, match="neither https nor this machine"):
            await snapshot


# --- uploads --------------------------------------------------------------------------------------


@asynchronous
async def test_bytes_are_sent_with_the_headers_that_were_given():
    content = b"a,b\n" * 30_000
    with FakeStorage() as storage:
        async with FakeServer() as server, client_of(server) as client:
            peer = await server.accept()
            upload = asyncio.create_task(client.upload(content, type="text/csv"))
            frame = await peer.expect("upload")
            headers = {"Content-Type": "text/csv", "Content-Length": "120000", "x-amz-a": "b"}
            await peer.send(granted(frame["id"], storage.url("/u?s=1"), **headers))
            assert await upload == "u1"
            assert frame["payload"] == {"size": 120_000, "type": "text/csv"}
    (sent,) = storage.requests
    assert (sent.method, sent.path, sent.body) == ("PUT", "/u?s=1", content)
    told = {name.lower(): value for name, value in sent.headers.items()}
    assert {name: told[name.lower()] for name in headers} == headers
    assert "authorization" not in told


@asynchronous
async def test_a_file_is_sent_and_another_address_is_tried_when_one_is_refused(tmp_path: Path):
    path = tmp_path / "orders.bin"
    path.write_bytes(b"\x00\xff")
    with FakeStorage() as storage:
        storage.statuses.append(403)
        async with FakeServer() as server, client_of(server) as client:
            peer = await server.accept()
            upload = asyncio.create_task(client.upload(path))
            for address in ("/a", "/b"):
                frame = await peer.expect("upload")
                headers = {"Content-Type": "application/octet-stream"}
                await peer.send(granted(frame["id"], storage.url(address), **headers))
            assert await upload == "u1"
    assert [sent.path for sent in storage.requests] == ["/a", "/b"]
    assert storage.requests[1].body == b"\x00\xff"


@asynchronous
async def test_an_upload_that_is_never_taken_says_so():
    with FakeStorage() as storage:
        storage.statuses.extend([500, 503, 500])
        async with FakeServer() as server, client_of(server) as client:
            peer = await server.accept()
            upload = asyncio.create_task(client.upload(b"x"))
            for _ in range(3):
                frame = await peer.expect("upload")
                await peer.send(granted(frame["id"], storage.url("/a")))
            with pytest.raises(UploadFailed, match=r"3 times: 127.0.0.1:[0-9]+ answered HTTP 500"):
                await upload


@pytest.mark.parametrize("url", ["http://example.com/a", "file:///etc/passwd", "https://a@b/"])
@asynchronous
async def test_nothing_is_sent_in_the_open(url: str):
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        upload = asyncio.create_task(client.upload(b"x"))
        for _ in range(3):
            frame = await peer.receive()
            await peer.send_text(json.dumps(granted(frame["id"], url)))
        with pytest.raises(UploadFailed, match="neither https nor this machine"):
            await upload


@asynchronous
async def test_a_file_that_is_not_there_is_named():
    async with FakeServer() as server, client_of(server) as client:
        with pytest.raises(FileNotFoundError, match="nothing"):
            await client.upload("nothing.csv")


# --- limits and webhooks --------------------------------------------------------------------------


@asynchronous
async def test_one_request_too_many_says_how_long_to_wait():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        result = asyncio.create_task(client.request("report", id="r1"))
        await peer.expect("report")
        await peer.send(limited("r1", 1500))
        with pytest.raises(RateLimited) as raised:
            await result
        assert raised.value.retry_after == 1.5


@asynchronous
async def test_one_request_too_many_can_wait_and_is_sent_by_the_same_id():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        result = asyncio.create_task(client.request("report", retry_limited=True))
        first = await peer.expect("report")
        await peer.send(limited(first["id"], 1))
        assert await peer.expect("report") == first
        await peer.send(say.complete(first["id"], 1, "done"))
        assert await result == "done"


@asynchronous
async def test_a_limit_that_the_handler_met_is_no_refusal():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        result = asyncio.create_task(client.request("report", id="r1", retry_limited=True))
        await peer.expect("report")
        await peer.send(say.failure("r1", 3, "RATE_LIMITED", "the bank is busy"))
        with pytest.raises(RateLimited):
            await result


@asynchronous
async def test_waiting_for_a_limit_ends_with_the_callers_timeout():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        call = client.request("report", id="r1", retry_limited=True, timeout=0.05)
        result = asyncio.create_task(call)
        await peer.expect("report")
        await peer.send(limited("r1", 3_600_000))
        with pytest.raises(WaitTimeout):
            await result


@asynchronous
async def test_a_webhook_travels_with_the_request():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        client.submit("report", id="r1", webhook="https://example.com/done")
        assert (await peer.expect("report"))["webhook"] == "https://example.com/done"


@asynchronous
async def test_a_request_that_is_gone_while_its_result_is_fetched_says_so():
    with FakeStorage() as storage:
        storage.statuses.append(404)
        async with FakeServer() as server, client_of(server) as client:
            peer = await server.accept()
            request = client.submit("report", id="r1")
            await peer.expect("report")
            await peer.send(say.complete_stored("r1", 1, storage.url("/a")))
            await peer.send(say.error((await peer.expect("get"))["id"], "NOT_FOUND"))
            with pytest.raises(NotFound):
                await request.result()
