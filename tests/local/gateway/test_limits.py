"""How long connections live, how fast new ones come, and clients that do not read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from cdk_streamer_local.gateway.admission import (
    DECIDED_AT_ONCE,
    NEW_PER_SECOND,
    Admission,
    Admitted,
)
from cdk_streamer_local.gateway.answers import Refusal
from cdk_streamer_local.gateway.apis import Apis
from cdk_streamer_local.gateway.functions import Functions
from cdk_streamer_local.gateway.handshake import Handshake
from tests.local.gateway.engine import StandIn, api, ok
from tests.local.gateway.running import Running, started

IDLE, LIFETIME = 0.3, 0.8


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway whose connections end soon."""
    scratch = tmp_path_factory.mktemp("hasty")
    engine = StandIn(scratch / "sockets")
    engine.apis["chat"] = api(dict.fromkeys(("$connect", "$disconnect", "$default"), "talk"))
    engine.functions["talk"] = ok
    with engine.served():
        yield from started(engine, scratch, idle_seconds=IDLE, lifetime_seconds=LIFETIME)


def closed(socket: ClientConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as ended:
        socket.recv(10)
    assert ended.value.rcvd is not None
    return ended.value.rcvd.code, ended.value.rcvd.reason


def keep_busy(socket: ClientConnection) -> None:
    while True:
        socket.send("busy")
        time.sleep(IDLE / 6)


def last(gateway: Running) -> dict[str, Any]:
    return gateway.engine.events("talk", "DISCONNECT")[-1]["requestContext"]


def test_an_idle_connection_goes_away(hasty: Running):
    with hasty.connect() as socket:
        assert closed(socket) == (1001, "Going away")
        hasty.engine.wait_for(lambda: bool(hasty.engine.events("talk", "DISCONNECT")))

    assert last(hasty)["disconnectStatusCode"] == 1001
    assert last(hasty)["disconnectReason"] == "Going away"


def test_an_old_connection_goes_away_though_it_is_busy(hasty: Running):
    with hasty.connect() as socket:
        began = time.monotonic()
        with pytest.raises(ConnectionClosed):
            keep_busy(socket)

    assert socket.close_code == 1001
    # Not a speed: a connection that was ended by idleness would have been so long before.
    assert time.monotonic() - began > 2 * IDLE


def test_more_new_connections_than_a_second_allows_are_refused():
    async def ask(question: Mapping[str, object]) -> Mapping[str, Any]:
        return api({"$default": "talk"}) if question["kind"] == "describe" else {}

    async def knock(times: int) -> list[Admitted | Refusal]:
        return [await admission.decide(handshake, "127.0.0.1") for _ in range(times)]

    now = [0.0]
    apis, functions = Apis(ask), Functions(ask)
    admission = Admission(apis, functions, ask, clock=lambda: now[0])
    handshake = Handshake(api_id="chat", stage="live", path="/", query="", headers=())
    with asyncio.Runner() as runner:
        first = runner.run(knock(NEW_PER_SECOND + 1))
        now[0] += 0.5
        later = runner.run(knock(NEW_PER_SECOND // 2 + 1))

    assert [isinstance(one, Admitted) for one in first] == [True] * NEW_PER_SECOND + [False]
    assert [isinstance(one, Admitted) for one in later] == [True] * (NEW_PER_SECOND // 2) + [False]
    assert isinstance(first[-1], Refusal)
    assert (first[-1].status, first[-1].message) == (429, "Too Many Requests")


def test_more_handshakes_than_can_be_decided_soon_are_refused():
    async def ask(question: Mapping[str, object]) -> Mapping[str, Any]:
        if question["kind"] == "describe":
            return api({"$connect": "talk"})
        await released.wait()
        return {"result": {"statusCode": 200}}

    async def knock() -> list[Admitted | Refusal]:
        apis, functions = Apis(ask), Functions(ask)
        admission = Admission(apis, functions, ask, clock=lambda: 0.0)
        handshake = Handshake(api_id="chat", stage="live", path="/", query="", headers=())
        waiting = [
            asyncio.ensure_future(admission.decide(handshake, "127.0.0.1"))
            for _ in range(DECIDED_AT_ONCE + 1)
        ]
        refused, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        released.set()
        return [one.result() for one in refused] + [
            await one for one in waiting if one not in refused
        ]

    released = asyncio.Event()
    refused, *admitted = asyncio.run(knock())

    assert isinstance(refused, Refusal)
    assert refused.status == 429
    assert [isinstance(one, Admitted) for one in admitted] == [True] * DECIDED_AT_ONCE
