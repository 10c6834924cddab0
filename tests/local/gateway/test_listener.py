"""Who connects and then says nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from cdk_streamer_local.engine.certificate import server_certificate
from cdk_streamer_local.gateway.admission import Admission
from cdk_streamer_local.gateway.apis import Apis
from cdk_streamer_local.gateway.connections import Connections
from cdk_streamer_local.gateway.functions import Functions
from cdk_streamer_local.gateway.listener import Listener
from cdk_streamer_local.gateway.messages import Messages
from cdk_streamer_local.gateway.tls import server_context


def listener(head_seconds: float) -> Listener:
    async def ask(_: Mapping[str, object]) -> Mapping[str, Any]:
        return {}

    certificate = server_certificate()
    apis, functions = Apis(ask), Functions(ask)
    return Listener(
        context=server_context(str(certificate.certificate), str(certificate.key)),
        connections=Connections(),
        admission=Admission(apis, functions, ask),
        messages=Messages(apis, functions),
        management=asyncio.Protocol,
        head_seconds=head_seconds,
    )


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"\x16\x03\x01"])
def test_who_does_not_say_what_it_wants_is_not_waited_for(said: bytes):
    async def silence() -> bytes:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(listener(head_seconds=0.05).protocol, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(said)
            read = await asyncio.wait_for(ended(reader), 10)
            writer.close()
            return read

    async def ended(reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""

    assert asyncio.run(silence()) == b""


def test_the_last_of_many_silent_ones_is_not_waited_for_either():
    async def silence() -> list[bytes]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(listener(head_seconds=0.05).protocol, "127.0.0.1", 0)
        async with server:
            address = server.sockets[0].getsockname()
            arrivals = [await loop.run_in_executor(None, socket.create_connection, address)]
            arrivals.append(await loop.run_in_executor(None, socket.create_connection, address))
            return [await loop.run_in_executor(None, read, arrival) for arrival in arrivals]

    def read(arrival: socket.socket) -> bytes:
        with arrival:
            arrival.settimeout(10)
            try:
                return arrival.recv(1)
            except ConnectionResetError:
                return b""

    assert asyncio.run(silence()) == [b"", b""]
