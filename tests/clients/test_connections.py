"""The client against a real WebSocket server: connections that are refused, lost and replaced."""

from __future__ import annotations

import asyncio
import socket
import ssl as tls
from pathlib import Path
from typing import Any

import pytest

from cdk_streamer_client import (
    ConnectionLost,
    HandshakeRefused,
    Progress,
    StreamerClient,
    Timing,
    Unreachable,
)
from tests.clients import say
from tests.clients.certificate import self_signed
from tests.clients.fake_server import FakeServer, asynchronous
from tests.clients.fake_storage import FakeStorage

# Only what a test waits for is short, so that nothing else happens on a slow machine.
SOON = Timing(backoff_least=1, backoff_most=2)
POLLING = Timing(backoff_least=1, backoff_most=2, poll=30)


def client_of(server: FakeServer, timing: Timing = SOON, **options: Any) -> StreamerClient:
    options = {"token": "t1", "on_warning": lambda _: None, **options}
    return StreamerClient(url=server.url, timing=timing, **options)


class Tokens:
    """Gives t1, t2, t3 and so on."""

    def __init__(self) -> None:
        self.given = 0

    def __call__(self) -> str:
        self.given += 1
        return f"t{self.given}"

    async def later(self) -> str:
        await asyncio.sleep(0)
        return self()


# --- opening --------------------------------------------------------------------------------------


@asynchronous
async def test_the_token_travels_in_the_authorization_header():
    async with FakeServer() as server, client_of(server):
        headers = server.handshakes[0]
        assert headers["Authorization"] == "Bearer t1"
        assert headers["Sec-WebSocket-Protocol"] == "streamer.v1"


@asynchronous
async def test_each_connection_has_a_token_of_its_own():
    async with FakeServer() as server, client_of(server, token=Tokens()):
        (await server.accept()).drop()
        (await server.accept()).drop()
        await server.accept()
        given = [headers["Authorization"] for headers in server.handshakes]
        assert given == ["Bearer t1", "Bearer t2", "Bearer t3"]


@asynchronous
async def test_a_token_may_come_from_a_coroutine_function():
    async with FakeServer() as server, client_of(server, token=Tokens().later):
        assert server.handshakes[0]["Authorization"] == "Bearer t1"


@asynchronous
async def test_a_refused_token_is_replaced_by_a_fresh_one():
    async with FakeServer() as server:
        server.refusals.append(403)
        async with client_of(server, token=Tokens()):
            assert server.handshakes[1]["Authorization"] == "Bearer t2"


@pytest.mark.parametrize("status", [401, 403])
@asynchronous
async def test_a_fresh_token_that_is_refused_too_is_not_tried_for_ever(status: int):
    async with FakeServer() as server:
        server.refusals.extend([status] * 3)
        with pytest.raises(HandshakeRefused, match="check that issuer, audience") as raised:
            await client_of(server, token=Tokens()).__aenter__()
        assert raised.value.status == status
        assert len(server.handshakes) == 2


@asynchronous
async def test_a_token_that_cannot_be_replaced_is_refused_once():
    async with FakeServer() as server:
        server.refusals.append(403)
        with pytest.raises(HandshakeRefused, match="or a function that makes one"):
            await client_of(server).__aenter__()
        assert len(server.handshakes) == 1


@asynchronous
async def test_an_address_without_an_api_is_refused_once():
    async with FakeServer() as server:
        server.refusals.append(404)
        with pytest.raises(HandshakeRefused, match="check the url and its stage"):
            await client_of(server).__aenter__()


@asynchronous
async def test_a_busy_service_is_asked_again():
    async with FakeServer() as server:
        server.refusals.extend([429, 503])
        async with client_of(server):
            assert len(server.handshakes) == 3


@asynchronous
async def test_a_server_that_is_not_there_is_unreachable():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(
            Unreachable, match=r"127\.0\.0\.1:.* cannot be reached.*; check the url"
        ):
            await StreamerClient(url=url, token="t1", timing=SOON).__aenter__()


@asynchronous
async def test_a_function_that_makes_no_token_is_named():
    def fail() -> str:
        raise LookupError("no password")

    async with FakeServer() as server:
        with pytest.raises(Unreachable, match=r"makes tokens raised LookupError\('no password'\)"):
            await client_of(server, token=fail).__aenter__()


@pytest.mark.parametrize("url", ["https://example.com", "example.com/dev", "wss://", ""])
def test_an_address_that_is_no_websocket_is_refused(url: str):
    with pytest.raises(ValueError, match="url must be a wss:// or ws:// address, got"):
        StreamerClient(url=url, token="t1")


# --- encryption -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for 127.0.0.1, with its key, that signs itself."""
    path = tmp_path_factory.mktemp("certificate") / "server.pem"
    path.write_bytes(self_signed())
    return path


def served_with(certificate: Path) -> tls.SSLContext:
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@asynchronous
async def _connect_encrypted(certificate: Path, **options: Any) -> None:
    async with FakeServer(ssl=served_with(certificate)) as server, client_of(server, **options):
        await server.accept()


def test_a_bundle_of_authorities_is_trusted(certificate: Path):
    _connect_encrypted(certificate, ca_bundle=certificate)


def test_a_context_of_the_caller_is_used(certificate: Path):
    _connect_encrypted(certificate, ssl=tls.create_default_context(cafile=certificate))


def test_an_unknown_authority_is_refused_with_the_way_out(certificate: Path):
    with pytest.raises(Unreachable, match=r"is not trusted: self-signed .*as ca_bundle"):
        _connect_encrypted(certificate)


@asynchronous
async def _fetch_encrypted(certificate: Path, trusted: tls.SSLContext) -> None:
    with FakeStorage(ssl=served_with(certificate), content={"/a": b"7"}) as storage:
        async with FakeServer() as server, client_of(server, ssl=trusted) as client:
            peer = await server.accept()
            result = asyncio.create_task(client.request("report", id="r1"))
            await peer.expect("report")
            await peer.send(say.complete_stored("r1", 1, storage.url("/a"), 1))
            assert await result == 7


def test_large_results_come_from_those_who_are_trusted(certificate: Path):
    _fetch_encrypted(certificate, tls.create_default_context(cafile=certificate))


def test_large_results_do_not_come_from_anybody_else(certificate: Path):
    timing = Timing(call_attempts=1)
    with pytest.raises(ConnectionLost, match="is not trusted; give the authority's certificate"):
        _fetch_untrusted(certificate, timing)


@asynchronous
async def _fetch_untrusted(certificate: Path, timing: Timing) -> None:
    with FakeStorage(ssl=served_with(certificate)) as storage:
        async with FakeServer() as server, client_of(server, timing) as client:
            peer = await server.accept()
            request = client.submit("report", id="r1")
            await peer.expect("report")
            await peer.send(say.complete_stored("r1", 1, storage.url("/a"), 1))
            await request.result()


def test_two_ways_to_trust_are_one_too_many():
    context = tls.create_default_context()
    with pytest.raises(ValueError, match="give ssl or ca_bundle, not both"):
        StreamerClient(url="wss://127.0.0.1", token="t1", ssl=context, ca_bundle="a.pem")


def test_a_bundle_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"ca_bundle 'nowhere\.pem' cannot be used"):
        StreamerClient(url="wss://127.0.0.1", token="t1", ca_bundle="nowhere.pem")


# --- losing connections ---------------------------------------------------------------------------


@asynchronous
async def test_a_request_outlives_its_connection():
    seen: asyncio.Queue[Progress] = asyncio.Queue()
    async with FakeServer() as server, client_of(server) as client:
        first = await server.accept()
        result = asyncio.create_task(client.request("report", id="r1", on_progress=seen.put_nowait))
        await first.expect("report")
        await first.send(say.acknowledgment("r1"), say.progress("r1", 1, 10))
        assert await _percentages(seen, 1) == [10]
        first.drop()
        second = await server.accept()
        frame = await second.expect("subscribe")
        report = {"percentage": 40, "message": None}
        data = say.snapshot("r1", 4, progress=report)
        await second.send(
            say.progress("r1", 1, 10),
            say.response(frame["id"], "subscribe", data),
            say.progress("r1", 4, 40),
            say.progress("r1", 5, 50),
            say.complete("r1", 6, "done"),
        )
        assert frame["payload"] == {"request_id": "r1", "after_seq": 1}
        assert await result == "done"
        assert await _percentages(seen, 2) == [40, 50]


@asynchronous
async def test_a_request_that_ended_meanwhile_is_settled():
    async with FakeServer() as server, client_of(server) as client:
        first = await server.accept()
        handle = client.submit("report", id="r1")
        await first.expect("report")
        await first.send(say.acknowledgment("r1"))
        await anext(handle)
        first.drop()
        second = await server.accept()
        frame = await second.expect("subscribe")
        data = say.snapshot("r1", 9, "SUCCEEDED", result="done")
        await second.send(say.response(frame["id"], "subscribe", data))
        assert await handle.result() == "done"


@asynchronous
async def test_an_async_request_that_never_arrived_is_sent_again_by_the_same_id():
    async with FakeServer() as server, client_of(server) as client:
        first = await server.accept()
        handle = client.submit("report", {"month": 11}, id="r1")
        sent = await first.expect("report")
        first.drop()
        second = await server.accept()
        await second.send(say.error((await second.expect("subscribe"))["id"], "NOT_FOUND"))
        await second.expect("hello")
        actions = [{"name": "report", "mode": "async", "input": None}]
        await second.send(say.hello(actions=actions))
        assert await second.expect("report") == sent
        await second.send(say.acknowledgment("r1"), say.complete("r1", 1, "done"))
        assert await handle.result() == "done"


@asynchronous
async def test_a_sync_request_that_may_have_run_is_not_sent_again():
    async with FakeServer() as server, client_of(server) as client:
        first = await server.accept()
        handle = client.submit("echo", id="r1")
        await first.expect("echo")
        first.drop()
        second = await server.accept()
        await second.send(say.error((await second.expect("subscribe"))["id"], "NOT_FOUND"))
        await second.expect("hello")
        await second.send(say.hello(actions=[{"name": "echo", "mode": "sync", "input": None}]))
        with pytest.raises(ConnectionLost, match="it may have run; pass idempotent=True") as raised:
            await handle.result()
        assert raised.value.may_have_run


@asynchronous
async def test_an_idempotent_request_is_sent_again():
    async with FakeServer() as server, client_of(server) as client:
        first = await server.accept()
        result = asyncio.create_task(client.request("echo", 5, id="r1", idempotent=True))
        sent = await first.expect("echo")
        first.drop()
        second = await server.accept()
        assert await second.expect("echo") == sent
        await second.send(say.response("r1", "echo", 5))
        assert await result == 5


@asynchronous
async def test_what_is_submitted_without_a_connection_is_sent_on_the_next_one():
    lost = asyncio.Event()
    async with (
        FakeServer() as server,
        client_of(server, on_warning=lambda _: lost.set()) as client,
    ):
        (await server.accept()).drop()
        await lost.wait()
        result = asyncio.create_task(client.request("echo", id="r1"))
        second = await server.accept()
        await second.expect("echo")
        await second.send(say.response("r1", "echo", 1))
        assert await result == 1


@asynchronous
async def test_a_call_is_repeated_on_the_next_connection():
    async with FakeServer() as server, client_of(server) as client:
        first = await server.accept()
        page = asyncio.create_task(client.list())
        asked = await first.expect("list")
        first.drop()
        second = await server.accept()
        assert await second.expect("list") == asked
        await second.send(say.response(asked["id"], "list", {"requests": []}))
        assert (await page).requests == ()


@asynchronous
async def test_a_token_that_ends_is_replaced():
    async with FakeServer() as server, client_of(server, token=Tokens()):
        first = await server.accept()
        await first.send(say.error(None, "UNAUTHORIZED", retryable=True))
        await first.closed()
        await server.accept()
        assert server.handshakes[1]["Authorization"] == "Bearer t2"


@asynchronous
async def test_open_requests_fail_when_no_connection_will_come_any_more():
    async with FakeServer() as server, client_of(server) as client:
        first = await server.accept()
        handle = client.submit("report", id="r1")
        await first.expect("report")
        await first.send(say.acknowledgment("r1"))
        await anext(handle)
        server.refusals.append(403)
        first.drop()
        with pytest.raises(HandshakeRefused, match="the token was refused"):
            await handle.result()


# --- lost pushes ----------------------------------------------------------------------------------


@asynchronous
async def test_an_end_that_was_not_pushed_is_found_by_the_poll():
    async with FakeServer() as server, client_of(server, POLLING) as client:
        peer = await server.accept()
        handle = client.submit("report", id="r1")
        await peer.expect("report")
        await peer.send(say.acknowledgment("r1"))
        frame = await peer.expect("get")
        data = say.snapshot("r1", 9, "SUCCEEDED", result="done")
        await peer.send(say.response(frame["id"], "get", data))
        assert frame["payload"] == {"request_id": "r1"}
        assert await handle.result() == "done"


@asynchronous
async def test_a_connection_that_fell_silent_is_replaced():
    timing = Timing(backoff_least=1, backoff_most=2, poll=30, answer=500)
    async with FakeServer() as server, client_of(server, timing) as client:
        first = await server.accept()
        handle = client.submit("report", id="r1")
        await first.expect("report")
        await first.send(say.acknowledgment("r1"))
        await first.expect("get")
        await first.gone()
        second = await server.accept()
        await second.expect("subscribe")
        await second.send(say.complete("r1", 1, "done"))
        assert await handle.result() == "done"


@asynchronous
async def test_a_ping_keeps_the_connection_open():
    timing = Timing(heartbeat_least=20, heartbeat_most=20)
    async with FakeServer() as server, client_of(server, timing):
        peer = await server.accept()
        await peer.send(say.pong((await peer.expect("ping"))["id"]))
        await peer.expect("ping")


# --- planned replacements -------------------------------------------------------------------------


@asynchronous
async def test_a_connection_is_replaced_without_missing_a_message():
    seen: asyncio.Queue[Progress] = asyncio.Queue()
    async with FakeServer() as server, client_of(server) as client:
        first = await server.accept()
        result = asyncio.create_task(client.request("report", id="r1", on_progress=seen.put_nowait))
        await first.expect("report")
        await first.send(say.acknowledgment("r1"), say.progress("r1", 1, 10), say.reconnect_soon())
        second = await server.accept()
        await first.send(say.progress("r1", 2, 20))
        frame = await second.expect("subscribe")
        await first.send(say.progress("r1", 3, 30))
        assert await _percentages(seen, 3) == [10, 20, 30]
        data = say.snapshot("r1", 3, progress={"percentage": 30, "message": None})
        await second.send(say.response(frame["id"], "subscribe", data))
        await first.closed()
        await second.send(say.progress("r1", 4, 40), say.complete("r1", 5, "done"))
        assert await result == "done"
        assert await _percentages(seen, 1) == [40]


@asynchronous
async def test_a_sync_action_is_answered_on_the_connection_that_is_replaced():
    async with FakeServer() as server, client_of(server) as client:
        first = await server.accept()
        result = asyncio.create_task(client.request("echo", id="r1"))
        await first.expect("echo")
        await first.send(say.reconnect_soon())
        await server.accept()
        await first.send(say.response("r1", "echo", 1))
        assert await result == 1
        await first.closed()


@asynchronous
async def test_a_connection_is_replaced_before_its_lifetime_is_over():
    timing = Timing(lifetime=60, margin=10)
    async with FakeServer() as server, client_of(server, timing):
        first = await server.accept()
        await server.accept()
        await first.closed()


@asynchronous
async def test_a_connection_is_replaced_before_its_token_ends():
    timing = Timing(margin=1, youngest=1)
    async with (
        FakeServer(expires_at="2026-11-21T09:00:00.050Z") as server,
        client_of(server, timing, token=Tokens()),
    ):
        first = await server.accept()
        await server.accept()
        await first.closed()
        assert server.handshakes[1]["Authorization"] == "Bearer t2"


# --- what is not of the protocol ------------------------------------------------------------------


@pytest.mark.parametrize(
    "nonsense", ["{", "[]", '{"type": 1}', '{"type":"progress","request_id":"r1"}', b"\xff\x00"]
)
@asynchronous
async def test_nonsense_is_a_warning_and_nothing_else(nonsense: str | bytes):
    warnings: list[str] = []
    async with FakeServer() as server, client_of(server, on_warning=warnings.append) as client:
        peer = await server.accept()
        handle = client.submit("report", id="r1")
        await peer.expect("report")
        await peer.send_text(nonsense)
        await peer.send(say.complete("r1", 1, "done"))
        assert await handle.result() == "done"
        assert len(warnings) == 1


@asynchronous
async def test_an_exception_of_the_warned_function_harms_nothing():
    raised: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: raised.append(context["exception"])
    )
    warning = LookupError("no")

    def fail(_: str) -> None:
        raise warning

    async with FakeServer() as server, client_of(server, on_warning=fail) as client:
        peer = await server.accept()
        handle = client.submit("report", id="r1")
        await peer.expect("report")
        await peer.send_text("nonsense")
        await peer.send(say.complete("r1", 1, "done"))
        assert await handle.result() == "done"
        assert raised == [warning]


@asynchronous
async def test_a_type_of_a_later_release_is_ignored():
    warnings: list[str] = []
    async with FakeServer() as server, client_of(server, on_warning=warnings.append) as client:
        peer = await server.accept()
        handle = client.submit("report", id="r1")
        await peer.expect("report")
        await peer.send_text('{"type":"chunk","request_id":"r1","seq":1,"data":"x"}')
        await peer.send(say.complete("r1", 2, "done"))
        assert await handle.result() == "done"
        assert warnings == []


async def _percentages(seen: asyncio.Queue[Progress], count: int) -> list[float | None]:
    return [(await seen.get()).percentage for _ in range(count)]
