"""The client against a real WebSocket server: requests, progress, channels."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from cdk_streamer_client import (
    Acknowledged,
    Cancelled,
    Closed,
    Completed,
    Conflict,
    Failed,
    Message,
    NotFound,
    PayloadTooLarge,
    ProcessingFailed,
    Progress,
    ProtocolError,
    Retrying,
    StreamerClient,
    ValidationFailed,
    WaitTimeout,
)
from tests.clients import say
from tests.clients.fake_server import FakeServer, asynchronous


def client_of(server: FakeServer, **options: Any) -> StreamerClient:
    return StreamerClient(url=server.url, **{"token": "t1", **options})


# --- requests -------------------------------------------------------------------------------------


@asynchronous
async def test_a_sync_action_gives_its_answer():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        answer = asyncio.create_task(client.request("echo", {"text": "hi"}, id="r1"))
        frame = await peer.receive()
        await peer.send(say.response("r1", "echo", frame["payload"]))
        assert frame == {"action": "echo", "id": "r1", "payload": {"text": "hi"}}
        assert await answer == {"text": "hi"}


@asynchronous
async def test_an_async_action_gives_its_result_and_its_progress():
    seen: list[Progress] = []
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        result = asyncio.create_task(client.request("report", id="r1", on_progress=seen.append))
        await peer.expect("report")
        details = {"metadata": {"region": "north"}, "current": 5, "total": 9, "unit": "rows"}
        await peer.send(
            say.acknowledgment("r1"),
            say.progress("r1", 1, 10.5, message="Reading", step="read", **details),
            say.complete("r1", 2, {"rows": 9}),
        )
        assert await result == {"rows": 9}
        assert seen == [
            Progress(percentage=10.5, message="Reading", step="read", attempt=1, seq=1, **details)
        ]


@asynchronous
async def test_progress_may_be_told_to_a_coroutine_function():
    seen: list[float | None] = []

    async def tell(progress: Progress) -> None:
        await asyncio.sleep(0)
        seen.append(progress.percentage)

    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        result = asyncio.create_task(client.request("report", id="r1", on_progress=tell))
        await peer.expect("report")
        await peer.send(*(say.progress("r1", seq, seq) for seq in range(1, 50)))
        await peer.send(say.complete("r1", 50, "done"))
        assert await result == "done"
        assert seen == list(range(1, 50))


@asynchronous
async def test_an_exception_of_the_callback_reaches_the_caller_and_ends_the_subscription():
    def fail(progress: Progress) -> None:
        raise LookupError(progress.percentage)

    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        result = asyncio.create_task(client.request("report", id="r1", on_progress=fail))
        await peer.expect("report")
        await peer.send(say.progress("r1", 1, 10))
        assert (await peer.expect("unsubscribe"))["payload"] == {"request_id": "r1"}
        with pytest.raises(LookupError):
            await result


@asynchronous
async def test_a_request_has_an_id_of_its_own():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        handles = [client.submit("report"), client.submit("report")]
        ids = {(await peer.expect("report"))["id"], (await peer.expect("report"))["id"]}
        assert ids == {handle.id for handle in handles}
        assert len(ids) == 2


@asynchronous
async def test_metadata_and_preference_travel_with_the_request():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        client.submit("report", [1], id="r1", metadata={"screen": "a"}, prefer="async")
        assert await peer.receive() == {
            "action": "report",
            "id": "r1",
            "payload": [1],
            "metadata": {"screen": "a"},
            "prefer": "async",
        }


@asynchronous
async def test_messages_of_a_request_can_be_iterated_over():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        handle = client.submit("report", id="r1")
        await peer.expect("report")
        await peer.send(
            say.acknowledgment("r1"),
            say.progress("r1", 1, 50),
            say.retrying("r1", 2, 2),
            say.progress("r1", 3, 5, attempt=2),
            say.complete("r1", 4, 7),
        )
        kinds = [type(message) async for message in handle]
        assert kinds == [Acknowledged, Progress, Retrying, Progress, Completed]
        assert await handle.result() == 7


@asynchronous
async def test_a_failed_request_raises_the_error_of_its_code():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        handle = client.submit("report", id="r1")
        await peer.expect("report")
        fault = say.fault("PROCESSING_FAILED", "no such file") | {
            "details": {"file": "a.csv"},
            "trace_id": "1-2-3",
        }
        await peer.send(say.failure("r1", 1, "", "") | {"error": fault})
        with pytest.raises(ProcessingFailed, match="PROCESSING_FAILED: no such file") as raised:
            await handle.result()
        assert raised.value.details == {"file": "a.csv"}
        assert raised.value.trace_id == "1-2-3"
        assert not raised.value.retryable


@asynchronous
async def test_a_refused_request_raises_the_error_of_its_code():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        handle = client.submit("report", id="r1")
        await peer.expect("report")
        await peer.send(say.error("r1", "CONFLICT", "the id was used with another body"))
        with pytest.raises(Conflict):
            await handle.result()


@asynchronous
async def test_requests_run_side_by_side():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        results = [asyncio.create_task(client.request("square", n)) for n in range(100)]
        frames = [await peer.receive() for _ in results]
        for frame in reversed(frames):
            answer = frame["payload"] ** 2
            await peer.send(say.response(frame["id"], "square", answer))
        assert await asyncio.gather(*results) == [n**2 for n in range(100)]


# --- sizes ----------------------------------------------------------------------------------------


@asynchronous
async def test_a_payload_that_no_frame_carries_is_refused_before_anything_is_sent():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        with pytest.raises(PayloadTooLarge, match="32768; send what is large with upload\\(\\)"):
            client.submit("report", "x" * 32_768)
        client.submit("echo", "x" * 32_000)
        await peer.expect("echo")


@asynchronous
async def test_a_result_of_128_kilobytes_in_several_frames_arrives():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        handle = client.submit("report", id="r1")
        await peer.expect("report")
        text = json.dumps(say.complete("r1", 1, "é" * 21_000))
        assert 120_000 < len(text) < 128 * 1024
        await peer.send_text([text[at : at + 32_000] for at in range(0, len(text), 32_000)])
        assert await handle.result() == "é" * 21_000


# --- cancelling, waiting, leaving -----------------------------------------------------------------


@asynchronous
async def test_cancelling_waits_until_the_request_was_accepted():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        handle = client.submit("report", id="r1")
        state = asyncio.create_task(handle.cancel("wrong month"))
        await peer.expect("report")
        await peer.send(say.acknowledgment("r1"))
        frame = await peer.expect("cancel")
        data = {"request_id": "r1", "state": "CANCELLING"}
        await peer.send(
            say.response(frame["id"], "cancel", data), say.cancelled("r1", 1, "wrong month")
        )
        assert frame["payload"] == {"request_id": "r1", "reason": "wrong month"}
        assert await state == "CANCELLING"
        with pytest.raises(Cancelled, match="wrong month"):
            await handle.result()


@asynchronous
async def test_cancelling_what_has_ended_sends_nothing():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        handle = client.submit("echo", id="r1")
        await peer.expect("echo")
        await peer.send(say.response("r1", "echo", 1))
        await handle.result()
        assert await handle.cancel() == "SUCCEEDED"
        client.submit("next")
        await peer.expect("next")


@asynchronous
async def test_a_timeout_ends_the_waiting_and_says_how_to_go_on():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        result = asyncio.create_task(client.request("report", id="r1", timeout=0.01))
        await peer.expect("report")
        with pytest.raises(WaitTimeout, match=r"goes on; attach\('r1'\) waits for it") as raised:
            await result
        assert isinstance(raised.value, TimeoutError)


@asynchronous
async def test_a_caller_that_is_cancelled_ends_the_subscription_and_not_the_request():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        told = asyncio.Event()
        result = asyncio.create_task(
            client.request("report", id="r1", on_progress=lambda _: told.set())
        )
        await peer.expect("report")
        await peer.send(say.progress("r1", 1, 10))
        await told.wait()
        result.cancel()
        assert (await peer.expect("unsubscribe"))["payload"] == {"request_id": "r1"}


@asynchronous
async def test_an_open_request_ends_with_its_client():
    async with FakeServer() as server:
        async with client_of(server) as client:
            peer = await server.accept()
            handle = client.submit("report", id="r1")
            await peer.expect("report")
        with pytest.raises(Closed, match="attach to the request"):
            await handle.result()
        await peer.closed()


@asynchronous
async def test_a_client_that_is_not_open_says_how_to_open_it():
    client = StreamerClient(url="ws://127.0.0.1:9", token="t1")
    with pytest.raises(Closed, match="async with"):
        await client.request("echo")


@asynchronous
async def test_a_client_that_was_closed_raises_closed():
    async with FakeServer() as server:
        async with client_of(server) as client:
            await server.accept()
        with pytest.raises(Closed):
            await client.request("echo")
        with pytest.raises(Closed):
            await client.ping()
        with pytest.raises(Closed, match="connects once"):
            await client.__aenter__()


@asynchronous
async def test_an_id_can_be_open_once():
    async with FakeServer() as server, client_of(server) as client:
        client.submit("report", id="r1")
        with pytest.raises(ValueError, match="'r1' is open on this client already"):
            client.submit("report", id="r1")


@asynchronous
async def test_a_payload_that_json_cannot_carry_is_refused():
    async with FakeServer() as server, client_of(server) as client:
        with pytest.raises(TypeError):
            client.submit("report", {1, 2})
        with pytest.raises(ValueError, match="Out of range"):
            client.submit("report", float("nan"))


# --- attaching and asking -------------------------------------------------------------------------


@asynchronous
async def test_attaching_follows_a_request_of_another_client():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        handle = client.attach("r1")
        frame = await peer.expect("subscribe")
        report = {"percentage": 40, "message": "Reading"}
        data = say.snapshot("r1", 4, progress=report)
        await peer.send(say.response(frame["id"], "subscribe", data), say.complete("r1", 5, 7))
        messages: list[Message] = [message async for message in handle]
        assert frame["payload"] == {"request_id": "r1"}
        assert messages == [
            Progress(percentage=40, message="Reading", seq=4),
            Completed(result=7, seq=5),
        ]


@asynchronous
async def test_attaching_to_an_unknown_request_raises_not_found():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        handle = client.attach("r1")
        frame = await peer.expect("subscribe")
        await peer.send(say.error(frame["id"], "NOT_FOUND"))
        with pytest.raises(NotFound):
            await handle.result()


@asynchronous
async def test_an_attached_request_is_cancelled_at_once():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        state = asyncio.create_task(client.attach("r1").cancel())
        await peer.expect("subscribe")
        frame = await peer.expect("cancel")
        data = {"request_id": "r1", "state": "CANCELLED"}
        await peer.send(say.response(frame["id"], "cancel", data))
        assert await state == "CANCELLED"


@asynchronous
async def test_a_snapshot_tells_how_a_request_stands():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        answer = asyncio.create_task(client.get("r1"))
        frame = await peer.expect("get")
        fault = say.fault("TIMEOUT", "too slow")
        report = {"percentage": 40, "message": None}
        data = say.snapshot("r1", 4, "FAILED", progress=report, error=fault, created_at=say.NOW)
        await peer.send(say.response(frame["id"], "get", data))
        snapshot = await answer
        assert (snapshot.state, snapshot.seq, snapshot.attempt) == ("FAILED", 4, 1)
        assert snapshot.progress == Progress(percentage=40, message=None, seq=4)
        assert str(snapshot.error) == "TIMEOUT: too slow"


@asynchronous
async def test_a_list_comes_in_pages():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        answer = asyncio.create_task(client.list(state="RUNNING", limit=1))
        frame = await peer.expect("list")
        entry = {"request_id": "r1", "action": "report", "state": "RUNNING", "created_at": say.NOW}
        data = {"requests": [entry], "cursor": "c"}
        await peer.send(say.response(frame["id"], "list", data))
        page = await answer
        assert frame["payload"] == {"state": "RUNNING", "limit": 1}
        assert [entry.request_id for entry in page.requests] == ["r1"]
        assert page.requests[0].ended_at is None
        assert page.cursor == "c"


@asynchronous
async def test_a_refused_call_raises_the_error_of_its_code():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        answer = asyncio.create_task(client.list(cursor="nonsense"))
        frame = await peer.expect("list")
        await peer.send(say.error(frame["id"], "VALIDATION_ERROR"))
        with pytest.raises(ValidationFailed):
            await answer


@asynchronous
async def test_an_answer_that_cannot_be_read_is_a_protocol_error():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        answer = asyncio.create_task(client.get("r1"))
        frame = await peer.expect("get")
        nonsense = say.response(frame["id"], "get", None) | {"data": {"state": 5}}
        await peer.send_text(json.dumps(nonsense))
        with pytest.raises(ProtocolError, match="snapshot cannot be read"):
            await answer


@asynchronous
async def test_a_ping_tells_how_long_it_took():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        answer = asyncio.create_task(client.ping())
        frame = await peer.expect("ping")
        await peer.send(say.pong(frame["id"]))
        assert await answer >= 0


# --- channels -------------------------------------------------------------------------------------


@asynchronous
async def test_a_channel_is_iterated_over_to_its_end():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()

        async def listen() -> list[Message]:
            return [message async for message in client.subscribe("jobs")]

        heard = asyncio.create_task(listen())
        frame = await peer.expect("subscribe")
        data = say.channel_snapshot("jobs", 0)
        await peer.send(
            say.response(frame["id"], "subscribe", data),
            say.channel_progress("jobs", 1, 10),
            say.channel_complete("jobs", 2, 7),
        )
        assert frame["payload"] == {"channel": "jobs"}
        assert await heard == [
            Progress(percentage=10, message=None, seq=1),
            Completed(result=7, seq=2),
        ]


@asynchronous
async def test_a_channel_that_may_not_be_heard_says_so():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        messages = client.subscribe("jobs")
        first = asyncio.create_task(anext(messages))
        frame = await peer.expect("subscribe")
        await peer.send(say.error(frame["id"], "FORBIDDEN"))
        message = await first
        assert isinstance(message, Failed)
        assert str(message.error) == "FORBIDDEN: no"


@asynchronous
async def test_leaving_a_channel_unsubscribes():
    async with FakeServer() as server, client_of(server) as client:
        peer = await server.accept()
        messages = client.subscribe("jobs")
        first = asyncio.create_task(anext(messages))
        await peer.expect("subscribe")
        await peer.send(say.channel_progress("jobs", 1, 10))
        await first
        await messages.aclose()
        assert (await peer.expect("unsubscribe"))["payload"] == {"channel": "jobs"}
